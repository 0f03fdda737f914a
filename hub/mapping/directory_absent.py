"""Services that are missing from a later delivery of a directory: they are withdrawn, and stand again where a later one has them.

A delivery is the whole directory where it is its tables, a JSON list, or pages of the API that are all there; each of its entries
read, and at least one of them. One service, one a line, and some of the pages are no directory. Option `absent_services`: `keep`
(nothing is missed) or `withdraw` (every delivery is whole). More missing than `most_absent` of those known, and not only a few
of many: nothing is withdrawn, and somebody is asked.

Which of two deliveries is the later: the day in the name of the file or unit. Of one without it nothing is remembered and it closes
nothing: when its services were last changed does not say when it was made (one that was removed may have been changed last).

Source: social-standards.md R5 and R14 (offer nothing that is inactive or closed); what a full refresh lacks, as HMIS has it (§1.3).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from hub.domain.absent_rows import Gone, Scope, Telling, Told, absent_rank, microseconds, moment
from hub.domain.events import Service
from hub.domain.ids import content_hash
from hub.formats import fhir
from hub.formats.fhir import Broken
from hub.mapping.absences import ABSENT, MOST_ABSENT, held
from hub.mapping.dates import local_time, named_day
from hub.mapping.directory_tables import table_of
from hub.mapping.program import Mapped, MappingContext, Unit, accepted
from hub.mapping.stamp import Stamp

__all__ = ["Delivery", "scope_of"]

_TABLE, _ALL, _EVER = "service", "directory", 1
_SHAPE = ("service", "organization", "site")


def scope_of(unit: Unit, context: MappingContext) -> Scope | None:
    """What a delivery speaks for; None where no name says of which day it is."""
    days = [day.replace(tzinfo=None) for name in (*unit.files, unit.name) if (day := named_day(name)) is not None]
    told = max((at for day in days if (at := local_time(day, context.zone)) is not None), default=None)
    if told is None:
        return None
    made_at = microseconds(told)
    return Scope(
        export=Stamp(context).token("delivery", unit.name, f"{made_at}")[:12],
        made_at=made_at,
        first=_EVER,
        last=_EVER,
        projects=(_ALL,),
        most=float(context.options.get("most_absent", MOST_ABSENT)),
    )


class Delivery:
    """One delivery being read: `seen` takes each outcome, then `outcomes` says what is gone."""

    def __init__(self, unit: Unit, context: MappingContext, telling: Telling) -> None:
        self._unit, self._context, self._telling = unit, context, telling
        self._services, self._sound = 0, True

    def seen(self, mapped: Mapped) -> Mapped:
        """The same."""
        event = mapped.event
        self._sound = self._sound and mapped.outcome != "rejected"
        if isinstance(event, Service):
            self._services += 1
            day = event.occurred_on.toordinal() if event.occurred_on else 0
            shape = json.dumps([getattr(event, name) for name in _SHAPE], separators=(",", ":"))
            changed = microseconds(event.changed_at)
            key = event.fact_key
            self._telling.fact(Told(key, key, _TABLE, _ALL, _EVER, _EVER, day, changed, True, shape))
        return mapped

    def outcomes(self) -> Iterator[Mapped]:
        """Withdrawals, or that so much is missing that somebody is asked."""
        ended = self._telling.end(frozenset({_TABLE} if self._services and self._sound and self._whole() else ()))
        for each in ended.held:
            yield held(each, self._unit.name)
        for gone in ended.gone:
            yield accepted(self._withdrawn(gone), {"file": self._unit.name}, b"")._replace(issues=(ABSENT,))

    def _whole(self) -> bool:
        wanted = str(self._context.options.get("absent_services", "as-told"))
        if wanted != "as-told":
            return wanted == "withdraw"
        files = self._unit.files
        return any(table_of(file) == _TABLE for file in files) or _all_of_it(
            [
                each.body
                for file in files
                for each in fhir.documents(self._unit.data(file))
                if not isinstance(each, Broken)
            ]
        )

    def _withdrawn(self, gone: Gone) -> Service:
        told: Mapping[str, Any] = dict(zip(_SHAPE, json.loads(gone.shape), strict=True))
        fields = Stamp(self._context).fields(
            gone.fact,
            source_person=None,
            changed_at=moment(gone.changed),
            status_rank=absent_rank(gone.made_at),
            content=content_hash(ABSENT),
            occurred_on=date.fromordinal(gone.day) if gone.day else None,
            active=False,
        )
        return Service(**fields, **told, status="unknown", offered=False)


def _all_of_it(documents: list[Any]) -> bool:
    """Whether documents are lists, or pages of one listing that are all there."""
    if documents and all(isinstance(body, list) for body in documents):
        return True
    pages = [body for body in documents if isinstance(body, dict) and isinstance(body.get("contents"), list)]
    told = [(body.get("page_number"), body.get("total_pages")) for body in pages]
    if not told or len(pages) != len(documents) or any(type(number) is not int for each in told for number in each):
        return False
    numbers = set(told)
    return numbers == {(number, len(numbers)) for number in range(1, len(numbers) + 1)}
