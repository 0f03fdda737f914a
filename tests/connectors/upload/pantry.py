"""A made-up food pantry with an upload page: its connector, its lists, and a hub around the door, real but for the broker."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import yaml

from hub.config import Settings
from hub.connectors.catalog import Connector, load_one
from hub.connectors.doors import Around
from hub.connectors.front import Front
from hub.connectors.intake import Intake
from hub.connectors.packing import Outgoing, Packer
from hub.connectors.upload.access import hashed
from hub.connectors.upload.door import UploadDoor, UploadOptions
from hub.connectors.watch import Watch
from hub.domain.agreement import IntakeAgreement
from hub.domain.events import Event
from hub.domain.ids import Ids
from hub.errors import ConfigError
from hub.privacy.vault import Vault
from hub.wiring_upload import upload_desk
from tests.connectors.pretend import PretendPack
from tests.connectors.pulling import MemoryPositions
from tests.fakes import FakeBus

WORD = "k7mp-2xqd-9rtw-hb4n"
NAME = "elm-street-pantry"
COLUMNS = ["Guest", "First name", "Last name", "Born", "Phone", "ZIP", "Day", "Kind"]
YAML = f"""
name: {NAME}
title: Food boxes of Elm Street Pantry
source: {{sector: food, format: csv, standard: a list kept by hand, timezone: America/Chicago}}
door: {{kind: upload}}
emits: [food-assistance]
dedupe: [Guest, Day]
identity:
  id: Guest
  authority: {{value: {NAME}}}
  block:
    given_name: First name
    family_name: Last name
    birth_date: {{from: Born, format: ["%m/%d/%Y", iso]}}
    phone: Phone
    postal_code: ZIP
map:
  - event: food-assistance
    where:
      - {{path: Kind, not_equals: VOID}}
    occurred_on: {{from: Day, format: ["%m/%d/%Y", iso], required: true}}
    fields:
      program: {{from: Kind, codes: kinds}}
      enrolled: {{value: "yes"}}
      delivered: {{value: true}}
"""
CODES = "source_value,system,target_code,status,note\nBOX,,pantry,mapped,\nDELIVERY,,meal-delivery,mapped,\n"
ROWS = [
    ["G-1", "Marisol", "Vega", "03/09/1984", "555-201-3344", "62704", "02/15/2021", "BOX"],
    ["G-2", "Tom", "Okafor", "11/30/1979", "555-201-8890", "62702", "02/15/2021", "DELIVERY"],
    ["G-3", "Ada", "Lind", "1990-01-02", "", "62703", "30/02/2021", "BOX"],
    ["G-4", "Ben", "Moss", "07/04/1990", "", "62704", "02/16/2021", "BAG"],
    ["G-5", "Lea", "Sol", "07/04/1991", "", "62704", "02/16/2021", "VOID"],
]
AGREEMENT = IntakeAgreement(
    kind="intake", agreement_id="elm-street-2021", connector=NAME, discloser="Elm Street Pantry",
    recipient="County health department", basis="Made-up agreement of the tests", valid_from=date(2020, 1, 1),
    valid_until=date(2035, 12, 31), purposes=("isolation-support",), labels=("N",), retention_days=30,
    person_block=("given_name", "family_name", "birth_date", "phone", "postal_code", "local_id"),
    events={"food-assistance": ("program", "enrolled", "delivered")},
)  # fmt: skip


def csv_of(rows: list[list[str]], columns: list[str] = COLUMNS) -> bytes:
    return "".join(",".join(row) + "\r\n" for row in [columns, *rows]).encode()


def pantry(folder: Path, **door: Any) -> Connector:
    """The connector's folder below `folder`, loaded."""
    document = yaml.safe_load(YAML)
    document["door"].update(door)
    at = folder / NAME
    (at / "codes").mkdir(parents=True, exist_ok=True)
    (at / "connector.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    (at / "codes" / "kinds.csv").write_text(CODES)
    return load_one(at / "connector.yaml")


class EventPack(PretendPack):
    """Keeps the events that go out."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []

    def event(self, event: Event, issues: Sequence[str] = ()) -> Outgoing:
        self.events.append(event)
        return super().event(event, issues)


class PageHub:
    """The door under the real loop and the real front, in a thread; `bus` is a broker in memory."""

    def __init__(
        self, folder: Path, connector: Connector | None = None, agreement: IntakeAgreement = AGREEMENT, /, **door: Any
    ) -> None:
        self.folder, self.bus, self.pack, self.agreement = folder, FakeBus(), EventPack(), agreement
        connector = connector or pantry(folder / "connectors", **door)
        self.seconds = 1_000.0  # of sessions
        self.now = datetime(2021, 3, 1, 15, 30, tzinfo=UTC)
        self._vault = Vault(folder / "keys.sqlite", b"k" * 32)
        desk = upload_desk(
            Settings(instance=folder), connector, agreement, Ids(b"made-up secret of the page tests"), self._vault
        )
        assert isinstance(connector.door, UploadOptions)
        assert desk is not None
        self.front = Front()
        self.secrets = {"access": f"{hashed('front-desk', WORD)}\n{hashed('evening-shift', 'another-word')}\n"}
        around = Around(
            connector=NAME, watch=Watch(NAME), host="127.0.0.1", port=0, inbox=folder / "inbox",
            answer=lambda message, receipt: b"", positions=MemoryPositions(), spool=folder / "spool", secret=self._secret,
            front=self.front, upload=desk,
        )  # fmt: skip
        self.door = UploadDoor(connector.door, around, desk, now=lambda: self.now, clock=lambda: self.seconds)
        self._ready, self._failure = threading.Event(), list[BaseException]()
        self._thread = threading.Thread(target=self._run)

    @property
    def url(self) -> str:
        return f"{self.front.url}/upload/{NAME}"

    @property
    def events(self) -> list[Event]:
        return self.pack.events

    def _secret(self, name: str) -> str:
        if name not in self.secrets:
            raise ConfigError(f"there is no secret {name}")
        return self.secrets[name]

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:
            self._failure.append(failure)
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await self.door.open()
        packer = Packer(self.door.replay, self.agreement, self.pack)
        loop = asyncio.create_task(Intake(self.door, packer, self.bus, self.door.around.watch, first_pause_s=0.0).run())
        self._ready.set()
        await self._stop.wait()
        await self.door.stop_reading()
        await asyncio.wait([loop], timeout=60 if not self.bus.away else 0.1)
        loop.cancel()
        await self.door.close()

    def __enter__(self) -> PageHub:
        self._thread.start()
        assert self._ready.wait(120)
        if self._failure:
            raise self._failure[0]
        return self

    def __exit__(self, *_: object) -> None:
        if not self._failure:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(120)
        self._vault.close()
        if self._failure:
            raise self._failure[0]


class Visitor:
    """A browser without script: follows forms by their token."""

    def __init__(self, hub: PageHub) -> None:
        self.client = httpx.Client(base_url=hub.url, follow_redirects=True, timeout=120)
        self.page = ""

    def get(self, path: str, status: int = 200) -> str:
        return self._took(self.client.get(path), status)

    def post(self, path: str, status: int = 200, **fields: str) -> str:
        return self._took(self.client.post(path, data={"csrf": self.token, **fields}), status)

    def upload(self, data: bytes, name: str = "march.csv", status: int = 200) -> str:
        return self._took(self.client.post("/check", data={"csrf": self.token}, files={"file": (name, data)}), status)

    def sign_in(self, label: str = "front-desk", word: str = WORD, status: int = 200) -> str:
        self.get("/")
        return self.post("/sign-in", status, label=label, word=word)

    @property
    def token(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.page)
        return found[1] if found else ""

    def _took(self, response: httpx.Response, status: int) -> str:
        assert response.status_code == status, (response.status_code, response.text)
        self.last = response
        if response.headers["content-type"].startswith("text/html"):
            self.page = response.text
        return response.text

    @property
    def at(self) -> str:
        """Path of the page below the prefix."""
        return self.last.url.path.split(NAME, 1)[1]


@contextmanager
def visitor(hub: PageHub, label: str = "front-desk", word: str = WORD) -> Iterator[Visitor]:
    """Signed in."""
    somebody = Visitor(hub)
    somebody.sign_in(label, word)
    try:
        yield somebody
    finally:
        somebody.client.close()
