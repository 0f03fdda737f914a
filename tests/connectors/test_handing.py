"""No record is on the broker under a key that is not on disk, whatever fails, and lanes keep their order."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest

from hub.connectors.door import Receipt
from hub.connectors.handing import Handing
from hub.connectors.intake import Intake
from hub.connectors.packing import Chunk, Outgoing, Packer
from hub.connectors.watch import Watch
from hub.domain.events import Event, Sealed
from hub.errors import RetryError
from hub.privacy import vault as sealing
from hub.privacy.vault import Vault
from tests.connectors.pretend import Agreed, PretendPack, read, unit, values
from tests.fakes import Confirmed, FakeBus, FakeDoor

KEK = bytes(range(32))


def chunk(name: str, keys: Future[None] | None = None, lanes: str = "x") -> Chunk:
    return Chunk([("event", b"", name.encode(), None, None)], keys, frozenset(lanes))


async def _turn() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_chunk_waits_for_its_keys_and_those_behind_wait_behind_it() -> None:
    async def scenario() -> None:
        bus, keys, later = FakeBus(), Future[None](), Future[None]()
        handing = Handing(bus, 8)
        tasks = [await handing.over(each) for each in (chunk("a", keys), chunk("b", later), chunk("c"))]
        later.set_result(None)
        await _turn()
        assert bus.log == []
        keys.set_result(None)
        await asyncio.gather(*(task for task in tasks if task is not None))
        await handing.over(chunk("d"))
        assert values(bus.log, "event") == [b"a", b"b", b"c", b"d"]

    asyncio.run(scenario())


def test_without_its_keys_nothing_of_a_chunk_is_handed_over_and_the_next_goes_on() -> None:
    async def scenario() -> None:
        bus, keys = FakeBus(), Future[None]()
        handing = Handing(bus, 8)
        first, second = await handing.over(chunk("a", keys)), await handing.over(chunk("b"))
        keys.set_exception(RetryError("the key file did not answer"))
        assert first is not None
        assert second is not None
        with pytest.raises(RetryError):
            await first
        await second
        assert values(bus.log, "event") == [b"b"]

    asyncio.run(scenario())


def test_a_chunk_waits_for_none_that_has_no_lane_in_common_with_it() -> None:
    async def scenario() -> None:
        bus, first, last = FakeBus(), Future[None](), Future[None]()
        handing = Handing(bus, 8)
        given = [
            ("a", first, "xy"),
            ("b", None, "z"),
            ("c", None, "yz"),
            ("d", None, "z"),
            ("e", last, "x"),
            ("f", None, "w"),
        ]
        tasks = [await handing.over(chunk(name, keys, lanes)) for name, keys, lanes in given]
        await _turn()
        assert values(bus.log, "event") == [b"b", b"f"]
        last.set_result(None)
        await _turn()
        assert values(bus.log, "event") == [b"b", b"f"]
        first.set_result(None)
        await asyncio.gather(*(task for task in tasks if task is not None))
        log = values(bus.log, "event")
        assert log[:3] == [b"b", b"f", b"a"]
        assert log.index(b"c") < log.index(b"d")
        assert set(log) == {b"a", b"b", b"c", b"d", b"e", b"f"}
        assert len(log) == 6
        assert not handing._behind

    asyncio.run(scenario())


def test_a_chunk_given_up_while_it_waits_holds_up_none_behind_it() -> None:
    async def scenario() -> None:
        bus = FakeBus()
        handing = Handing(bus, 8)
        first, second = await handing.over(chunk("a", Future())), await handing.over(chunk("b"))
        assert first is not None
        assert second is not None
        first.cancel()
        await second
        assert values(bus.log, "event") == [b"b"]

    asyncio.run(scenario())


class SealingPack(PretendPack):
    """Values are sealed under the key of the person; the key stands before it."""

    def __init__(self, vault: Vault) -> None:
        super().__init__()
        self.vault = vault

    def begin(self, source_persons: Sequence[str]) -> Future[None] | None:
        return self.vault.begin_keys(source_persons)

    def event(self, event: Event, issues: Sequence[str] = ()) -> Outgoing:
        person = event.source_person or ""
        sealed = self.vault.seal(event.event_id.encode(), person, "event")
        return "event", person.encode(), sealed.ciphertext, None, None


def _opened(path: Path, records: Sequence[tuple[bytes | None, bytes | None]]) -> list[bytes]:
    vault = Vault(path, KEK)
    try:
        return [
            vault.open(Sealed(key_id=(key or b"").decode(), ciphertext=value or b""), "event") for key, value in records
        ]
    finally:
        vault.close()


def _sealing(vault: Vault, door: FakeDoor, bus: FakeBus) -> Intake:
    return Intake(door, Packer(read, Agreed(), SealingPack(vault)), bus, Watch("pretend"), first_pause_s=0.0)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_on_the_broker_opens_though_keys_could_not_be_written_now_and_then(
    tmp_path: Path, seed: int
) -> None:
    """With a broker that fails now and then as well: nothing is lost, and nothing is acked that is not there."""
    draw = random.Random(seed)
    vault = Vault(tmp_path / "keys.sqlite", KEK)
    commit = vault._store.commit

    def sometimes() -> None:
        if draw.random() < 0.3:
            vault._store.rollback()
            raise RetryError("the key file did not answer")
        commit()

    vault._store.commit = sometimes  # type: ignore[method-assign]

    async def scenario() -> FakeBus:
        bus = FakeBus(fail_prob=0.1, lose_ack=0.1, seed=seed)
        units = [unit(f"p{draw.randrange(150)}:{n}") for n in range(300)]
        door = FakeDoor(units, lanes=5, resend=True)
        await _sealing(vault, door, bus).run()
        assert all(sum(isinstance(said, Receipt) for said in each.answers) == 1 for each in door.deliveries)
        return bus

    bus = asyncio.run(scenario())
    vault.close()
    events = [(key, value) for topic, key, value, _, _ in bus.log if topic == "event"]
    opened = _opened(tmp_path / "keys.sqlite", events)
    assert {each.rsplit(b"-", 1)[1] for each in opened} == {b"%d" % n for n in range(300)}


class FileBus(FakeBus):
    """A broker that outlives the process: a file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    async def send(self, outgoing: Sequence[Outgoing]) -> Confirmed:
        with self._path.open("ab") as file:
            for topic, key, value, _, _ in outgoing:
                if topic == "event":
                    file.write((key or b"").hex().encode() + b" " + (value or b"").hex().encode() + b"\n")
        return await super().send(outgoing)


def _dies_at(keys: Path, log: Path, last: int, after: bool) -> None:
    """Each commit begins when the chunk that it is for was offered, so a chunk that does not wait for it is on the broker."""
    sealing._FRESH_S = 1e9  # however slow the machine is
    vault = Vault(keys, KEK)
    commit, count, offered, over = vault._store.commit, [0], threading.Semaphore(0), Handing.over

    async def offering(handing: Handing, chunk: Chunk) -> asyncio.Task[None] | None:
        task = await over(handing, chunk)
        await _turn()
        if chunk.keys is not None:
            offered.release()
        return task

    def dying() -> None:
        offered.acquire()
        count[0] += 1
        if count[0] < last:
            commit()
            return
        if after:
            commit()
        os._exit(9)

    vault._store.commit = dying  # type: ignore[method-assign]
    Handing.over = offering  # type: ignore[method-assign, assignment]
    door = FakeDoor([unit(*(f"p{n}-{row}:{row}" for row in range(30))) for n in range(200)], lanes=4)
    asyncio.run(_sealing(vault, door, FileBus(log)).run())


@pytest.mark.parametrize(("last", "after"), [(1, False), (3, False), (6, True), (9, False)])
def test_a_process_killed_while_it_forces_keys_left_no_record_that_will_not_open(
    tmp_path: Path, last: int, after: bool
) -> None:
    keys, log = tmp_path / "keys.sqlite", tmp_path / "log"
    log.touch()
    process = multiprocessing.get_context("spawn").Process(target=_dies_at, args=(keys, log, last, after))
    process.start()
    process.join()
    assert process.exitcode == 9
    records = [
        (bytes.fromhex(key), bytes.fromhex(value)) for key, value in map(str.split, log.read_text().splitlines())
    ]
    assert bool(records) == (last > 1)
    assert len(_opened(keys, records)) == len(records)
