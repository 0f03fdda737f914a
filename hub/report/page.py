"""The page of one source: what its tally says, field by field, in the order of the models. Numbers only; no value, no person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from types import MappingProxyType

from hub.domain.events import EVENT_TYPES
from hub.domain.minimum import HALVES, NOTHING, MinimumSet, asked_fields, of_person
from hub.report.delays import CLOCKS, quantile
from hub.report.names import NOWHERE, SETTING
from hub.report.partner import partner_words
from hub.report.parts import About, Arrival, DelayLine, FieldLine, KindPage, Page, ReasonLine
from hub.report.tally import KindTally, Place, Tally

__all__ = ["make_page", "people_fields"]

_SHARES = (0.5, 0.9, 0.99)


def people_fields(kinds: Mapping[str, frozenset[str]], asked: MinimumSet) -> dict[str, frozenset[str]]:
    """By kind, the granted fields that are required or expected: for those, the people who lack them are counted."""
    return {
        kind: frozenset(name for name in asked_fields(kind) if asked.need(kind, name) != "optional")
        for kind in kinds
        if kind in EVENT_TYPES and of_person(kind)
    }


def make_page(tally: Tally, about: About, asked: MinimumSet) -> Page:
    """What `tally` says of the source, held against the minimum data set."""
    kinds = tuple(_kind(kind, tally, about, asked) for kind in EVENT_TYPES if kind in tally.kinds)
    ignored = tally.ignored if about.keeps_ignored else about.aside
    return Page(
        about=about,
        records=tally.records,
        refused=tally.refused_records,
        events=sum(kind.records for kind in kinds),
        rejected=_reasons(tally.rejected, about, tally.places, refused=True),
        ignored=None if ignored is None else _reasons(ignored, about),
        kinds=kinds,
        arrival=_arrival(tally.hours, about),
    )


def _kind(kind: str, tally: Tally, about: About, asked: MinimumSet) -> KindPage:
    counted = tally.kinds[kind]
    told = counted.described or counted.filled["race_ethnicity"] or counted.absences
    elsewhere = of_person(kind) and kind != "person" and "person" in tally.kinds and not told
    return KindPage(
        kind=kind,
        records=counted.records,
        repeats=counted.versions.repeats,
        corrections=counted.versions.corrections,
        withdrawn=counted.withdrawn,
        area_only=counted.area_only if of_person(kind) else 0,
        people=len(counted.people),
        exact=counted.versions.exact and counted.people.exact,
        elsewhere=elsewhere,
        first_on=counted.first_on,
        last_on=counted.last_on,
        fields=tuple(_fields(kind, counted, about, asked, elsewhere)),
        delays=tuple(_delays(kind, counted, asked)),
        absences=_most(counted.absences),
        issues=_most(counted.issues),
    )


def _fields(kind: str, counted: KindTally, about: About, asked: MinimumSet, elsewhere: bool) -> list[FieldLine]:
    lines = []
    for name in asked_fields(kind):
        if elsewhere and name.startswith(("person.", "race_ethnicity")):
            continue
        ask = asked.ask(kind, name)
        if ask is not None and ask.rests_on.startswith(NOTHING):
            ask = None
        sender = about.names.name(kind, name)
        status = "counted" if _granted(kind, name, about) else "not-agreed"
        of = counted.records - counted.unasked[name]
        if status == "counted" and not counted.filled[name]:
            status = "not-in-format" if sender == NOWHERE else status if of else "not-yet"
        if ask is None and (_says_nothing(kind, name) or (status != "counted") or not counted.filled[name]):
            continue
        lacking = counted.lacking.get(name)
        needed = ask is not None and ask.need != "optional" and of_person(kind)
        found = FieldLine(
            field=name,
            sender="" if sender == NOWHERE or sender.startswith(SETTING) else sender,
            need=ask.need if ask else "optional",
            status=status,
            filled=counted.filled[name],
            unmapped=counted.unmapped[name],
            people=(len(lacking) if lacking is not None else 0) if needed and status == "counted" else None,
            people_exact=lacking.exact if lacking is not None else True,
            rests_on=ask.rests_on if ask else "",
            without=ask.without if ask else "",
            standard=ask.standard if ask else "",
            unread=min(counted.unread[name], of - counted.filled[name]),
            places=_words(counted.places.get(name, ())),
            unmapped_places=_words(counted.places.get(f"unmapped {name}", ())),
            of=of,
            theirs=about.names.is_theirs(kind, name),
            setting=sender if sender.startswith(SETTING) else "",
        )  # fmt: skip
        lines.append(found)
    return lines


def _granted(kind: str, name: str, about: About) -> bool:
    """Structure (who, when, which version) is always taken; all else must be named."""
    if name in ("source_person", "occurred_on", "changed_at"):
        return True
    return (name if name not in HALVES else "race_ethnicity") in about.granted.get(kind, ())


def _says_nothing(kind: str, name: str) -> bool:
    """A yes-or-no that is `no` where nothing was said: always filled."""
    own = EVENT_TYPES[kind].model_fields.get(name)
    return name == "person.birth_date_partial" or (own is not None and own.annotation is bool)


def _delays(kind: str, counted: KindTally, asked: MinimumSet) -> list[DelayLine]:
    ask = asked.ask(kind, "occurred_on")
    limit = ask.within_days if ask is not None else None
    found = []
    for name, clock in CLOCKS.items():
        histogram = counted.delays.get(name)
        if not histogram:
            continue
        after = limit if clock.unit == "days" else None
        half, nine_tenths, most = (quantile(histogram, share) or 0 for share in _SHARES)
        late = sum(n for delay, n in histogram.items() if after is not None and delay > after)
        found.append(DelayLine(name, *clock, histogram.total(), half, nine_tenths, most, late, after))
    return found


def _reasons(
    counted: Counter[tuple[str, str]],
    about: About,
    places: Mapping[tuple[str, str], Sequence[Place]] = MappingProxyType({}),
    *,
    refused: bool = False,
) -> tuple[ReasonLine, ...]:
    ordered = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    return tuple(
        ReasonLine(
            reason, field, n, *about.reasons.get(reason.partition(".")[0], ("", "")), partner_words(reason) if refused else "",
            _words(places.get((reason, field), ())),
        )
        for (reason, field), n in ordered
    )  # fmt: skip


def _words(places: Sequence[Place]) -> tuple[str, ...]:
    return tuple(words for _, _, words in places)


def _arrival(hours: Counter[datetime], about: About) -> Arrival | None:
    if not hours:
        return None
    came = sorted(hours)
    gaps = [(later - earlier) // timedelta(hours=1) for earlier, later in pairwise(came)]
    silent = None if about.now is None else max(0, (about.now - came[-1]) // timedelta(hours=1))
    expected = about.expected_every_s / 3_600 if about.expected_every_s else None
    return Arrival(came[0], came[-1], max(gaps, default=0), silent, expected)


def _most(counted: Counter[str]) -> dict[str, int]:
    return dict(sorted(counted.items(), key=lambda each: (-each[1], each[0])))
