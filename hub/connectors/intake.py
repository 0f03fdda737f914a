"""The intake loop: read → parse and map → publish, await the broker → and only then ack. The only caller of `ack`.

Promises: a delivery is acked when the broker has confirmed an event or a dead letter for each of its records; a lane is
answered in the order it sent. Broker or disk away (RetryError): everything unconfirmed is refused, nothing more is read
until they are back, then all flows again. FatalError and ConfigError end `run`, with nothing acked.

Deliveries that arrive together are worked on together (one data-key transaction, one round trip), up to `GROUP`; a large
file goes through in chunks, never whole. At most `IN_FLIGHT` deliveries and `UNCONFIRMED` chunks are open, then nothing
more is pulled from the door: that is the back-pressure the sender feels. From a door that takes turns no more is pulled than is
worked on in one turn, and a unit that takes longer is left and taken up again behind those who came meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from time import monotonic

from hub.connectors.door import Delivery, Door, TakesTurns
from hub.connectors.handing import Confirmation, Handing, Publisher
from hub.connectors.packing import Job, Packer
from hub.connectors.turn_length import LATE_COMERS, reading_s, rest, rest_s
from hub.connectors.watch import Watch
from hub.errors import ConfigError, FatalError, HubError, RetryError

__all__ = ["Confirmation", "Intake", "Publisher"]

GROUP = 64
IN_FLIGHT = 256
UNCONFIRMED = 8
UNCONFIRMED_TURNS = (
    32  # of a door that takes turns: they are small, and nobody must wait for the broker's answer to a flood
)
NOT_IN_FORCE = "agreement-not-in-force"


class Intake:
    """One connector's loop. `in_force(today)` is the agreement's; `first_pause_s` doubles up to `last_pause_s` while it
    waits for the broker."""

    def __init__(
        self,
        door: Door,
        packer: Packer,
        publisher: Publisher,
        watch: Watch,
        *,
        in_force: Callable[[date], bool] = lambda _today: True,
        today: Callable[[], date] = date.today,
        first_pause_s: float = 0.2,
        last_pause_s: float = 10.0,
    ) -> None:
        self._door, self._packer, self._publisher, self._watch = door, packer, publisher, watch
        self._in_force, self._today = in_force, today
        self._first_pause_s, self._last_pause_s = first_pause_s, last_pause_s
        self._worker = ThreadPoolExecutor(1, thread_name_prefix=f"intake-{watch.connector}")
        self._arrived: asyncio.Queue[Delivery | None] = asyncio.Queue(GROUP)
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._sent: dict[int, list[asyncio.Task[None]]] = {}  # id of a job → what must be confirmed before its ack
        self._tails: dict[str, asyncio.Task[None]] = {}  # lane → the settling of its newest delivery
        self._alone: set[str] = set()  # lanes that are settled apart from the others until nothing of theirs is open
        self._by_turns = door if isinstance(door, TakesTurns) else None
        self._handing = Handing(publisher, UNCONFIRMED if self._by_turns is None else UNCONFIRMED_TURNS)
        self._turn = 8  # deliveries that a turn has time for, as it turned out
        self._trouble: str | None = None
        self._unwell = asyncio.Event()
        self._fatal: asyncio.Future[None] | None = None
        self._failure: BaseException | None = None  # of a settling, also of one that ends after the work did

    async def run(self) -> None:
        """Work until the door's iteration ends, then settle what is open. Raises FatalError or ConfigError, never RetryError."""
        self._fatal = asyncio.get_running_loop().create_future()
        self._watch.enter("running")
        tasks = [asyncio.create_task(self._work())]
        if self._by_turns is None:
            tasks.append(asyncio.create_task(self._pull()))
        recovering = asyncio.create_task(self._recover())
        try:
            await asyncio.wait([*tasks, self._fatal], return_when=asyncio.FIRST_EXCEPTION)
            for done in (self._fatal, *tasks):
                if done.done():
                    done.result()
            await asyncio.gather(*self._tails.values())
            if self._failure is not None:
                raise self._failure
            self._watch.enter("stopped")
        finally:
            for task in {*tasks, recovering, *self._tails.values(), *self._handing.open}:
                task.cancel()
            self._fatal.cancel()
            self._worker.shutdown(wait=False, cancel_futures=True)

    async def _pull(self) -> None:
        async for delivery in self._door:
            await self._slots.acquire()
            await self._arrived.put(delivery)
        await self._arrived.put(None)

    async def _work(self) -> None:
        ended = False
        coming = aiter(self._door) if self._by_turns is not None else None
        while not ended:
            if coming is not None:
                await self._slots.acquire()
                group = [await anext(coming, None)]
                await self._until_well()
                group += await self._at_hand(self._most() - 1) if group[0] is not None else []
            else:
                group = [await self._arrived.get()]
                while len(group) < GROUP and not self._arrived.empty():
                    group.append(self._arrived.get_nowait())
                await self._until_well()
            ended = group[-1] is None
            began = monotonic()
            await self._take([delivery for delivery in group if delivery is not None])
            if self._by_turns is not None:
                self._by_turns.hold(rest_s(monotonic() - began))
        assert self._fatal is not None
        if not self._fatal.done():
            self._fatal.set_result(None)

    def _most(self) -> int:
        """Deliveries that one turn begins with."""
        return self._turn if self._by_turns is not None and self._by_turns.mixed() else GROUP

    async def _at_hand(self, most: int, *, anew: bool = False) -> list[Delivery | None]:
        """Whose turn it is now: as many as there are and may be open, up to `most`."""
        found: list[Delivery | None] = []
        assert self._by_turns is not None
        while len(found) < most and not self._slots.locked():
            delivery = self._by_turns.at_hand(anew=anew and not found)
            if delivery is None:
                break
            await self._slots.acquire()
            found.append(delivery)
        return found

    async def _take(self, deliveries: list[Delivery]) -> None:
        """Read these to their end, hand everything to the broker, and leave each to be settled."""
        loop = asyncio.get_running_loop()
        jobs = [self._packer.begin(delivery) for delivery in deliveries]
        try:
            while any(job.records is not None for job in jobs):
                seconds, began = reading_s(self._by_turns), monotonic()
                chunk = await loop.run_in_executor(self._worker, self._packer.chunk, jobs, seconds)
                if (confirmed := await self._handing.over(chunk)) is not None:
                    for job in jobs:  # coarse: it may wait for a neighbour's records of its chunk, never for too few
                        self._sent.setdefault(id(job), []).append(confirmed)
                taken = len(jobs)
                jobs = self._settle_finished(jobs)
                if self._by_turns is not None:
                    await rest(self._by_turns, [job.delivery.lane for job in jobs], monotonic() - began)
                    jobs = await self._next_turn(taken, jobs)
        except RetryError as away:
            self._pause(away)
            for job in jobs:
                job.trouble = away
            self._settle_later(jobs)

    async def _next_turn(self, taken: int, left: list[Job]) -> list[Job]:
        """What of `taken` jobs was left when time ran out, behind those that came meanwhile on other lanes. The one that was cut
        off comes last, with those of its lane behind it: a lane is worked on, and so answered, in its order."""
        assert self._by_turns is not None
        if not left:
            self._turn = min(GROUP, max(self._turn, taken + 1))
            return []
        self._turn = max(1, taken - len(left))
        cut_off = left[0].delivery.lane
        lanes = {job.delivery.lane for job in left}
        waiting = sum(job.delivery.lane != cut_off for job in left)
        most = max(self._turn - waiting, LATE_COMERS if self._by_turns.mixed() else 0)
        came = [self._packer.begin(each) for each in await self._at_hand(most, anew=True) if each is not None]
        first = [job for job in came if job.delivery.lane not in lanes]
        rest = [*left[1:], *(job for job in came if job.delivery.lane in lanes)]
        others = [job for job in rest if job.delivery.lane != cut_off]
        return [*first, *others, left[0], *(job for job in rest if job.delivery.lane == cut_off)]

    def _settle_finished(self, jobs: list[Job]) -> list[Job]:
        """Start settling the jobs that were read to their end; those that were not."""
        self._settle_later([job for job in jobs if job.records is None])
        return [job for job in jobs if job.records is not None]

    def _settle_later(self, jobs: Sequence[Job]) -> None:
        """One task for all of them: one each cost a sixth of the work of a message. But a lane where an answer takes long has its
        own, so that nobody else's waits for that."""
        alone = {job.delivery.lane for job in jobs if getattr(job.delivery, "answered_aside", False)}
        alone |= self._alone & {job.delivery.lane for job in jobs}
        self._settle_together([job for job in jobs if job.delivery.lane not in alone])
        for lane in alone:
            self._alone.add(lane)
            self._settle_together([job for job in jobs if job.delivery.lane == lane])

    def _settle_together(self, jobs: Sequence[Job]) -> None:
        if not jobs:
            return
        open_ones = [(job, self._sent.pop(id(job), []), self._tails.get(job.delivery.lane)) for job in jobs]
        task = asyncio.create_task(self._settle_all(open_ones))
        lanes = {job.delivery.lane for job in jobs}
        self._tails.update(dict.fromkeys(lanes, task))
        task.add_done_callback(lambda done: self._forget(lanes, done))

    def _forget(self, lanes: set[str], done: asyncio.Task[None]) -> None:
        for lane in lanes:
            if self._tails.get(lane) is done:
                del self._tails[lane]
                self._alone.discard(lane)
        if done.cancelled() or (failure := done.exception()) is None:
            return
        self._failure = self._failure or failure
        if self._fatal is not None and not self._fatal.done():
            self._fatal.set_exception(failure)

    async def _settle_all(
        self, open_ones: list[tuple[Job, list[asyncio.Task[None]], asyncio.Task[None] | None]]
    ) -> None:
        """`open_ones`: what must be confirmed for each job, and the settling of what its lane sent before."""
        sent = {task for _, waited, _ in open_ones for task in waited if not task.done()}
        if sent:
            await asyncio.wait(sent)
        for job, waited, before in open_ones:
            if before is not None and not before.done():
                await asyncio.wait([before])
            try:
                await self._settle(job, waited)
            finally:
                self._slots.release()

    async def _settle(self, job: Job, sent: list[asyncio.Task[None]]) -> None:
        trouble = job.trouble or next((failed for task in sent if (failed := task.exception()) is not None), None)
        delivery = job.delivery
        if isinstance(trouble, FatalError | ConfigError):
            raise trouble
        if trouble is not None:
            self._pause(trouble)
            why = "broker-away" if isinstance(trouble, RetryError) else "source-away"
            self._watch.refused(delivery.unit.token, why)
            await self._answered(delivery.refuse(why))
            return
        self._watch.settled(delivery.unit.token, job.receipt)
        await self._answered(delivery.ack(job.receipt))

    async def _answered(self, answer: Awaitable[None]) -> None:
        """A door that fails to answer harms nothing: the sender hears nothing and sends again."""
        try:
            await answer
        except HubError:
            raise
        except Exception as bug:
            self._watch.broken(bug)

    def _pause(self, trouble: BaseException) -> None:
        if isinstance(trouble, RetryError) and self._trouble is None:
            self._trouble = "broker-away"
            self._unwell.set()
            self._watch.enter("paused", self._trouble, trouble)
        elif not isinstance(trouble, RetryError):
            self._watch.broken(trouble)

    async def _recover(self) -> None:
        """See trouble to its end also while nothing arrives: a door may turn senders away until the connector runs again."""
        while True:
            await self._unwell.wait()
            self._unwell.clear()
            await self._until_well()

    async def _until_well(self) -> None:
        """Return when data may be taken in: the agreement is in force and, after trouble, the broker answers again."""
        pause_s = self._first_pause_s
        while True:
            if not self._in_force(self._today()):
                self._watch.enter("paused", NOT_IN_FORCE)
            elif self._trouble is not None:
                self._watch.enter("paused", self._trouble)
                await asyncio.sleep(pause_s)
                if await self._publisher.reachable():
                    self._trouble = None
            if self._trouble is None and self._in_force(self._today()):
                self._watch.enter("running")
                return
            if self._trouble is None:
                await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, self._last_pause_s)
