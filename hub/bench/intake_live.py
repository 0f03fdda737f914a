"""What `hub bench intake` measures from outside: senders at the MLLP door and a large file in an inbox of `hub run connectors`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from hub.bench.intake_records import Records
from hub.bench.memory import Memory, Sampler, Told, cpu_seconds, read_of, until
from hub.errors import RetryError
from hub.privacy.agreements import EXAMPLES
from hub.supervisor import Stack
from hub.supervisor.state import read_state
from hub.wiring_bus import prepare

__all__ = ["FILE_S", "PANTRY", "FileRun", "MllpRun", "Say", "drop_file", "pid_of", "progress", "send", "stack"]

PANTRY = "bench-pantry"
"""A connector of the bench's own: a CSV with a declared map."""
_CATALOGUE = Path(__file__).parent.parent / "connectors" / "catalog"
_ROLES = ("registry", "connectors")
FILE_S = 4 * 3_600.0
"""How long a file may take."""
_MAP = {
    "name": PANTRY,
    "title": "Visits of a made-up pantry",
    "source": {"sector": "food", "format": "csv", "standard": "made up for hub bench intake"},
    "door": {"kind": "file-drop", "unit": "file", "poll_s": 0.1, "stable_s": 0.5, "max_file_bytes": 4 * 1024**3},
    "emits": ["food-assistance"],
    "dedupe": ["visit"],
    "identity": {
        "id": "client",
        "authority": {"value": "bench-pantry"},
        "block": {
            "given_name": "first_name",
            "family_name": "last_name",
            "birth_date": {"from": "born", "format": "%m/%d/%Y"},
            "postal_code": "zip",
            "phone": "phone",
        },
    },
    "map": [{
        "event": "food-assistance",
        "occurred_on": {"from": "visited", "format": "iso", "required": True},
        "fields": {
            "program": {"from": "program", "codes": "programs"},
            "enrolled": {"value": "yes"},
            "delivered": {"from": "served"},
        },
    }],
}  # fmt: skip
_CODES = "source_value,system,target_code,status,note\npantry,,pantry,mapped,\nmeals,,meal-delivery,mapped,\n"
_AGREEMENT = {
    "kind": "intake", "agreement_id": "bench-pantry", "connector": PANTRY, "discloser": "nobody", "recipient": "nobody",
    "basis": "made up", "valid_from": date(2020, 1, 1), "valid_until": date(2035, 12, 31), "purposes": ["isolation-support"],
    "labels": ["N"], "retention_days": 30,
    "person_block": ["given_name", "family_name", "birth_date", "postal_code", "phone", "local_id"],
    "events": {"food-assistance": ["program", "enrolled", "delivered"]},
}  # fmt: skip

Say = Callable[[str], None]


class MllpRun(NamedTuple):
    """`window` 1: every connection waits for the answer before it sends on. CPU in microseconds a message, of three processes."""

    messages: int
    persons: int
    connections: int
    window: int
    seconds: float
    per_second: float
    answers: dict[str, int]
    p50_ms: float
    p99_ms: float
    door_cpu_us: float
    sender_cpu_us: float
    broker_cpu_us: float
    memory: Memory | None


class FileRun(NamedTuple):
    """A file through a drop folder, from the moment it stands there until its receipt does."""

    connector: str
    bytes: int
    rows: int
    seconds: float
    rows_per_second: float
    door_cpu_us: float
    events: int
    rejected: int
    memory: Memory


@contextmanager
def stack(instance: Path, say: Say) -> Iterator[Stack]:
    """Broker, registry and connectors in a new instance: the example agreements, the shipped connectors and the pantry."""
    (instance / "agreements").mkdir(parents=True)
    for example in EXAMPLES.glob("*.yaml"):
        shutil.copy(example, instance / "agreements")
    (instance / "agreements" / f"{PANTRY}.yaml").write_text(yaml.safe_dump(_AGREEMENT))
    _write_connectors(instance / "connectors")
    with Stack(instance, prepare=prepare, progress=say) as up:
        up.start(_ROLES)
        up.wait_ready(120)
        yield up


def _write_connectors(folder: Path) -> None:
    pantry = folder / PANTRY
    (pantry / "codes").mkdir(parents=True)
    (pantry / "connector.yaml").write_text(yaml.safe_dump(_MAP))
    (pantry / "codes" / "programs.csv").write_text(_CODES)
    for shipped in ("lab-csv", "hmis-csv"):
        about = yaml.safe_load((_CATALOGUE / shipped / "connector.yaml").read_text())
        about["door"] |= {"poll_s": 0.1, "stable_s": 0.5, "max_file_bytes": 4 * 1024**3}
        (folder / shipped).mkdir()
        (folder / shipped / "connector.yaml").write_text(yaml.safe_dump(about))


def send(
    up: Stack, records: Records, count: int, *, first: int, connections: int, window: int, say: Say | None = None
) -> MllpRun:
    """Messages `first` … `first + count` from a process of its own, every one answered; memory is watched where somebody is told.
    RetryError when the sender fails."""
    door, broker = (pid_of(up.instance, name) for name in ("connectors", "broker"))
    about = {
        "host": up.settings.host, "port": _door_port(up), "people": records.people, "first": first, "count": count,
        "connections": connections, "window": window,
    }  # fmt: skip
    with _sender(about) as sender:
        before = cpu_seconds(door), cpu_seconds(broker)
        sender.tell("go")
        told = progress("mllp", say) if say is not None else _nothing
        with Sampler(door, lambda: sender.answered, count, told) as sampler:
            found = sender.result()
        spent = cpu_seconds(door) - before[0], cpu_seconds(broker) - before[1]
    return MllpRun(
        messages=count,
        persons=records.distinct(count, first),
        connections=connections,
        window=window,
        seconds=round(found["seconds"], 2),
        per_second=round(count / found["seconds"], 1),
        answers=found["answers"],
        p50_ms=found["p50_ms"],
        p99_ms=found["p99_ms"],
        door_cpu_us=round(spent[0] / count * 1e6, 1),
        sender_cpu_us=round(found["cpu_s"] / count * 1e6, 1),
        broker_cpu_us=round(spent[1] / count * 1e6, 1),
        memory=sampler.found if say is not None else None,
    )


def drop_file(up: Stack, connector: str, name: str, rows: Iterator[bytes], least_bytes: int, say: Say) -> FileRun:
    """Write rows into the inbox until the file has `least_bytes`, let it appear at once, wait for its receipt, delete it."""
    inbox = up.instance / "inbox" / connector
    unfinished, receipt = inbox / f".{name}.part", inbox / "done" / f"{name}.receipt.json"
    failed = inbox / "failed" / f"{name}.receipt.json"
    count = _write(unfinished, rows, least_bytes)
    size, door = unfinished.stat().st_size, pid_of(up.instance, "connectors")
    began, cpu = time.perf_counter(), cpu_seconds(door)
    unfinished.rename(inbox / name)
    path = (inbox / name).resolve()
    with Sampler(door, lambda: read_of(door, path) * count // size, count, progress(connector, say)) as sampler:
        done = until(lambda: receipt.exists() or failed.exists(), FILE_S)
    if not done or failed.exists():
        raise RetryError(f"the {connector} door did not take the file: see {up.instance / 'logs'}")
    seconds = time.perf_counter() - began
    told = json.loads(receipt.read_text())
    (inbox / "done" / name).unlink()
    receipt.unlink()
    return FileRun(
        connector=connector,
        bytes=size,
        rows=count,
        seconds=round(seconds, 2),
        rows_per_second=round(count / seconds, 1),
        door_cpu_us=round((cpu_seconds(door) - cpu) / count * 1e6, 1),
        events=sum(told["events"].values()),
        rejected=sum(each["count"] for each in told["rejected"].values()),
        memory=sampler.found,
    )


def progress(what: str, say: Say) -> Told:
    """A line for every tenth that is done."""
    began = time.perf_counter()

    def told(share: int, done: int, size: float) -> None:
        rate = done / max(time.perf_counter() - began, 1e-6)
        say(f"  {what} {share:3} %: {done:,} records, {rate:,.0f}/s so far, {size:,.0f} MB resident")

    return told


def _nothing(*_: object) -> None:
    """Nobody is told."""


def _write(path: Path, rows: Iterator[bytes], least_bytes: int) -> int:
    """How many rows were written below the header."""
    count = written = 0
    with path.open("wb") as file:
        written += file.write(next(rows))
        for count, row in enumerate(rows, 1):  # noqa: B007 - the count is what is wanted
            written += file.write(row)
            if written >= least_bytes:
                break
    return count


def pid_of(instance: Path, name: str) -> int:
    return int(read_state(instance).processes[name]["pid"])


def _door_port(up: Stack) -> int:
    return up.settings.port("lab-elr-hl7v2")


class _Sender:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.answered = 0
        self._last: dict[str, Any] | None = None
        self._reading = threading.Thread(target=self._read, daemon=True)

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def result(self) -> dict[str, Any]:
        """What it saw; waits for its end."""
        self._reading.start()
        self._reading.join()
        if self._last is None:
            raise RetryError("the sender ended without a result")
        return self._last

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                self._last = json.loads(line)
            else:
                self.answered = int(line)


@contextmanager
def _sender(about: dict[str, Any]) -> Iterator[_Sender]:
    """A sender that has its messages ready."""
    code = "from hub.bench.intake_sender import serve; serve()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            sender = _Sender(process)
            sender.tell(json.dumps(about))
            assert process.stdout is not None
            process.stdout.readline()
            yield sender
        finally:
            process.terminate()
