"""The demo from start to end: a county is made, a stack comes up, three months pass through the doors, the end is judged.

Deliveries go in simulated order, a clock tick before each simulated day; once a simulated week the demo waits until everything is
folded, so that what is shown belongs to the day shown.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from hub.demo.batch import preview_of
from hub.demo.feed import MllpSender, drop
from hub.demo.judge import Observed, compare, judge, widest_gap
from hub.demo.screen import Screen
from hub.demo.stack import DemoStack, make_instance
from hub.demo.words import closing_words
from hub.synthetic.county import County, make_county
from hub.synthetic.deliveries import Delivery
from hub.wiring_bus import ids_of

__all__ = ["DemoResult", "Kill", "run_demo"]

_MLLP = "lab-elr-hl7v2"
_STORY_PATIENCE_S = 20.0


class Kill(NamedTuple):
    """`streams@40%`: kill -9 this role when this share of the deliveries has been sent."""

    role: str
    share: float


@dataclass
class _Moment:
    """What a screen shows."""

    day: date
    sent: int
    share: float
    needs: Counter[tuple[str, str]]
    coverage: Sequence[Mapping[str, Any]]


@dataclass
class DemoResult:
    """The figures of the last object and the closing words."""

    figures: dict[str, Any]
    words: list[str] = field(default_factory=list)


def run_demo(*, people: int, seed: int, instance: Path, screen: Screen, kill: Sequence[Kill] = ()) -> DemoResult:
    """Run to the end and stop the stack; its instance directory stays. ConfigError or RetryError when it cannot be run."""
    began = time.monotonic()
    screen.say(
        f"Making a county of {people:,} people (seed {seed}); all of them are made up, and so is their time: 2021-01 to 2021-03."
    )
    county = make_county(people, seed)
    make_instance(instance, county)
    demo = DemoStack(instance, screen.say)
    try:
        demo.start()
        screen.say(f"The stack is up after {time.monotonic() - began:.0f} s. Its doors are open.")
        sent = _live(demo, county, screen, list(kill))
        observed = demo.observe()
        result = _judged(county, demo, observed, screen)
        result.figures["restarts"] = sum(demo.stack.restarts.values())
        result.figures["seconds"] = round(time.monotonic() - began, 1)
        result.figures["deliveries"] = sent
        return result
    finally:
        demo.close()
        demo.stack.stop()


def _live(demo: DemoStack, county: County, screen: Screen, kills: list[Kill]) -> int:
    """Three simulated months; returns how many deliveries were sent."""
    deliveries = list(county.deliveries())
    sender = MllpSender(demo.settings.host, demo.settings.port(_MLLP))
    story = _Story(county, demo, screen)
    sent = 0
    for day, of_day in _days(deliveries):
        demo.tick(day)
        sent += _send(demo, sender, of_day)
        while kills and sent >= kills[0].share * len(deliveries):
            demo.stack.kill(kills.pop(0).role)
        story.sent(day)
        if day.weekday() == 6:
            demo.settle()
            story.settled(day)
        screen.show(_Moment(day, sent, sent / len(deliveries), demo.watcher.needs(), demo.watcher.coverage()))
    demo.settle()
    demo.tick(county.truth.as_of)
    demo.settle()
    sender.close()
    return sent


def _days(deliveries: Sequence[Delivery]) -> Iterator[tuple[date, list[Delivery]]]:
    for day, of_day in groupby(deliveries, key=lambda delivery: delivery.day):
        yield day, list(of_day)


def _send(demo: DemoStack, sender: MllpSender, deliveries: Sequence[Delivery]) -> int:
    messages: list[bytes] = []
    for delivery in deliveries:
        if delivery.connector == _MLLP:
            assert isinstance(delivery.payload, bytes)
            messages.append(delivery.payload)
        else:
            drop(demo.instance / "inbox" / delivery.connector, delivery.name, delivery.payload)
    sender.send(messages)
    return len(deliveries)


class _Story:
    """One person, followed from the result to the need to the bed."""

    def __init__(self, county: County, demo: DemoStack, screen: Screen) -> None:
        self._story = county.story()
        self._demo, self._say = demo, screen.say
        self._tokens = demo.tokens(self._story.records)
        self._told: set[str] = set()

    def sent(self, day: date) -> None:
        """Everything of this day is on its way: tell of the result, and how soon a need stands."""
        if day != self._story.result_on:
            return
        self._say(f"\n  {self._story.person.given} is one of them, and as made up as the rest.")
        for line in self._story.lines[:2]:
            self._say(f"  {line}")
        began, needs = time.monotonic(), self._needs("open")
        while not needs and time.monotonic() - began < _STORY_PATIENCE_S:
            time.sleep(0.02)
            needs = self._needs("open")
        for line in needs:
            self._say(f"  {line}; {time.monotonic() - began:.1f} s after the result was acknowledged")
        self._say("")

    def settled(self, day: date) -> None:
        """Everything up to this day is folded: tell of the bed once the shelter's export has told it."""
        helped = self._needs("helped") if day > self._story.moved_on and "bed" not in self._told else []
        if helped:
            self._told.add("bed")
            self._say(f"\n  {self._story.lines[2]}; the shelters' weekly export tells it")
            for line in helped:
                self._say(f"  {line}")
            self._say("")

    def _needs(self, state: str) -> list[str]:
        owners = {self._demo.watcher.owner(token) for token in self._tokens} - {None}
        needs = [need for owner in owners if owner for need in self._demo.watcher.needs_of(owner)]
        words = {"place": "a place to isolate", "food": "food"}
        return sorted(
            f"→ {state}: {words[need['support']]}, until {need['until']}, {need['urgency']}"
            for need in needs
            if need["state"] == state
        )


def _judged(county: County, demo: DemoStack, observed: Observed, screen: Screen) -> DemoResult:
    screen.say("Now the same files in one batch, without a broker, to compare.")
    preview = preview_of(county, ids_of(demo.settings), demo.instance)
    differences = compare(observed, preview)
    verdict = judge(observed, county, ids_of(demo.settings))
    gap = widest_gap(observed.measures.values())
    equal = differences.none and not observed.stream_rejected
    figures = {
        "events": observed.events,
        "rejected": sum(observed.rejected.values()),
        "rejected_planted": sum(sum(reasons.values()) for reasons in county.truth.rejected.values()),
        "rejected_reasons": dict(sorted(observed.rejected.items())),
        "people": len(set(observed.owners.values())),
        "needs_open": sum(need["state"] == "open" for need in observed.needs),
        "measures": len(observed.measures),
        "equal_to_preview": equal,
        "differences": differences._asdict(),
        **verdict._asdict(),
        "stream_rejected": observed.stream_rejected,
    }
    words = closing_words(
        people=len(county.people),
        tested=len(county.truth.tested),
        positive=len(county.truth.positive),
        verdict=verdict,
        states=Counter(need["state"] for need in observed.needs),
        gap=gap,
        equal=equal,
    )
    return DemoResult(figures, words)
