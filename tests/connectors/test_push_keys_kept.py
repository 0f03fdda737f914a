"""A slip in a key file closes no working push door; who sends to a door that is configured and does not run comes again."""

from __future__ import annotations

import asyncio
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from hub.commands.connector import connector
from hub.config import Settings
from hub.connectors import http_push_keys
from hub.connectors.catalog import SHIPPED
from hub.connectors.fleet import Fleet
from hub.domain.ids import Ids
from hub.privacy.agreements import EXAMPLES
from hub.wiring_orders import Orders
from hub.wiring_tending import addresses
from hub.wiring_workshop import Workshop
from tests.connectors.pushing import KEY, pushing
from tests.connectors.test_http_push_keys import status
from tests.connectors.upload import pantry

NAME = "lab-elr-fhir"


class Files:
    """An installation with one push connector; `keys` is its key file."""

    def __init__(self, instance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (instance / "agreements").mkdir()
        shutil.copy(EXAMPLES / f"{NAME}.yaml", instance / "agreements")
        folder = instance / "connectors" / NAME
        folder.mkdir(parents=True)
        text = (SHIPPED / NAME / "connector.yaml").read_text()
        begins, ends = text.index("door:"), text.index("\n", text.index("unit: file"))
        (folder / "connector.yaml").write_text(
            text[:begins] + "door:\n  kind: http-push\n  api_keys: api-keys" + text[ends:]
        )
        self.keys = instance / "secrets" / NAME / "api-keys"
        self.keys.parent.mkdir(parents=True)
        self.write(KEY)
        unused: Any = None
        settings = Settings(instance=instance, bootstrap="nowhere:1")
        self.workshop = Workshop(settings, Ids(b"x" * 32), unused, unused, unused, unused)

        async def there(*_: object) -> None:
            return None

        async def idle(*_: object) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(Workshop, "check_topics", there)
        monkeypatch.setattr("hub.connectors.intake.Intake.run", idle)
        self.fleet = Fleet(drain_s=0.01)
        self.orders = Orders(self.workshop, self.fleet.last, lambda: date(2026, 1, 1))

    def write(self, text: str) -> None:
        self.keys.write_text(text)
        self.keys.chmod(0o600)

    async def look(self) -> None:
        for _ in range(3):
            orders = self.orders.now()
            await self.fleet.apply(NAME, orders[NAME])
            await self.workshop.front.keep_shut(addresses(self.orders.meant(orders)))

    def shown(self) -> tuple[str, str, str]:
        [shown] = self.fleet.shown()
        return shown.state, shown.detail, shown.stale

    async def post(self, name: str = NAME) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.workshop.front.url) as client:
            return await client.post(f"/push/{name}", content=b"{}", headers={"X-API-Key": "wrong"})


def test_a_bad_line_leaves_the_door_open_and_a_key_file_that_is_gone_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        files = Files(tmp_path, monkeypatch)
        await files.look()
        files.write("short")
        await files.look()
        state, detail, stale = files.shown()
        assert (state, detail) == ("running", "")
        assert "secret file api-keys, line 1: a key has 24 characters or more" in stale
        assert (await files.post()).status_code == 401, "the door is there, and lets in who has a key"
        files.write(f"{KEY}\nanother key of this sender")
        await files.look()
        assert files.shown() == ("running", "", "")
        files.keys.unlink()
        await files.look()
        assert files.shown()[0] == "failed"
        answer = await files.post()
        assert (answer.status_code, answer.json()["reason"]) == (503, "not-running")
        assert int(answer.headers["Retry-After"]) > 0
        assert (await files.post("nobody")).status_code == 404
        await files.workshop.front.keep_shut(())

    asyncio.run(scene())


def test_a_door_that_never_opened_says_come_again_and_opens_when_its_keys_are_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        files = Files(tmp_path, monkeypatch)
        files.write("short")
        await files.look()
        assert (files.shown()[0], (await files.post()).status_code) == ("failed", 503)
        files.write(KEY)
        await files.look()
        assert (files.shown()[0], (await files.post()).status_code) == ("running", 401)
        (tmp_path / "agreements" / f"{NAME}.yaml").write_text("kind: intake\n")
        await files.look()
        assert (await files.post()).status_code == 503
        (tmp_path / "agreements" / f"{NAME}.yaml").unlink()
        await files.look()
        with pytest.raises(httpx.ConnectError):
            await files.post()

    asyncio.run(scene())


def test_a_running_door_keeps_the_keys_it_had_when_a_line_is_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_push_keys, "REREAD_S", 0.0)

    async def scene() -> None:
        async with pushing(tmp_path) as hub:
            assert await status(hub) == 200
            hub.secrets["api-keys"] = "short"
            assert await status(hub) == 200
            hub.secrets["api-keys"] = "# all taken out"
            assert await status(hub) == 401

    asyncio.run(scene())


def test_lint_reads_the_key_file_and_names_the_line_and_not_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def made() -> Files:
        return Files(tmp_path, monkeypatch)

    files = asyncio.run(made())
    (tmp_path / "agreements" / f"{NAME}.yaml").unlink()
    said = CliRunner().invoke(
        connector,
        ["agree", NAME, "--discloser", "a", "--recipient", "b", "--basis", "a law", "--instance", str(tmp_path)],
    )
    assert said.exit_code == 0, said.output
    lint = ["lint", NAME, "--instance", str(tmp_path)]
    assert CliRunner().invoke(connector, lint).exit_code == 0
    files.write(f"{KEY}\nzzqq-made-up")
    told = CliRunner().invoke(connector, lint)
    assert (told.exit_code, "api-keys, line 2" in told.output) == (1, True)
    assert "zzqq" not in told.output
    assert KEY not in told.output
    files.keys.unlink()
    told = CliRunner().invoke(connector, lint)
    assert (told.exit_code, "cannot read the secret file" in told.output) == (1, True)


def test_pages_for_lists_are_such_doors_too(tmp_path: Path) -> None:
    assert addresses([pantry.pantry(tmp_path)]) == [f"/upload/{pantry.NAME}"]
