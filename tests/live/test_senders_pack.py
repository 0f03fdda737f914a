"""What `hub connector try` says of a file is what the topics hold once it went through its door: events, dead letters, ignored."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub.formats.mllp import END, START
from tests.connectors.made_up_exports import EXPORTS
from tests.live.doors import Counts, Doors, receipt
from tests.live.senders_pack import PUSHED, Sent, declared, made_up, packed, samples
from tests.live.town import CVRS, HMIS, HRSN, LAB, SARA

pytestmark = [pytest.mark.live, pytest.mark.slow]

SHIPPED = (
    LAB, CVRS, SARA, HMIS, HRSN, "lab-csv", "lab-elr-fhir", "iis-vxu", "case-line-list", "consent", "gravity-referral", "hrsn-fhir",
    "hsds-directory",
)  # fmt: skip
KEY = "made-up-key-of-a-made-up-sender"


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """The shipped connectors, two that take by HTTP, and one drafted for each made-up export."""
    folder = tmp_path_factory.mktemp("pack")
    found = Doors(folder)
    for name, (program, form, _) in PUSHED.items():
        _push(found.instance, name, program, form)
    for name, (file, content) in EXPORTS.items():
        (folder / file).write_bytes(content)
        assert found.hub("new", name, "--from", folder / file).exit_code == 0
        found.hurry(name)
    for name in (*SHIPPED, *PUSHED, *EXPORTS):
        found.agree(name)
    try:
        found.start()
        yield found
    finally:
        found.end()


def test_every_file_of_a_senders_pack_comes_out_of_its_door_as_try_says(doors: Doors, tmp_path: Path) -> None:
    _compare(doors, [*made_up(), *declared()], tmp_path)


def test_what_comes_packed_counts_as_what_is_in_it(doors: Doors, tmp_path: Path) -> None:
    _compare(doors, list(packed()), tmp_path)


def test_every_sample_comes_out_of_its_door_as_try_says(doors: Doors, tmp_path: Path, shared_samples: Path) -> None:
    pack = list(samples(shared_samples))
    assert {sent.connector for sent in pack} == set(SHIPPED)
    _compare(doors, pack, tmp_path)


def _compare(doors: Doors, pack: Sequence[Sent], scratch: Path) -> None:
    """File by file where the door tells (a receipt), and by connector on the topics."""
    wanted: dict[str, list[Counts]] = {}
    before = {name: doors.on_topics(name) for name in {sent.connector for sent in pack}}
    ignored = {name: _ignored(doors, name) for name in before}
    entries = {name: doors.running(name) for name in before}
    for number, sent in enumerate(pack):
        path = _written(scratch / str(number), sent)
        said = doors.tried(sent.connector, path)
        wanted.setdefault(sent.connector, []).append(said)
        told = _sent(doors, sent, entries[sent.connector])
        if told is not None:
            assert told == said, f"{sent.connector} {sent.name}"
    assert any(each.events for several in wanted.values() for each in several)
    assert any(each.rejected for several in wanted.values() for each in several)
    for name, counts in wanted.items():
        events, letters = doors.on_topics(name)
        old_events, old_letters = before[name]
        assert dict(Counter(events) - Counter(old_events)) == _sum(each.events for each in counts), name
        assert dict(Counter(letters) - Counter(old_letters)) == _sum(each.rejected for each in counts), name
        left_out = sum(sum(each.ignored.values()) for each in counts)
        assert _ignored(doors, name) - ignored[name] == left_out, name


def _sent(doors: Doors, sent: Sent, entry: Mapping[str, Any]) -> Counts | None:
    """Through the door of its connector; the receipt, where the door gives one."""
    if sent.connector in PUSHED and isinstance(sent.payload, bytes):
        return _posted(doors, sent.connector, sent.payload)
    if entry["door"] == "mllp":
        assert isinstance(sent.payload, bytes)
        assert START not in sent.payload
        assert END not in sent.payload
        doors.spoken(entry["where"], sent.payload)
        return None
    return doors.dropped(sent.connector, sent.name, sent.payload)


def _posted(doors: Doors, name: str, body: bytes) -> Counts:
    with closing(
        http.client.HTTPConnection(doors.settings.host, doors.settings.port("http"), timeout=60)
    ) as connection:
        connection.request("POST", f"/push/{name}", body, {"X-API-Key": KEY, "Content-Type": PUSHED[name][2]})
        answer = connection.getresponse()
        told = json.loads(answer.read())
    assert answer.status in (200, 202, 422), told
    return receipt(told if answer.status != 422 else told["receipt"])


def _ignored(doors: Doors, name: str) -> int:
    """How many records a connector left out since the process started: its own count, for MLLP has no receipts."""
    found = doors.running(name)["counts"]  # once the role answers: a busy one may be silent for a moment
    return int(found.get("ignored", 0))


def _sum(several: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total = Counter[str]()
    for each in several:
        total.update(each)
    return dict(total)


def _written(folder: Path, sent: Sent) -> Path:
    path = folder / sent.name
    (folder if isinstance(sent.payload, bytes) else path).mkdir(parents=True)
    if isinstance(sent.payload, bytes):
        path.write_bytes(sent.payload)
    else:
        for name, content in sent.payload.items():
            (path / name).write_bytes(content)
    return path


def _push(instance: Path, name: str, program: str, form: str) -> None:
    folder, secrets = instance / "connectors" / name, instance / "secrets" / name
    folder.mkdir(parents=True)
    secrets.mkdir(parents=True, mode=0o700)
    (secrets / "keys").touch(mode=0o600)
    (secrets / "keys").write_text(KEY + "\n")
    emits = "[person, case, exposure, lab-result]" if form == "fhir" else "[vaccination]"
    (folder / "connector.yaml").write_text(
        f"name: {name}\ntitle: Pushed by HTTP\nsource: {{sector: other, format: {form}, standard: the same as {program}}}\n"
        f"door: {{kind: http-push, api_keys: keys}}\nprogram: {program}\nemits: {emits}\n"
    )
