"""Vaccine supply: doses allocated, delivered, administered, wasted and on hand, one row a site, product and period or shipment.

Each count of a row is an event of its own, known by (PIN, product, period, which count), so whatever is sent again or corrected
replaces what was told before and never doubles it. A shipment is known by its number (else its order's), lot and product: one
that is corrected to another site moves there, and one not delivered, or no more, withdraws the delivery. The version is the
row's own change time, else its as-of day, else the day in the name of its file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Any, NamedTuple

from hub.domain.events import VaccineSupply
from hub.domain.ids import content_hash
from hub.domain.provider_pin import pin_of
from hub.formats.delimited import Row, RowFault, Table, open_table
from hub.formats.errors import ParseError
from hub.mapping.cells import written
from hub.mapping.dates import named_day
from hub.mapping.labs_csv_dates import Moment, moment
from hub.mapping.options import KnownOptions, state, zone
from hub.mapping.places import counties_of_zip, county_fips, postal_code, state_code
from hub.mapping.program import (
    CHANGED_AHEAD,
    Alone,
    Mapped,
    MappingContext,
    NotMapped,
    Program,
    Unit,
    accepted,
    guarded,
    ignored,
    is_ahead,
    unreadable,
)
from hub.mapping.stamp import Stamp
from hub.mapping.supply_header import COUNTS, DELIMITERS, PRODUCT, STOCK, TO_DATE, Header, header_of
from hub.mapping.supply_values import Product, Span, count, product, span
from hub.mapping.workbooks import delimited_text, sheets_not_read

__all__ = ["PROGRAM", "Supply"]

KIND = VaccineSupply.kind
_WEEK = timedelta(days=6)
_LONGEST_NAME = 120
_PENDING, _ARRIVED, _CANCELLED = 0, 1, 2
_GONE = frozenset({"cancelled", "canceled", "void", "voided", "returned", "rejected", "lost", "deleted"})
_PLANS = frozenset({"allocated", "allocated_to_date"})


class Supply(KnownOptions):
    """Program `vaccine-supply`.

    Options: `timezone`, the zone of change times sent without one; `state`, of sites whose row names none (USPS code or word).
    """

    name = "vaccine-supply"
    alone: Alone = "headed"
    known = MappingProxyType({"timezone": zone, "state": state})

    def read(self, unit: Unit, context: MappingContext) -> Iterator[Mapped]:
        """Every row of every file; a file whose header tells of no supply is one rejected outcome."""
        stamp = Stamp.of(context)
        for file, content in unit.files.items():
            try:
                table = open_table(delimited_text(content), delimiters=DELIMITERS)
                header = header_of(table.names)
            except ParseError as error:
                yield unreadable(error, {"file": file}, b"")
                continue
            mapper, head, empty = _Mapper(file, header, stamp, context), table.header(), True
            for mapped in guarded(table.rows(), mapper.map_row, mapper.locate, KIND):
                empty = False
                yield mapped._replace(head=head, unread=header.unknown)
            if empty:
                yield ignored("no-rows", {"file": file}, b"", KIND)
            yield from sheets_not_read(file, content, _opened)


def _opened(head: bytes) -> Table:
    """The first rows of a table of supply. ParseError for any other."""
    table = open_table(head, delimiters=DELIMITERS)
    header_of(table.names)
    return table


class _Told(NamedTuple):
    """One count of a row. `doses` None: the shipment is not there. `apart`: what names a part (shipment, lot) of the whole."""

    measure: str
    doses: int | None
    days: Span | None
    apart: tuple[str, ...]
    rank: int


class _Site(NamedTuple):
    pin: str
    county: str | None
    zip: str | None
    name: str | None


class _Mapper:
    def __init__(self, file: str, header: Header, stamp: Stamp, context: MappingContext) -> None:
        self._file, self._header, self._stamp = file, header, stamp
        self._zone: tzinfo = context.zone
        self._today, self._state = context.today, str(context.options.get("state", ""))
        self._told_on = context.not_ahead(named_day(file))
        self._versions: dict[str, tuple[datetime | None, int, str]] = {}

    def locate(self, row: Row | RowFault) -> tuple[Mapping[str, str | int], bytes]:
        return {"file": self._file, "row": row.number}, row.raw

    def map_row(self, row: Row | RowFault) -> list[Mapped]:
        where, raw = self.locate(row)
        if isinstance(row, RowFault):
            return [unreadable(row.error, where, raw)]
        cells = {
            field: next((told for name in names if (told := written(row.cells[name]))), "")
            for field, names in self._header.columns.items()
        }
        events = self._events(cells)
        self._versions.update((event.fact_key, _version(event)) for event in events)
        return [accepted(event, where, raw) for event in events]

    def _events(self, cells: Mapping[str, str]) -> list[VaccineSupply]:
        site, site_issues = self._site(cells)
        cvx, ndc, word = (cells.get(name, "") for name in PRODUCT)
        what = product(cvx, ndc, word, self._column(*PRODUCT))
        updated, as_of = self._moment(cells, "updated"), self._moment(cells, "as_of")
        ahead = updated is not None and is_ahead(updated.at, self._today())
        changed = as_of if ahead else updated or as_of
        changed_at = changed.at if changed is not None else self._told_on
        issues = (
            *((CHANGED_AHEAD,) if ahead else ()),
            *site_issues,
            *what.issues,
            *(() if changed_at else ("no-change-time",)),
        )
        if self._header.unknown:
            issues = (*issues, "unknown-column")
        told = [*self._shipment(cells, what), *self._counts(cells)]
        if not told:
            raise NotMapped("nothing-counted", "ignored")
        events = [self._event(each, site, what, changed_at, issues) for each in told]
        for event in events:
            if self._versions.get(event.fact_key, _version(event)) != _version(event) and (
                self._versions[event.fact_key][:2] == _version(event)[:2]
            ):
                raise NotMapped("counted-twice")
        return events

    def _site(self, cells: Mapping[str, str]) -> tuple[_Site, tuple[str, ...]]:
        """Whose doses. The county is the one told, else that of a ZIP which lies in one alone."""
        pin = pin_of(cells["pin"])
        if pin is None:
            raise NotMapped("not-a-pin" if cells["pin"] else "missing-key", field=self._column("pin"))
        told = cells.get("county", "")
        state = state_code(cells.get("state") or self._state)
        county = county_fips(told, state)
        zipcode = postal_code(cells.get("postal_code", ""), state)
        within = counties_of_zip(zipcode) if zipcode and county is None else frozenset()
        issues = ("unknown-county",) if told and county is None else ()
        return _Site(pin, next(iter(within)) if len(within) == 1 else county, zipcode, _named(cells)), issues

    def _shipment(self, cells: Mapping[str, str], what: Product) -> list[_Told]:
        """The delivery of a shipment; withdrawn where it did not arrive (yet)."""
        if not self._header.shipments:
            return []
        doses = self._count(cells, "delivered")
        if doses is None:
            doses = self._count(cells, "shipped")
        gone = cells.get("status", "").casefold() in _GONE
        if doses is None and not gone:
            return []
        number = cells.get("shipment") or cells.get("order", "")
        if not number:
            raise NotMapped("missing-key", field=self._column("shipment", "order"))
        arrived = self._moment(cells, "delivered_on")
        if arrived is not None and arrived.day > self._today():
            raise NotMapped("date-in-the-future", field=self._column("delivered_on"))
        apart = (number, cells.get("lot", ""), what.key)
        if gone or arrived is None:
            return [_Told("delivered", None, None, apart, _CANCELLED if gone else _PENDING)]
        days = span(arrived.day, arrived.day, self._column("delivered_on"))
        return [_Told("delivered", doses, days, apart, _ARRIVED)]

    def _counts(self, cells: Mapping[str, str]) -> list[_Told]:
        found = []
        lot = (cells["lot"],) if cells.get("lot") else ()
        for measure in COUNTS:
            if measure == "delivered" and self._header.shipments:
                continue
            doses = self._count(cells, measure)
            if doses is None:
                continue
            days = self._days(cells)
            if days.last > self._today() and measure not in _PLANS:
                raise NotMapped("date-in-the-future", field=self._column("period_until", "week_until", "as_of"))
            if measure == STOCK:
                days = Span(days.last, days.last)
            found.append(_Told(measure, doses, days, lot, _ARRIVED))
        return found

    def _count(self, cells: Mapping[str, str], measure: str) -> int | None:
        return count(cells.get(measure, ""), self._column(measure))

    def _days(self, cells: Mapping[str, str]) -> Span:
        """Which days the counts of a row are of: its period, its week, else the one day it is as of."""
        week_from, week_until = self._day(cells, "week_from"), self._day(cells, "week_until")
        first, last = self._day(cells, "period_from") or week_from, self._day(cells, "period_until") or week_until
        if first is None and last is None:
            first = last = self._day(cells, "as_of")
        elif last is None and week_from is not None:
            last = self._days_off(week_from, _WEEK, "week_from")
        elif first is None and week_until is not None:
            first = self._days_off(week_until, -_WEEK, "week_until")
        at = self._column("period_until", "week_until", "week_from", "as_of", "period_from")
        return span(first, last, at)

    def _days_off(self, day: date, days: timedelta, field: str) -> date:
        """NotMapped (`bad-date`) where no date is: senders write 9999-12-31 who mean never."""
        try:
            return day + days
        except OverflowError:
            raise NotMapped("bad-date", field=self._column(field)) from None

    def _event(
        self, told: _Told, site: _Site, what: Product, changed_at: datetime | None, issues: tuple[str, ...]
    ) -> VaccineSupply:
        to_date = told.measure in TO_DATE
        measure, days = told.measure.removesuffix("_to_date"), told.days
        first = None if days is None or to_date else days.first
        last = None if days is None else days.last
        shipped = measure == "delivered" and self._header.shipments and not to_date
        if shipped:
            key: tuple[str, ...] = ("shipment", *told.apart)
        else:
            when = "to-date" if to_date else f"{first}/{last}"
            key = (site.pin, what.key, when, measure, *told.apart)
        rank = told.rank
        if to_date and last is not None:  # a total replaces that of an earlier day, whenever either was sent
            rank = int(changed_at.timestamp()) if changed_at is not None else 0
            changed_at = datetime(last.year, last.month, last.day, tzinfo=UTC)
        if shipped and told.doses is None:
            issues = (*issues, "not-delivered")
        fields: dict[str, Any] = {
            "provider_pin": site.pin,
            "cvx": what.cvx,
            "ndc": what.ndc,
            "covid": what.covid,
            f"doses_{measure}": told.doses,
            "period_from": first,
            "period_until": last,
            "county": site.county,
            "postal_code": site.zip,
            "issues": tuple(dict.fromkeys(issues)),
        }
        return VaccineSupply(
            **self._stamp.fields(
                self._stamp.fact_key(KIND, *key),
                source_person=None,
                changed_at=changed_at,
                status_rank=rank,
                content=content_hash(what.key, *(f"{name}={value}" for name, value in sorted(fields.items()))),
                occurred_on=last,
                active=told.doses is not None,
            ),
            site=self._stamp.site(site.pin),
            site_name=site.name,
            part_key=self._stamp.token("supply-part", *told.apart) if told.apart else None,
            **fields,
        )

    def _column(self, *fields: str) -> str:
        return self._header.column(*fields)

    def _moment(self, cells: Mapping[str, str], field: str) -> Moment | None:
        """NotMapped (`bad-date`) for what is no date."""
        text = cells.get(field, "")
        found = moment(text, self._zone)
        # of a number nobody says whose weeks it counts, and from which year
        if text and (found is None or found.serial):
            raise NotMapped("bad-date", field=self._column(field))
        return found

    def _day(self, cells: Mapping[str, str], field: str) -> date | None:
        found = self._moment(cells, field)
        return found.day if found is not None else None


def _named(cells: Mapping[str, str]) -> str | None:
    """What a row calls its site. It is no part of what is counted: alone, it makes no new version."""
    return cells.get("site_name", "")[:_LONGEST_NAME] or None


def _version(event: VaccineSupply) -> tuple[datetime | None, int, str]:
    return event.changed_at, event.status_rank, event.content_hash


PROGRAM: Program = Supply()
