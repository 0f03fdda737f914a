"""A privacy officer erases a person and sees what went where: counts and codes, no identity."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from hub.commands import identity_erase
from hub.commands.identity import identity
from hub.errors import UnknownName
from hub.identity.registry import Registry
from hub.identity.worker import Identify
from hub.privacy.vault import Vault
from tests.commands.test_identity_review import HOSTILE, ONE, OTHER, THIRD, UNKNOWN
from tests.commands.test_identity_review import registry as registry
from tests.identity.fake_log import FakeLog, FakeReader, FakeWire, FakeWriter


@pytest.fixture
def trail(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str, str]]:
    """The audit trail, in memory."""
    entries: list[tuple[str, str, str, str]] = []

    class Trail:
        def write(self, action: str, *, purpose: str, subject: str, detail: str) -> SimpleNamespace:
            entries.append((action, purpose, subject, detail))
            return SimpleNamespace(number=len(entries))

    @contextmanager
    def opened(settings: object) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(trail=Trail())

    monkeypatch.setattr(identity_erase, "opened", opened)
    return entries


def run(*line: str, code: int = 0) -> Result:
    ended = CliRunner().invoke(identity, [*line])
    assert ended.exit_code == code, (ended.output, ended.exception)
    return ended


def identify(registry: Registry, folder: Path) -> None:
    """identify takes its part of it."""
    vault, log = Vault.from_files(folder / "keys.sqlite", folder / "secrets" / "kek"), FakeLog([])
    Identify(FakeReader(log, 1), FakeWriter(log), FakeWire(log), registry, vault).work()
    vault.close()


def test_nothing_is_erased_before_yes(registry: Registry, trail: list[tuple[str, str, str, str]]) -> None:
    assert registry
    said = run("erase", ONE, "--purpose", "asked", code=1).output
    assert "would erase: 1 records of one person (hmis-csv 1)" in said
    assert "--yes" in said
    assert trail == []
    assert json.loads(run("erased", "--json").output)["keys"] == 0


def test_what_was_erased_is_told_by_store_in_counts(
    registry: Registry, tmp_path: Path, trail: list[tuple[str, str, str, str]]
) -> None:
    answer = json.loads(run("erase", ONE, "--purpose", " asked ", "--yes", "--json").output)
    assert answer == {"source_persons": 1, "sources": {"hmis-csv": 1}, "erased": True, "audit": 1, "keys": 1}
    assert trail == [("erase", "asked", "erased", "source_persons=1")]
    waits = json.loads(run("erased", "--json").output)
    assert (waits["keys"], waits["waiting"], waits["registry"]["done"]) == (1, 1, [])
    identify(registry, tmp_path)
    told = json.loads(run("erased", "--json").output)
    assert (told["keys"], told["waiting"], told["again"]) == (1, 0, 0)
    assert told["registry"]["rows"]["source_person"] == told["registry"]["rows"]["comparable"] == 1
    assert told["registry"]["rows"]["block_member"] > 1
    words = run("erased").output
    assert "1 of 1 were known" in words
    for text in (words, json.dumps(told)):
        assert not [each for each in (ONE, OTHER, THIRD, HOSTILE.family_name or "") if each in text]
    with pytest.raises(UnknownName):
        CliRunner().invoke(identity, ["erase", ONE, "--purpose", "asked"], catch_exceptions=False)


def test_the_records_of_one_person_go_together_unless_one_is_asked_for(
    registry: Registry, trail: list[tuple[str, str, str, str]]
) -> None:
    with registry.batch() as batch:
        rows = batch.people({ONE, OTHER})
        rows[OTHER].person_key = rows[ONE].person_key
        batch.link_store.put_rows([rows[OTHER]], {})
    assert "2 records" in run("erase", ONE, "--purpose", "asked", code=1).output
    assert "1 records" in run("erase", ONE, "--only", "--purpose", "asked", code=1).output
    assert trail == []


def test_a_purpose_must_say_something_and_a_token_must_be_somebodys(registry: Registry) -> None:
    assert registry
    assert "--purpose" in run("erase", ONE, "--purpose", " ", code=2).output
    assert "too short" in run("erase", "aaa", "--purpose", "asked", code=2).output
    with pytest.raises(UnknownName, match="no source person"):
        CliRunner().invoke(identity, ["erase", UNKNOWN, "--purpose", "asked"], catch_exceptions=False)
