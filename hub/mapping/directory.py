"""Resource directories in HSDS 3.0 (Open Referral), as JSON or as tables: a service at each of its places, to service events.

Of a service only what the event needs is read and kept: contacts, telephones, descriptions and alerts, which name staff, are not.
Offered is what is active, or of no told status, and not known to be without capacity; what is inactive, defunct or
temporarily closed never is (social-standards.md R14). Which of two words is later: hub.mapping.directory_times; what a later
delivery leaves out: hub.mapping.directory_absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from hub.domain.events import Service
from hub.domain.ids import content_hash
from hub.mapping import directory_words as words
from hub.mapping.absences import remembering
from hub.mapping.area import Area, area
from hub.mapping.directory_absent import Delivery, scope_of
from hub.mapping.directory_documents import Told, read_documents
from hub.mapping.directory_kept import kept
from hub.mapping.directory_tables import Joined, read_tables, table_of
from hub.mapping.directory_times import changed_at, dated, rank
from hub.mapping.options import KnownOptions, one_of, share, state, zone
from hub.mapping.program import (
    Alone,
    Mapped,
    MappingContext,
    NotMapped,
    Program,
    Unit,
    accepted,
    guarded,
)
from hub.mapping.stamp import Stamp
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["PROGRAM", "Directory"]

KIND = Service.kind
_LONGEST_NAME = 120


class Directory(KnownOptions):
    """Program `hsds-directory`. Options: `timezone`, of times sent without one; `state`, of addresses that name none;
    `absent_services` (as-told, withdraw, keep) and `most_absent` (a share), of services that are missing."""

    name = "hsds-directory"
    alone: Alone = "record"
    known = MappingProxyType({
        "timezone": zone, "state": state, "most_absent": share, "absent_services": one_of("as-told", "withdraw", "keep"),
    })  # fmt: skip

    def read(self, unit: Unit, context: MappingContext) -> Iterator[Mapped]:
        """Every service of every document, then those of the tables; then those that are not there any more, where somebody
        remembers what was told before."""
        items = _items(unit, context)
        scope = scope_of(unit, context) if context.memory is not None else None
        if context.memory is None or scope is None:
            yield from _mapped(items, context)
            return
        with context.memory.telling(scope) as telling:
            delivery = Delivery(unit, context, telling)
            yield from map(delivery.seen, _mapped(items, remembering(context, scope, telling)))
            yield from delivery.outcomes()


_Item = Told | Joined | Mapped


def _items(unit: Unit, context: MappingContext) -> Iterator[_Item]:
    tables = {file: table for file in unit.files if (table := table_of(file))}
    for file in unit.files:
        if file not in tables:
            yield from dated(read_documents(unit, file), (file, unit.name), context.zone)
    if tables:
        yield from dated(read_tables(unit, tables), (*tables, unit.name), context.zone)


def _mapped(items: Iterable[_Item], context: MappingContext) -> Iterator[Mapped]:
    return guarded(items, _Mapper(context).map_item, _locate, KIND)


def _locate(item: _Item) -> tuple[Mapping[str, str | int], bytes]:
    if isinstance(item, Mapped):
        return item.where, item.raw
    return item.where, kept(item.service if isinstance(item, Joined) else item.body)


class _Mapper:
    def __init__(self, context: MappingContext) -> None:
        self._context, self._stamp = context, Stamp.of(context)
        self._state = str(context.options.get("state", ""))

    def map_item(self, item: _Item) -> list[Mapped]:
        if isinstance(item, Mapped):
            return [item]
        where, raw = _locate(item)
        body = item.service if isinstance(item, Joined) else item.body
        if not isinstance(body, dict):
            raise NotMapped("not-a-service")
        if not text(body.get("id")):
            raise NotMapped("missing-key", field="id")
        places = [place for place in listed(body.get("service_at_locations")) if _place_id(place)] or [{}]
        return [accepted(self._service(body, place), where, raw) for place in places]

    def _service(self, service: Json, place: Json) -> Service:
        number, there = text(service["id"]), _place_id(place)
        status, odd = words.status(text(service.get("status")))
        free, terms = words.capacity(service), words.terms(service)
        youngest, odd_youngest = words.age(service.get("minimum_age"))
        oldest, odd_oldest = words.age(service.get("maximum_age"))
        location = place.get("location")
        schedules = [
            *listed(place.get("schedules")),
            *(listed(location.get("schedules")) if isinstance(location, dict) else []),
        ]
        schedules = schedules or listed(service.get("schedules"))
        home = self._area(location) if isinstance(location, dict) else area(self._state, "")
        name = text(service.get("name"))[:_LONGEST_NAME]
        offered = (status == "active" or not text(service.get("status"))) and free != "no-capacity"
        at = self._context.not_ahead(changed_at(service, self._context.zone))
        untold = () if at is not None else ("no-change-time",)
        fields: dict[str, Any] = {
            "status": status,
            "capacity": free,
            "offered": offered,
            "categories": words.categories(terms, name),
            "taxonomy": words.term_codes(terms),
            "schedule": words.hours(schedules),
            "minimum_age": youngest,
            "maximum_age": oldest,
            "languages": words.languages(service),
            "county": home.county,
            "postal_code": home.postal_code,
            "valid_until": words.last_day(schedules),
            "name": name or None,
            "issues": (*odd, *odd_youngest, *odd_oldest, *home.issues, *untold),
        }
        return Service(
            **self._stamp.fields(
                self._stamp.fact_key(KIND, number, there),
                source_person=None,
                changed_at=at,
                status_rank=rank(status, offered=offered),
                content=content_hash(*(f"{each}={value}" for each, value in sorted(fields.items()))),
                occurred_on=at.date() if at is not None else None,
            ),
            service=self._stamp.token(KIND, number),
            organization=self._organization(service),
            site=self._stamp.site(f"location {there}" if there else f"service {number}"),
            **fields,
        )

    def _organization(self, service: Json) -> str | None:
        told = service.get("organization")
        number = text(told.get("id")) if isinstance(told, dict) else ""
        number = number or text(service.get("organization_id"))
        return self._stamp.token("organization", number) if number else None

    def _area(self, location: Json) -> Area:
        """Of the physical address, else of the first."""
        addresses = listed(location.get("addresses"))
        physical = [each for each in addresses if text(each.get("address_type")) == "physical"]
        told = next(iter(physical or addresses), {})
        county = text(told.get("county")) or text(told.get("region"))
        return area(text(told.get("state_province")) or self._state, text(told.get("postal_code")), county)


def _place_id(place: Json) -> str:
    location = place.get("location")
    return (
        (text(location.get("id")) if isinstance(location, dict) else "")
        or text(place.get("location_id"))
        or text(place.get("id"))
    )


PROGRAM: Program = Directory()
