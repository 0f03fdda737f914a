"""Redrive: read dead letters again, and publish what their connector would publish today.

Promises, also when killed at any moment and started anew:
- an event that stands on its topic already is not published a second time: ids are deterministic and looked up first;
- a letter is marked only after the broker confirmed all that came of it; what was confirmed and not marked is found by its ids;
- letters are worked on in the order they arrived, one chunk confirmed before the next, so a person's events keep their order.

One redrive at a time (the caller holds a lock); a door that takes the same record in meanwhile may write the same id again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol

from hub import __version__
from hub.bus.dead_letter import Kept, Redriven
from hub.bus.producer import OutRecord
from hub.domain.events import Event
from hub.errors import Reject
from hub.mapping.program import Mapped
from hub.redrive.letters import Letter

__all__ = ["Again", "Pace", "Ports", "Verdict", "judge", "redrive"]

CHUNK = 100
Result = Literal["event", "ignored", "rejected"]
_NOTHING = "needs-its-file"


class Verdict(NamedTuple):
    """What today's mapping makes of a letter. `reason` is the new one; `events` are as agreed, not yet sealed. Some may be
    there although the result is `rejected`: a message holds several records. `issues`: by event id, beside those it holds."""

    letter: Letter
    result: Result
    reason: str | None
    events: tuple[Event, ...] = ()
    kept: Kept | None = None
    issues: Mapping[str, tuple[str, ...]] = MappingProxyType({})


class Again(Protocol):
    """Opens and reads one letter; what the agreement does not let through comes as ignored. Reject where it cannot."""

    def __call__(self, letter: Letter) -> tuple[Kept, list[Mapped]]: ...


class Ports(Protocol):
    """The bus, as redrive needs it. Both return when the broker has confirmed, or raise RetryError."""

    mapping_version: int

    def pack(self, verdict: Verdict, new: Sequence[Event]) -> list[OutRecord]:
        """Sealed and encoded as intake does it: `new` and, once, their original. Reject for what cannot be encoded."""

    def publish(self, records: Sequence[OutRecord]) -> None: ...
    def mark(self, marks: Sequence[Redriven]) -> None: ...


class Pace:
    """At most `rate` letters a second; no limit for None. `clock` and `sleep` in seconds."""

    def __init__(
        self,
        rate: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._every = 1 / rate if rate else 0.0
        self._clock, self._sleep = clock, sleep
        self._next = clock()

    @property
    def chunk(self) -> int:
        """Letters confirmed together: about one second's worth, so that a rate is not a burst."""
        return CHUNK if not self._every else max(1, min(CHUNK, int(1 / self._every)))

    def __call__(self) -> None:
        """Wait for the next letter's turn."""
        if self._every:
            self._next = max(self._next, self._clock() - self._every)
            if (wait := self._next - self._clock()) > 0:
                self._sleep(wait)
            self._next += self._every


def judge(letter: Letter, again: Again) -> Verdict:
    """What would become of `letter` now."""
    try:
        kept, found = again(letter)
    except Reject as why:
        return Verdict(letter, "rejected", why.reason)
    events = tuple(mapped.event for mapped in found if mapped.event is not None)
    issues = {mapped.event.event_id: mapped.issues for mapped in found if mapped.event is not None}
    refused = next((mapped.reason for mapped in found if mapped.outcome == "rejected"), None)
    if refused is not None:
        return Verdict(letter, "rejected", refused, events, kept, issues)
    if events:
        return Verdict(letter, "event", None, events, kept, issues)
    ignored = next((mapped.reason for mapped in found if mapped.outcome == "ignored"), None)
    return Verdict(letter, "ignored" if ignored else "rejected", ignored or _NOTHING, (), kept)


def redrive(
    letters: Iterable[Letter],
    again: Again,
    published: set[str],
    ports: Ports,
    pace: Pace,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[tuple[Verdict, int]]:
    """Work through `letters`; gives each verdict and how many events were published for it, after it was marked.

    `published`: ids of events that stand on the bus already; what is published is added. RetryError leaves everything for
    the next run.
    """
    chunk: list[Letter] = []
    for letter in letters:
        chunk.append(letter)
        if len(chunk) == pace.chunk:
            yield from _chunk(chunk, again, published, ports, pace, now)
            chunk = []
    yield from _chunk(chunk, again, published, ports, pace, now)


def _chunk(
    letters: Sequence[Letter],
    again: Again,
    published: set[str],
    ports: Ports,
    pace: Pace,
    now: Callable[[], datetime],
) -> list[tuple[Verdict, int]]:
    done: list[tuple[Verdict, int]] = []
    out: list[OutRecord] = []
    for letter in letters:
        pace()
        verdict = judge(letter, again)
        new = [event for event in verdict.events if event.event_id not in published]
        new = list({event.event_id: event for event in new}.values())
        try:
            out += ports.pack(verdict, new)
        except Reject as why:
            verdict, new = Verdict(letter, "rejected", why.reason), []
        published.update(event.event_id for event in new)
        done.append((verdict, len(new)))
    if out:
        ports.publish(out)
    if done:
        ports.mark([_mark(verdict, ports.mapping_version, now()) for verdict, _ in done])
    return done


def _mark(verdict: Verdict, mapping_version: int, at: datetime) -> Redriven:
    return Redriven(
        letter=verdict.letter.id,
        connector=verdict.letter.rejected.connector,
        result=verdict.result,
        reason=verdict.reason,
        events=tuple(event.event_id for event in verdict.events),
        redriven_at=at,
        hub_version=__version__,
        mapping_version=mapping_version,
    )
