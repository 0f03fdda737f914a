"""A whole stack in a folder of its own, a memory of what was sent through its doors, and the batch answer over the same.

`Town.sent` is what senders handed over; `preview` computes it in one go, each unit once. A door takes a unit under the name it was
sent by, so the same unit twice has the same name both times.
"""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from hub.bus.consumer import Incoming, latest_by_key, read_to_end
from hub.bus.producer import DurableProducer
from hub.bus.topics import TALLY_TOPIC
from hub.connectors.door import Receipt
from hub.connectors.export_memory import ExportMemory, memory_path
from hub.demo.feed import MllpSender, drop
from hub.demo.judge import Observed, compare
from hub.demo.stack import DemoStack, make_instance
from hub.domain.tallies import TallyBoard
from hub.errors import Reject
from hub.formats.mllp import frame
from hub.preview import Preview, PreviewResult
from hub.privacy.agreements import intake_agreement
from hub.privacy.hashed_secrets import lane_of
from hub.synthetic.county import County, make_county
from hub.wiring_answers import answer_hl7
from hub.wiring_bus import denominators, ids_of, isolation_rules
from hub.wiring_reading import catalogue, taken

__all__ = ["BUNDLES", "CVRS", "HMIS", "HRSN", "LAB", "SARA", "TABLES", "VXU", "Need", "Town", "Unit"]

LAB, CVRS, SARA, HMIS, HRSN = "lab-elr-hl7v2", "iis-cvrs", "sara-alert", "hmis-csv", "hrsn-screening"
VXU, TABLES, BUNDLES = "iis-vxu", "lab-csv", "lab-elr-fhir"
SPEAKING = (LAB, VXU)
"""Connectors with an MLLP door."""
Payload = bytes | Mapping[str, bytes]
Need = Mapping[str, Any]
_POLL_S = 0.02


@dataclass(frozen=True)
class Unit:
    """What a source sends at once: a message, a file, or a folder of files."""

    connector: str
    name: str
    payload: Payload


class Town(DemoStack):
    """A running stack. `county` gives populations and isolation sites."""

    def __init__(self, folder: Path, county: County | None = None) -> None:
        self.county = county or make_county(50, 1)
        make_instance(folder, self.county)
        _look_often(folder / "connectors")
        super().__init__(folder, lambda _: None)
        self.sent: list[Unit] = []
        self._idle = threading.Event()

    def start(self) -> None:
        super().start()
        self.speaking = {name: MllpSender(self.settings.host, self.settings.port(name)) for name in SPEAKING}
        self.lab = self.speaking[LAB]
        self.produced = DurableProducer(self.bootstrap, client_id="outsider")
        self._open += [*(sender.close for sender in self.speaking.values()), self.produced.close]

    def end(self) -> None:
        """Stop everything."""
        self.close()
        self.stack.stop()

    def pause(self) -> None:
        """A moment, for whoever asks again."""
        self._idle.wait(_POLL_S)

    @property
    def bootstrap(self) -> str:
        return self.settings.require_bootstrap()

    def send(self, units: Iterable[Unit]) -> None:
        """Hand units to their doors; messages are answered on return, files wait in their inboxes."""
        given = list(units)
        for unit in given:
            if unit.connector not in SPEAKING:
                drop(self.inbox(unit.connector), unit.name, unit.payload)
        for name, sender in self.speaking.items():
            messages = [unit.payload for unit in given if unit.connector == name and isinstance(unit.payload, bytes)]
            sender.send([message for message in messages if _asks(message)])
            self.say_without_answer([message for message in messages if not _asks(message)], name)
        self.sent += given

    def say_without_answer(self, messages: Sequence[bytes], connector: str = LAB) -> None:
        """For senders that want no acknowledgement: the door hangs up once it has everything safe."""
        if not messages:
            return
        with self.connection(connector) as line:
            line.sendall(b"".join(map(frame, messages)))
            line.shutdown(socket.SHUT_WR)
            assert not line.recv(1), "an answer that nobody asked for"

    def inbox(self, connector: str) -> Path:
        return self.instance / "inbox" / connector

    def connection(self, connector: str = LAB) -> socket.socket:
        """A connection to an MLLP door, the laboratory's by default, for whoever wants to misbehave."""
        return socket.create_connection((self.settings.host, self.settings.port(connector)), timeout=120)

    def put(self, topic: str, key: bytes | None, value: bytes | None, partition: int | None = None) -> None:
        """Write a record past all doors."""
        batch = self.produced.batch()
        batch.produce(topic, key, value, partition)
        batch.wait()

    def records(self, topic: str) -> list[Incoming]:
        """All that ever stood on a topic, less what was compacted."""
        return list(read_to_end(self.bootstrap, topic))

    def read(self, topic: str) -> list[dict[str, Any]]:
        """The fields of every record of a topic."""
        return self._all(topic)

    def _all(self, topic: str) -> list[dict[str, Any]]:
        """Readable records only: tests put others there too."""
        found = []
        for record in self.records(topic):
            with contextlib.suppress(Reject):
                found.append(self._fields(record.value))
        return found

    def newest(self, topic: str) -> dict[bytes, dict[str, Any]]:
        """The fields of the newest record of each key; keys whose newest is a tombstone are left out."""
        found = latest_by_key(self.bootstrap, topic)
        return {key: self._fields(record.value) for key, record in found.items()}

    def totals(self) -> dict[str, int]:
        """How many people count in each stratum."""
        board = TallyBoard()
        for fields in self.newest(TALLY_TOPIC).values():
            board.put(fields["stratum"], fields["partition"], fields["count"], fields["version"])
        return board.totals()

    def preview(self, as_of: date) -> PreviewResult:
        """The batch answer over everything that was sent, once each."""
        ids = ids_of(self.settings)
        rules, population = isolation_rules(self.settings.jurisdiction), self.settings.identity_population
        lane = lane_of(self.instance)
        batch = Preview(ids, rules, denominators(self.settings), identity_population=population, lane=lane)
        connectors = catalogue(self.instance)
        once = {(u.connector, u.name, _content(u.payload)): u for u in self.sent}
        with tempfile.TemporaryDirectory(prefix="hub-live-") as scratch:
            for number, unit in enumerate(once.values()):
                path = _write(Path(scratch) / str(number), unit)
                agreement = intake_agreement(self.instance / "agreements", unit.connector, date.today())
                memory = ExportMemory(memory_path(Path(scratch), unit.connector))
                batch.take(taken(connectors[unit.connector], agreement, ids, path, memory))
        return batch.finish(as_of)

    def assert_equal_to_preview(self, as_of: date) -> tuple[Observed, PreviewResult]:
        """Settled, what stands on the topics is exactly the batch answer."""
        self.settle()
        observed, batch = self.observe(), self.preview(as_of)
        assert compare(observed, batch)._asdict() == dict.fromkeys(compare(observed, batch)._fields, 0)
        assert observed.stream_rejected == 0
        return observed, batch


def _asks(message: bytes) -> bool:
    """Whether the sender of this message waits for an acknowledgement."""
    return answer_hl7(message, Receipt()) is not None


def _look_often(connectors: Path) -> None:
    """Doors that look every 20 ms: a test hands over hundreds of files."""
    for path in connectors.glob("*/connector.yaml"):
        declared = yaml.safe_load(path.read_text())
        if declared["door"]["kind"] == "file-drop":
            declared["door"].update(poll_s=_POLL_S)
            path.write_text(yaml.safe_dump(declared))


def _content(payload: Payload) -> object:
    return payload if isinstance(payload, bytes) else tuple(sorted(payload.items()))


def _write(folder: Path, unit: Unit) -> Path:
    path = folder / unit.name
    inner = {unit.name: unit.payload} if isinstance(unit.payload, bytes) else unit.payload
    home = folder if isinstance(unit.payload, bytes) else path
    home.mkdir(parents=True)
    for name, content in inner.items():
        (home / name).write_bytes(content)
    return path
