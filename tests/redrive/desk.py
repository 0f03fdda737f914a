"""A desk without a broker: topics in one file, so that a killed process leaves what a killed process leaves."""

from __future__ import annotations

import json
import os
import pickle
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import pytest

from hub import wiring_rejected
from hub.bus.codec import Codec
from hub.bus.consumer import Incoming
from hub.bus.producer import DurableProducer
from hub.bus.schema_registry import SchemaIds
from hub.bus.topics import TOPICS
from hub.config import Settings
from hub.connectors.door import Problem, Unit
from hub.domain.ids import Ids
from hub.privacy.agreements import EXAMPLES
from hub.privacy.vault import Vault
from hub.wiring_outgoing import SealedPack
from hub.wiring_rejected import Desk

AT = datetime(2021, 2, 5, tzinfo=UTC)


class LocalIds(SchemaIds):
    """A registry in memory, the same in each process that registers the same schemas in the same order."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}

    def register(self, subject: str, schema: dict[str, Any]) -> int:
        self._texts[len(self._texts) + 1] = json.dumps(schema)
        return len(self._texts)

    def text(self, schema_id: int) -> str:
        return self._texts[schema_id]


class FileLog:
    """Records of all topics in one file. `dies_after`: SIGKILL once so many more records are in it."""

    def __init__(self, path: Path, dies_after: int | None = None) -> None:
        self._path, self._left = path, dies_after
        self._waiting: list[tuple[Any, ...]] = []

    def batch(self) -> FileLog:
        return FileLog(self._path, self._left)

    def produce(self, *record: Any) -> None:
        self._waiting.append(record)

    def wait(self) -> None:
        """Write one by one, each durable: a kill falls between any two."""
        with self._path.open("ab", buffering=0) as file:
            for record in self._waiting:
                file.write(pickle.dumps(record))
                if self._left is not None:
                    self._left -= 1
                    if self._left <= 0:
                        os.kill(os.getpid(), signal.SIGKILL)

    def read(self, _bootstrap: str, topic: str) -> Iterator[Incoming]:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            offset = 0
            while file.peek(1):
                at, key, value, _partition, headers = pickle.load(file)
                if at == topic:
                    yield Incoming(at, 0, offset, key, value, tuple(headers or ()), 0)
                    offset += 1

    def latest(self, bootstrap: str, topic: str) -> dict[bytes, Incoming]:
        return {record.key or b"": record for record in self.read(bootstrap, topic)}


class DyingLog(FileLog):
    """Counts over all its batches."""

    def batch(self) -> FileLog:
        return _Counted(self)


class _Counted(FileLog):
    def __init__(self, over: FileLog) -> None:
        super().__init__(over._path, over._left)
        self._over = over

    def wait(self) -> None:
        super().wait()
        self._over._left = self._left


@lru_cache(maxsize=1)
def _codec() -> Codec:
    made = Codec(LocalIds(), TOPICS)
    made.open()
    return made


class Installation:
    """A directory with keys, secrets and the example agreements; `desk` opens it anew, as each command does."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch, *connectors: str) -> None:
        self.directory = directory
        agreements = directory / "agreements"
        agreements.mkdir()
        for name in connectors:
            text = (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8")
            (agreements / f"{name}.yaml").write_text(text, encoding="utf-8")
        monkeypatch.setattr(wiring_rejected, "today", lambda _settings: AT.date())
        monkeypatch.setattr(wiring_rejected, "read_to_end", lambda at, topic: self.log().read(at, topic))
        monkeypatch.setattr(wiring_rejected, "latest_by_key", lambda at, topic: self.log().latest(at, topic))

    def log(self, dies_after: int | None = None) -> FileLog:
        return DyingLog(self.directory / "topics", dies_after)

    def codec(self) -> Codec:
        return _codec()

    def vault(self) -> Vault:
        return Vault(self.directory / "keys.sqlite", b"k" * 32)

    def desk(self, dies_after: int | None = None) -> Desk:
        settings = Settings(instance=self.directory, bootstrap="nobody:1", registry_url="http://nobody")
        producer = cast(DurableProducer, self.log(dies_after))
        return Desk(settings, Ids(b"i" * 32), self.vault(), self.codec(), producer)

    def letter(
        self,
        connector: str,
        raw: bytes | None,
        where: str,
        reason: str = "mapping-error",
        head: bytes = b"",
        file: str = "f",
    ) -> None:
        """What intake writes for a record it cannot work on."""
        pack = SealedPack(connector, self.codec(), self.vault(), now=lambda: AT)
        batch = self.log().batch()
        batch.produce(*pack.dead_letter(Problem(reason, "map", where, file), raw, Unit("u", b""), head=head, file=file))
        batch.wait()

    def ids_on(self, topic: str) -> list[str]:
        """Ids of the records of a topic, in order."""
        return [dict(record.headers)["ce_id"].decode() for record in self.log().read("", topic)]


def in_a_process(work: Callable[[], None]) -> int:
    """Run `work` in a process of its own; its exit code, or minus the signal that killed it."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            os._exit(70)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
