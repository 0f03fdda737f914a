"""Bed lists: who sleeps in which shelter on one night, from shelters whose HMIS export comes weekly.

A row is a bed night: presence at that shelter from that night until the next (social-standards.md R8). A list says its night anew,
so whoever stood on yesterday's and is not on tonight's is not there tonight, at that shelter alone: no row is ever read as a word
about another shelter, and a list that does not come leaves nobody present. Absence from a second list of the same night withdraws
nothing (R5: only where an agreement says so); a row that says who left, or never came, does.

A list that says how many beds a site has (a column such as `Capacity`, or each vacant bed by number) tells the site too: free beds
are those less who is there (hub.mapping.rosters_beds). A row that cannot be read may be somebody who is there: it frees no bed.

Refused without a body, before anything else of the row is looked at (R20): rows of victim service providers, told by their
column (what is no clear no counts as yes, and a blank where another row of the list says so of the same shelter), by the kind of
shelter, by TargetPopulation 1 or HMISParticipationType 2, or by the connector's settings. Somebody who is fleeing carries the
label SDV, and their night names neither site nor household.

Options beside those of hub.mapping.lists: `isolation_sites`, `victim_service_sites` (ids or names as the list has them), `state`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from typing import cast

from hub.domain.events import ShelterStay, SiteKind
from hub.mapping.lists import Line, Lister, ListKind, ListProgram
from hub.mapping.lists_person import Somebody, somebody
from hub.mapping.lists_values import plain_word
from hub.mapping.program import (
    Mapped,
    NotMapped,
    Program,
    accepted,
    hard_stop,
    ignored,
)
from hub.mapping.rosters_beds import RosterBeds, SiteNight

__all__ = ["LIST", "PROGRAM"]

LIST = ListKind(
    "shelter-roster-csv",
    ShelterStay.kind,
    (("bed", "checked_in", "vsp"), ("night",), ("site",), ("person", "full_name", "family_name", "bed")),
    guards=frozenset({"vsp", "site_type", "population", "participation"}),
    options=frozenset({"isolation_sites", "victim_service_sites"}),
    voided=("status", "no show"),
)
_STOP = "victim-service-provider"
_PRESENT, _GONE = 1, 2
_VSP = "victim-service"
_NAMES = ("person", "full_name", "family_name", "filters")
_NOBODY = frozenset({"empty", "closed"})
"""Words of a bed without anybody: vacant, or out of service."""
_DAY_ONLY = "day"
_MOST_DIGITS = 5


class _Mapper:
    def __init__(self, lister: Lister) -> None:
        self._lister, self._stamp = lister, lister.stamp
        options = lister.context.options
        self._state = str(options.get("state", ""))
        self._isolation = _names(options.get("isolation_sites"))
        self._stopped = _names(options.get("victim_service_sites"))
        self._called_so: set[str] = set()
        self._people: dict[str, tuple[str, ...]] = {}
        self._shared: set[str] = set()
        self._beds = RosterBeds(lister.stamp)

    def look(self, line: Line) -> None:
        """Note which shelters this list calls victim service providers, and which ids it has for two people: two names or birth
        dates, both told."""
        if self._may_not_hold(line):
            self._called_so.update(_names([line["site"], line["site_name"]]))
            return
        who = somebody(line, self._state)
        if who.key[0] != "id" or not who.named[0]:
            return
        known = self._people.setdefault(who.key[1], who.named)
        if any(one != other for one, other in zip(known, who.named, strict=True) if one and other):
            self._shared.add(who.key[1])

    def map_line(self, line: Line) -> list[Mapped]:
        if self._may_not_hold(line):
            return [hard_stop(_STOP, line.where, ShelterStay.kind)]
        try:
            return self._mapped(line)
        except NotMapped:
            self._not_read(line)
            raise

    def missed(self) -> None:
        """A row that is none: it may be anybody, at any site of the list."""
        self._beds.missed("", None)

    def _mapped(self, line: Line) -> list[Mapped]:
        status = line.word("status") or ("unmapped" if line["status"] else "present")
        if status in _NOBODY or not (any(line[field] for field in (*_NAMES, "status")) or line.unnamed(*_NAMES)):
            place = self._site(line)
            if place is not None:
                place.is_empty(line["bed"] if status == "empty" else "")
            return [ignored("empty-bed", line.where, line.raw, ShelterStay.kind)]
        night = line.past_day("night")
        if night is None:
            raise NotMapped("missing-key", field=line.column("night"))
        if status == "unmapped":
            raise NotMapped("unmapped-code", field=line.column("status"))
        site, who = line.needed("site"), somebody(line, self._state)
        if not who.key[0]:
            bed = line.needed("bed")
            native: tuple[str, ...] = (site, f"{night}", "bed", bed)
        else:
            self._one_person(line, who)
            native = (site, f"{night}", *who.key)
        mapped, place = self._night(line, native, site, night, who, status), self._site(line)
        if place is not None and mapped.event is not None:
            counted = bool(who.key[0]) and "SDV" not in mapped.event.labels
            place.is_told(native, line["bed"], there=mapped.event.active, counted=counted)
        return [mapped]

    def _not_read(self, line: Line) -> None:
        """Somebody whom this row tells of, nobody knows what."""
        if line.word("status") in _NOBODY:
            return
        night: date | None = None
        with suppress(NotMapped):
            night = line.past_day("night")
            if (place := self._site(line)) is not None:
                place.unread += 1
                return
        self._beds.missed(line["site"], night)

    def finish(self) -> Iterator[Mapped]:
        """The sites that the list told of."""
        return self._beds.events()

    def _site(self, line: Line) -> SiteNight | None:
        """The beds of this row's site; None where it names no site or night."""
        site, night, text = line["site"], line.past_day("night"), line["capacity"]
        if text and (not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS):
            raise NotMapped("not-a-count", field=line.column("capacity"))
        if not site or night is None:
            return None
        found = self._beds.on(site, night, lambda: SiteNight(line.where, *self._kind(line)))
        if text:
            found.says_beds(int(text))
        return found

    def _may_not_hold(self, line: Line) -> bool:
        """True where the row is a victim service provider's, or cannot be told not to be."""
        if line["vsp"] and line.word("vsp") != "no":
            return True
        if any(line.word(field) == _VSP for field in ("site_type", "population", "participation")):
            return True
        here = _names([line["site"], line["site_name"]])
        return bool(here & self._stopped) or (not line["vsp"] and not here.isdisjoint(self._called_so))

    def _one_person(self, line: Line, who: Somebody) -> None:
        """NotMapped (`duplicate-key`) where this list has the same id for somebody else: none of its rows is anybody's (R3)."""
        if who.key[0] == "id" and who.key[1] in self._shared:
            raise NotMapped("duplicate-key", field=line.column("person"))

    def _night(self, line: Line, native: tuple[str, ...], site: str, night: date, who: Somebody, status: str) -> Mapped:
        left_on, entered = line.past_day("checked_out"), line.day("checked_in")
        gone = status == "gone" or (left_on is not None and left_on <= night)
        kind, overnight = self._kind(line)
        issues = (
            *who.issues,
            *(("left-before-night",) if gone else ()),
            *(("entered-after-night",) if entered is not None and entered > night else ()),
            *(("unknown-site-type",) if line["site_type"] and line.word("site_type") is None else ()),
        )
        fleeing = bool(line["fleeing"]) and line.word("fleeing") != "no"
        household = line["household"]
        event = ShelterStay(
            **self._stamp.fields(
                self._stamp.fact_key("bed-night", *native),
                source_person=self._stamp.person(*who.key) if who.key[0] else None,
                changed_at=line.changed(),
                status_rank=_GONE if gone else _PRESENT,
                content=line.content(kind, str(overnight)),
                occurred_on=night,
                active=not gone,
                labels=("SDV",) if fleeing else (),
            ),
            person=who.block,
            county_source=who.county_source,
            stay="night",
            presence=overnight,
            site=self._stamp.token("site", "withheld") if fleeing else self._stamp.site(site),
            site_kind=kind,
            entered_on=night,
            household=self._stamp.token("household", household) if household and not fleeing else None,
            issues=issues,
            known_as_of=night,
            current_until=self._lister.context.current_until(night),
        )
        return accepted(event, line.where, line.raw)

    def _kind(self, line: Line) -> tuple[SiteKind, bool]:
        """What kind of site, and whether people sleep there. The connector's settings go before the list's word."""
        if {*_names([line["site"], line["site_name"]])} & self._isolation:
            return "isolation", True
        word = line.word("site_type")
        if word == _DAY_ONLY:
            return "other", False
        return cast(SiteKind, word) if word else "congregate", True


def _names(given: object) -> frozenset[str]:
    return (
        frozenset(plain_word(str(name)) for name in given if name) if isinstance(given, list | tuple) else frozenset()
    )


PROGRAM: Program = ListProgram(LIST, _Mapper)
