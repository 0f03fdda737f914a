"""identify as a process of its own on a live broker: started, killed and read by the live tests.

Bytes are pickles here: the real wire has a live test of its own. Topics carry the test's prefix.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hub.bus.consumer import Incoming, WorkerConsumer, read_to_end
from hub.bus.lag import GroupLag
from hub.bus.producer import DurableProducer
from hub.domain.events import EVENT_TYPES, Event, Model
from hub.domain.identity_reviews import ReviewDecision
from hub.errors import Reject
from hub.identity.batch import OutRecord
from hub.identity.worker import Identify
from hub.privacy.vault import Vault
from tests.identity.registries import registry_of

KEK, SECRET = b"k" * 32, b"i" * 32
OUT = ("person", "link", "decision", "rejected")


class PickleWire:
    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def event(self, record: Incoming) -> Event:
        try:
            kind, fields = pickle.loads(record.value or b"")
        except (pickle.UnpicklingError, EOFError):
            raise Reject("bad-bytes", "decode") from None
        return EVENT_TYPES[kind](**fields)

    def decision(self, record: Incoming) -> ReviewDecision | None:
        return None

    def out(self, model: Model, key: str, because: Incoming) -> OutRecord:
        kind = type(model).kind  # type: ignore[attr-defined]
        topic = kind if kind in ("link", "decision") else "person"
        return f"{self._prefix}.{topic}", key.encode(), pickle.dumps({"kind": kind, **model.model_dump()}), None, None

    def unlinked(self, source_person: str, revision: int, because: Incoming) -> OutRecord:
        return f"{self._prefix}.link", source_person.encode(), None, None, None

    def dead_letter(self, record: Incoming, why: Reject) -> OutRecord:
        value = pickle.dumps({"kind": "rejected", "offset": record.offset, "reason": why.reason})
        return f"{self._prefix}.rejected", record.key, value, None, None


def encode(event: Event) -> bytes:
    fields = {name: getattr(event, name) for name in type(event).model_fields}
    return pickle.dumps((type(event).kind, fields))


def serve(bootstrap: str, prefix: str, directory: str, moment: str, visit: int) -> None:
    """Work until all is committed; kill -9 itself at the `visit`-th time it comes to `moment`."""
    visits = iter(range(visit + 1))

    def step(name: str) -> None:
        if name == moment and next(visits, -1) == visit:
            os.kill(os.getpid(), signal.SIGKILL)

    vault = Vault(Path(directory) / "keys.sqlite", KEK)
    registry = registry_of(Path(directory) / "identity.sqlite", vault)
    consumer = WorkerConsumer(bootstrap, f"{prefix}.identify", [f"{prefix}.intake"], instance_id=prefix)
    worker = Identify(
        consumer, DurableProducer(bootstrap), PickleWire(prefix), registry, vault, step=step, max_records=7
    )
    worker.drain()
    lag = GroupLag(bootstrap, f"{prefix}.identify", [f"{prefix}.intake"])
    while not consumer.owned() or lag.records() > 0:
        worker.work()
    consumer.close()
    lag.close()


def run(bootstrap: str, prefix: str, directory: Path, moment: str = "", visit: int = 0) -> int:
    """`serve` in a process of its own; its exit code."""
    arguments = repr((bootstrap, prefix, str(directory), moment, visit))
    code = f"from tests.identity.live import serve; serve(*{arguments})"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
    return ended.returncode


def said(bootstrap: str, topic: str) -> list[tuple[int, str, dict[str, Any]]]:
    """(partition, key, fields) of all records of a topic."""
    return [(r.partition, (r.key or b"").decode(), pickle.loads(r.value or b"")) for r in read_to_end(bootstrap, topic)]


def send(bootstrap: str, topic: str, events: Sequence[Event | bytes], vault: Vault) -> None:
    """Seal and send, keyed by source person, as connectors do."""
    producer = DurableProducer(bootstrap)
    for event in events:
        if isinstance(event, bytes):
            producer.produce(topic, b"junk", event)
        else:
            producer.produce(topic, (event.source_person or "nobody").encode(), encode(vault.seal_person(event)))
    producer.flush()
    producer.close()
