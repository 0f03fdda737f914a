"""An installation whose doors are open and nothing behind them: broker, registry and connectors, and what came of what was sent.

What `hub connector try` says of a file, and what the topics hold once it went through its door, in the same words: `Counts`.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from click.testing import CliRunner, Result

from hub.bus.codec import Codec
from hub.bus.consumer import Incoming, read_to_end
from hub.bus.dead_letter import REJECTED_TOPIC
from hub.bus.schema_registry import SchemaIds
from hub.bus.topics import intake_topic
from hub.commands.connector import connector
from hub.commands.connector_places import entries
from hub.config import Settings
from hub.connectors.catalog import SHIPPED
from hub.connectors.door import unit_token
from hub.demo.feed import drop, waiting
from hub.domain.events import EVENT_TYPES
from hub.errors import Reject
from hub.formats.mllp import frame
from hub.supervisor import Stack
from hub.wiring_bus import all_topics, prepare

__all__ = ["Counts", "Doors"]

ROLES = ("registry", "connectors")
AGREED = ("--discloser", "A made-up sender", "--recipient", "A made-up county", "--basis", "a contract of 2021")
_WAIT_S = 180.0


class Counts(NamedTuple):
    """Events by type, rejected by reason, ignored by reason."""

    events: dict[str, int]
    rejected: dict[str, int]
    ignored: dict[str, int]


class Doors:
    """A stack in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.instance = folder / "instance"
        for path in SHIPPED.glob("*/connector.yaml"):
            _write(self.instance / "connectors" / path.parent.name / path.name, yaml.safe_load(path.read_text()))
        self.stack = Stack(self.instance, prepare=prepare)
        self._idle = threading.Event()

    def start(self) -> None:
        self.stack.start(ROLES)
        self.stack.wait_ready(300)
        self._ids = SchemaIds(self.settings.require_registry_url())
        self._codec = Codec(self._ids, all_topics(self.settings))

    def end(self) -> None:
        if hasattr(self, "_ids"):
            self._ids.close()
        self.stack.stop()

    @property
    def settings(self) -> Settings:
        return self.stack.settings

    def hub(self, *arguments: str | Path) -> Result:
        """`hub connector …` against this installation."""
        verb, *rest = map(str, arguments)
        return CliRunner().invoke(connector, [verb, "--instance", str(self.instance), *rest], catch_exceptions=False)

    def hurry(self, name: str) -> None:
        """Let its inbox be looked at often: a test hands over a hundred files."""
        path = self.instance / "connectors" / name / "connector.yaml"
        _write(path, yaml.safe_load(path.read_text()))

    def agree(self, name: str) -> None:
        told = self.hub("agree", name, *AGREED)
        assert told.exit_code == 0, told.output

    def tried(self, name: str, path: Path) -> Counts:
        """What `hub connector try NAME PATH --summary` says."""
        told = self.hub("try", name, path, "--summary")
        assert told.exit_code in (0, 1, 2), told.output
        found = json.loads(told.stdout)
        return Counts(found["events"], found["rejected"], found["ignored"])

    def until(self, true: Callable[[], Any], what: str) -> Any:
        """What `true` gives, as soon as it is something."""
        end = time.monotonic() + _WAIT_S
        while not (found := true()):
            assert not self.stack.failures()
            assert time.monotonic() < end, what
            self._idle.wait(0.05)
        return found

    def entry(self, name: str) -> dict[str, Any]:
        """What `hub status` says of a connector."""
        return next(each for each in entries(self.instance, up=True) if each["name"] == name)

    def running(self, name: str) -> dict[str, Any]:
        """The same, once it takes data in."""
        found: dict[str, Any] = self.until(
            lambda: (entry := self.entry(name))["state"] == "running" and entry, f"{name} does not run"
        )
        return found

    def dropped(self, name: str, file: str, payload: bytes | Mapping[str, bytes]) -> Counts:
        """Through the inbox; what its receipt says. A unit that was purged, at a hard stop, is named by its token."""
        inbox = self.instance / "inbox" / name
        drop(inbox, file, payload)
        self.until(lambda: not waiting(inbox), f"{name} does not take {file}")
        names = (file, unit_token(file))
        found = self.until(
            lambda: [path for name in names for path in inbox.glob(f"*/{name}.receipt.json")], f"no receipt for {file}"
        )
        return receipt(json.loads(found[0].read_text()))

    def spoken(self, where: str, content: bytes) -> bytes:
        """Through the MLLP door that `where` of status tells, in one frame; what it answered. It hangs up once all is safe."""
        host, _, port = where.rpartition(" ")[2].rpartition(":")
        with socket.create_connection((host, int(port)), timeout=_WAIT_S) as line:
            line.sendall(frame(content))
            line.shutdown(socket.SHUT_WR)
            heard = b""
            while chunk := line.recv(65_536):
                heard += chunk
        return heard

    def on_topics(self, name: str) -> tuple[dict[str, int], dict[str, int]]:
        """Records on the broker that are of this connector: events by type, dead letters by reason."""
        events, letters = Counter[str](), Counter[str]()
        for kind in EVENT_TYPES:
            for fields in self._fields(intake_topic(kind)):
                events[kind] += fields["source"] == name
        for fields in self._fields(REJECTED_TOPIC):
            letters[fields["reason"]] += fields["connector"] == name
        return +events, +letters

    def events(self, name: str, kind: str) -> list[dict[str, Any]]:
        return [fields for fields in self._fields(intake_topic(kind)) if fields["source"] == name]

    def records(self, topic: str) -> list[Incoming]:
        return list(read_to_end(self.settings.require_bootstrap(), topic))

    def _fields(self, topic: str) -> list[dict[str, Any]]:
        found = []
        for record in self.records(topic):
            with suppress(Reject):
                found.append(self._codec.decode_dict(record.value)[1])
        return found


def _write(path: Path, declared: dict[str, Any]) -> None:
    if declared["door"]["kind"] == "file-drop":
        declared["door"] |= {"poll_s": 0.02, "stable_s": 0.02}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(declared))


def receipt(told: Mapping[str, Any]) -> Counts:
    """A receipt's counts, of a folder or of an HTTP answer."""
    return Counts(told["events"], {reason: each["count"] for reason, each in told["rejected"].items()}, told["ignored"])
