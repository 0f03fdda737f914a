"""What the rows of an HRSN CSV set need of each other: consent, visit flags, whose a row is, the items of a score.

The files are joined on PAT_MRN_ID. A medical record number is unique within its facility only: rows that name another facility
than the demographics do are not theirs; a row (or file) that names none is, where the set has one facility for that number.

Source: New York 1115 HRSN screening set (social-standards.md §5, samples/social/README.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo

from hub.mapping.dates import iso_time
from hub.mapping.hits import HITS_TOTAL, Scores
from hub.mapping.lists_values import day_of, time_of
from hub.mapping.same_person import two_people

__all__ = ["Cells", "PersonKey", "ScreeningSet", "state_of", "told_day", "told_time"]

Cells = Mapping[str, str]
PersonKey = tuple[str, str]
"""FACILITY_ID, PAT_MRN_ID."""

_IDENTIFIERS = ("first_name", "last_name", "pat_birth_date", "ssn", "medicaid_cin")
_FINAL = frozenset({"final", "amended", "corrected"})
_YES = frozenset({"Y", "YES", "TRUE", "1"})
_NO = frozenset({"", "N", "NO", "FALSE", "0"})
_REFUSES = _NO - {""}
_FLAGS = {"visit_part_2_flag": "ETH", "visit_omh_flag": "PSY", "visit_opwdd_flag": "R"}
_PART_2 = "42CFRPart2"


def state_of(cells: Cells) -> str:
    """`final`, `withdrawn`, or `open`: what raises nothing. A cancelled encounter undoes what was answered in it."""
    status, encounter = cells["screening_status_code"].lower(), cells.get("encounter_status_code", "").lower()
    if "entered-in-error" in (status, encounter):
        return "withdrawn"
    return "final" if status in _FINAL and encounter != "cancelled" else "open"


def told_time(cells: Cells, zone: tzinfo) -> datetime | None:
    """RECORDED_TIME in UTC, ISO 8601 with any offset or as spreadsheets write it; None when it is none."""
    text = cells["recorded_time"]
    return iso_time(text, zone) or time_of(text, "mdy", zone)


def told_day(cells: Cells) -> date | None:
    """The civil day of RECORDED_TIME as written, whatever its offset."""
    return day_of(cells["recorded_time"], "mdy")


class ScreeningSet:
    """Gathered from all files before any event is made; `settle` once all are read."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._consent: dict[PersonKey, bool] = {}
        self._refused: set[PersonKey] = set()
        self._labels: dict[PersonKey, set[str]] = {}
        self._newest: dict[PersonKey, datetime] = {}
        self._facilities: dict[str, set[str]] = {}
        self._has_flags, self._flags_read, self._flagged = False, True, set[PersonKey]()
        self._people: dict[PersonKey, Cells] = {}
        self._shared: set[PersonKey] = set()
        self.scores = Scores()

    def add_person(self, cells: Cells) -> None:
        """A demographic row. Of two rows of one person a refusal stands; whatever is not a yes is one."""
        who = _told(cells)
        given = cells["consent"].upper() in _YES
        self._consent[who] = given and self._consent.get(who, True)
        if cells["consent"].upper() in _REFUSES:
            self._refused.add(who)
        self._facilities.setdefault(who[1], set()).add(who[0])
        if two_people(self._people.setdefault(who, cells), cells, _IDENTIFIERS):
            self._shared.add(who)

    def shared(self, who: PersonKey) -> bool:
        """Whether demographics give one number to two people: nobody can say whose its answers are (R3)."""
        return who in self._shared

    def add_flags(self, cells: Cells) -> None:
        """A row of visit flags; a word that is neither yes nor no counts as yes. Flags of nobody may be anybody's."""
        self._flagged.add(_told(cells))
        flags = {label for column, label in _FLAGS.items() if cells.get(column, "").upper() not in _NO}
        if "ETH" in flags:
            flags.add(_PART_2)
        if flags and not cells["pat_mrn_id"]:
            self.flags_unread()
        elif flags:
            self._labels.setdefault(_told(cells), {"R"}).update(flags)

    def flags_begin(self) -> None:
        """There is a file of visit flags."""
        self._has_flags = True

    def flags_unread(self) -> None:
        """There are visit flags, a file or a row, that cannot be read: anybody may be under Part 2."""
        self._flags_read = False

    def add_answer(self, cells: Cells) -> None:
        """A row of answers: its time, and its part of a score."""
        who, at, state = _told(cells), told_time(cells, self._zone), state_of(cells)
        if at is not None:
            self._newest[who] = max(at, self._newest.get(who, at))
        if state != "open":
            sent = _number(cells) if cells["question_code"] == HITS_TOTAL else None
            of = (*who, cells["encounter_id"])
            self.scores.add(of, cells["question_code"], cells["answer_code"], sent, at, state == "withdrawn")

    def settle(self) -> None:
        """Give what was gathered to whom the demographics name."""
        self._flagged = {self._owner(*told) for told in self._flagged}
        labels, newest = self._labels, self._newest
        self._labels, self._newest = {}, {}
        for told, some in labels.items():
            self._labels.setdefault(self._owner(*told), set()).update(some)
        for told, at in newest.items():
            who = self._owner(*told)
            self._newest[who] = max(at, self._newest.get(who, at))

    def who(self, cells: Cells) -> PersonKey:
        """Whose a row is."""
        return self._owner(*_told(cells))

    def of_score(self, cells: Cells) -> tuple[str, ...]:
        """The set of items that a row belongs to."""
        return (*_told(cells), cells["encounter_id"])

    def refusal(self, who: PersonKey, covered: frozenset[str]) -> str:
        """Why nothing of this person may be held; empty where it may. `covered`: what the consent covers besides (`part-2`)."""
        given = self._consent.get(who)
        if not given:
            return "no-demographics" if given is None else "no-consent"
        if "part-2" in covered:
            return ""
        if not self._flags_read:
            return "flags-unread"
        return "part-2-not-covered" if _PART_2 in self._labels.get(who, ()) else ""

    def refused(self, who: PersonKey) -> bool:
        """Whether a row of the demographics says no in so many words: an empty cell, or another word, refuses nothing."""
        return who in self._refused

    def told_people(self) -> Mapping[PersonKey, bool]:
        """Everybody of the demographics, and whether they consented."""
        return self._consent

    def labels(self, who: PersonKey, *more: str) -> tuple[str, ...]:
        """Labels of everything of this person; all that flags can give where some could not be read, restricted where they leave
        this person out."""
        flags = self._labels.get(who, ()) if self._flags_read else ("R", _PART_2, *_FLAGS.values())
        left_out = ("R",) if self.left_out(who) else ()
        return tuple(sorted({*flags, *left_out, *more} - {""}))

    def left_out(self, who: PersonKey) -> bool:
        """Whether there is a file of visit flags and no row of it is this person's."""
        return self._has_flags and who not in self._flagged

    def newest(self, who: PersonKey) -> datetime | None:
        """The latest RECORDED_TIME of this person."""
        return self._newest.get(who)

    def _owner(self, facility: str, number: str) -> PersonKey:
        known = self._facilities.get(number, set())
        if facility in known or len(known) != 1 or (facility and "" not in known):
            return facility, number
        return next(iter(known)), number


def _told(cells: Cells) -> PersonKey:
    return cells.get("facility_id", ""), cells["pat_mrn_id"]


def _number(cells: Cells) -> int | None:
    """The total as sent: it has no answer code, its number stands in the description."""
    for text in (cells["answer_code"], cells.get("answer_code_description", "")):
        if text.isascii() and text.isdigit() and len(text) < 4:
            return int(text)
    return None
