"""What an honest sender of HL7 v2 feels of its neighbours: the time to its acknowledgement alone, and beside hostile clients.

One honest client sends one message at a time over one connection and waits for the answer. Rounds alone and rounds beside
neighbours take turns in one run, so a machine that slows down slows both. The door is a live one, of a stack of its own, with a
real broker; the clients run in other processes.

Those are on the same machine, though, so a part of what is felt is theirs and not the door's. How large it is says a control: the
same clients at work against a sink (hub.bench.neighbours_sink) while the honest one asks the door. The target is of the whole.
"""

from __future__ import annotations

import json
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import quantiles
from typing import Any

import yaml

from hub.bench.intake_records import Records
from hub.bench.neighbours_beside import beside
from hub.bench.neighbours_clients import Attack, attack
from hub.bench.neighbours_sink import sink
from hub.bus.topic_admin import apply_topics
from hub.bus.topics import TOPICS
from hub.config import Settings
from hub.errors import RetryError
from hub.formats.mllp import Framer, frame
from hub.ops.ports import free_port
from hub.privacy.agreements import EXAMPLES
from hub.supervisor import Stack

__all__ = ["HOSTILE", "TARGET", "Felt", "Neighbours", "control", "door", "measure"]

LAB = "lab-elr-hl7v2"
TARGET = 2.0
"""p99 beside neighbours over p99 alone must stay under this."""
HOSTILE = {
    "slowloris": 8, "silent": 8, "garbage": 2, "oversize": 2, "greedy": 4, "empty": 2, "deaf": 4, "storm": 2, "batches": 1,
}  # fmt: skip
"""Clients by kind, all at once."""
_PEOPLE = 2_000
_PAUSE_S = 0.005  # between an answer and the next message
_WARM = 300  # messages that are not counted: the broker is slow until its code is compiled
_SETTLE_S = 0.5
_PATIENCE_S = 30.0


@dataclass(frozen=True)
class Felt:
    """Milliseconds from the last byte of a message sent to the answer's last byte."""

    messages: int
    p50_ms: float
    p99_ms: float
    refused: int  # answers other than AA, and connections that were cut

    @classmethod
    def of(cls, seconds: Sequence[float], refused: int) -> Felt:
        cuts = quantiles(seconds, n=100)
        return cls(len(seconds), round(cuts[49] * 1000, 2), round(cuts[98] * 1000, 2), refused)


@dataclass(frozen=True)
class Neighbours:
    """`did` is what the neighbours got done in `seconds`, by kind: `answers` they got, `connections` they made, `refused` …"""

    alone: Felt
    beside: Felt
    ratio: float
    clients: Mapping[str, int]
    did: Mapping[str, Mapping[str, int]]
    seconds: float = 0.0

    @property
    def reached(self) -> bool:
        return self.ratio < TARGET and not self.alone.refused and not self.beside.refused

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "target": TARGET, "reached": self.reached}


@contextmanager
def door(folder: Path, second: str | None = None) -> Iterator[tuple[int, int]]:
    """A stack with a broker, a registry and the connectors process, in `folder`; the ports of its MLLP door, and of the door of a
    second connector of that name in the same process (0 without)."""
    ports = {name: free_port() for name in (LAB, *([second] if second else []))}
    (folder / "agreements").mkdir(parents=True)
    shutil.copy(EXAMPLES / f"{LAB}.yaml", folder / "agreements")
    (folder / "settings.json").write_text(json.dumps({"ports": ports}))
    if second:
        _copy_connector(folder, second)
    with Stack(folder, prepare=_topics) as stack:
        stack.start(("registry", "connectors"))
        stack.wait_ready(180)
        yield ports[LAB], ports.get(second or "", 0)


def _topics(settings: Settings) -> None:
    apply_topics(settings.require_bootstrap(), TOPICS, partitions=4, replication=1, min_insync_replicas=1)


def _copy_connector(folder: Path, name: str) -> None:
    from hub.connectors.catalog import SHIPPED

    own = folder / "connectors" / name
    own.mkdir(parents=True)
    declared = yaml.safe_load((SHIPPED / LAB / "connector.yaml").read_text(encoding="utf-8")) | {"name": name}
    (own / "connector.yaml").write_text(yaml.safe_dump(declared, sort_keys=False))
    agreement = (EXAMPLES / f"{LAB}.yaml").read_text(encoding="utf-8").replace(LAB, name)
    (folder / "agreements" / f"{name}.yaml").write_text(agreement)


def measure(
    port: int,
    *,
    clients: Mapping[str, int] | None = None,
    attacked: int | None = None,
    rounds: int = 3,
    seconds: float = 5.0,
    say: Callable[[str], None] = lambda _: None,
) -> Neighbours:
    """`rounds` of `seconds` alone and as many beside `clients` (by kind; default: all of HOSTILE at once), which attack port
    `attacked` (default: the same door). RetryError when the door does not answer."""
    clients = dict(HOSTILE if clients is None else clients)
    messages = list(Records(_PEOPLE).messages(_PEOPLE * 2))
    honest = _Honest(port, messages)
    honest.send(_WARM)
    alone: list[float] = []
    together: list[float] = []
    did: dict[str, dict[str, int]] = {kind: {} for kind in clients}
    with beside(attack) as hostile:  # they wait to be told: their start is no part of what is measured
        for number in range(rounds):
            alone += honest.for_seconds(seconds)
            refused_alone = honest.refused
            hostile.send(Attack("127.0.0.1", attacked or port, clients, messages[: _PEOPLE // 2], seconds))
            _told(hostile, seconds)
            together += honest.for_seconds(seconds)
            for kind, done in _told(hostile, seconds).items():
                for what, count in done.items():
                    did[kind][what] = did[kind].get(what, 0) + count
            time.sleep(_SETTLE_S)
            say(f"round {number + 1} of {rounds}: {len(alone)} messages alone, {len(together)} beside neighbours")
    first, second = Felt.of(alone, refused_alone), Felt.of(together, honest.refused - refused_alone)
    honest.close()
    return Neighbours(first, second, round(second.p99_ms / first.p99_ms, 2), clients, did, rounds * seconds)


def control(port: int, **asked: Any) -> Neighbours:
    """`measure`, with the same clients at work against a sink: what they take of the machine, whatever the door does."""
    with sink() as elsewhere:
        return measure(port, attacked=elsewhere, **asked)


def _told(hostile: Connection, seconds: float) -> Any:
    if not hostile.poll(seconds + _PATIENCE_S):
        raise RetryError("the neighbours do not answer: they are processes of this program")
    return hostile.recv()


class _Honest:
    """Sends one message at a time, each its own; every answer is looked at."""

    def __init__(self, port: int, messages: Sequence[bytes]) -> None:
        self._port, self._messages = port, messages
        self._next = 0
        self._socket: socket.socket | None = None
        self.refused = 0

    def send(self, count: int) -> list[float]:
        return [self._ask() for _ in range(count)]

    def for_seconds(self, seconds: float) -> list[float]:
        """So long, and longer where nobody has answered twice: less has no percentiles."""
        until = time.perf_counter() + seconds
        found = list[float]()
        while time.perf_counter() < until or len(found) < 2:
            found.append(self._ask())
            time.sleep(_PAUSE_S)
        return found

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(self) -> float:
        message = self._messages[self._next % len(self._messages)]
        self._next += 1
        began = time.perf_counter()
        try:
            answer = self._answer(message)
        except OSError:
            self.close()
            answer = b""
        if b"MSA|AA|" not in answer:
            self.refused += 1
        return time.perf_counter() - began

    def _answer(self, message: bytes) -> bytes:
        if self._socket is None:
            try:
                self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=_PATIENCE_S)
            except OSError as error:
                raise RetryError(f"no MLLP door at port {self._port}: {error.strerror or error}") from None
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(frame(message))
        framer = Framer()
        while chunk := self._socket.recv(65_536):
            for answer in framer.feed(chunk):
                if isinstance(answer, bytes):
                    return answer
        raise ConnectionResetError
