"""Line lists of cases and contacts, as NBS, Maven, REDCap projects, Go.Data and Epi-X export them, to case and exposure.

A case that is confirmed or probable isolates; a suspect, or what is found to be no case, does not, and takes back what an
earlier list of the same case said (the same fact, a later version). A contact with the day of exposure is an exposure; one that
became a case is replaced by it. What is of another condition than COVID-19 is set aside: such lists hold them all. Free text
(comments, other places) is no known column, so it is never read.

In REDCap a contact is a repeated instrument of its case: the instance is part of its id. A repeated instrument of anything else
(follow-up calls, specimens) is of the person of its record and no further case: set aside. Coded answers (1, 2, 3) mean what the
project's dictionary says: `words: {status: {"1": confirmed}}` in the connector's settings; so do the columns of check boxes
(`race___1`), unless the export is labelled (`Race (choice=White)`).

A record that its system has deleted but still lists (NBS: `LOG_DEL`) is withdrawn.

Options beside those of hub.mapping.lists: `state`, `condition` (any: every row is of COVID-19).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from hub.domain.events import Case, Event, Exposure, PersonBlock
from hub.mapping.lists import Line, Lister, ListKind, ListProgram
from hub.mapping.lists_person import Somebody, somebody
from hub.mapping.lists_shared import SharedIds
from hub.mapping.program import Mapped, NotMapped, Program, accepted, ignored
from hub.mapping.race import read_race
from hub.mapping.tables import keyed

__all__ = ["LIST", "PROGRAM"]

LIST = ListKind(
    "case-line-list", Case.kind, (("record",), ("status", "exposed_on"), ("person", "family_name", "record")),
    several=frozenset({"race", "ethnicity"}), options=frozenset({"condition"}), voided=("removed", "deleted"),
)  # fmt: skip
_STATUS = {
    "confirmed": "Confirmed",
    "probable": "Probable",
    "suspect": "Suspect",
    "not-a-case": "Not a Case",
    "unknown": "Unknown",
}
_ISOLATES = frozenset({"confirmed", "probable"})
_COVID = "covid-19"
_DELETED = "deleted"
_OPEN = "open"
"""What a list says of whom nothing was closed, in its column of reasons or outcomes."""


class _Mapper:
    def __init__(self, lister: Lister) -> None:
        self._lister, self._stamp = lister, lister.stamp
        options = lister.context.options
        self._state, self._any = str(options.get("state", "")), options.get("condition") == "any"
        self._shared, self._records = SharedIds(), dict[str, tuple[str, str]]()
        self._of_two: set[str] = set()

    def look(self, line: Line) -> None:
        """Note which ids of people, and which records, this list has for two people."""
        record = self._record(line)
        who = self._who(line, record)
        self._shared.look(who)
        if who.key[0] == "id" and self._records.setdefault(record, who.key) != who.key:
            self._of_two.add(record)

    def _record(self, line: Line) -> str:
        return "/".join(filter(None, (line.needed("record"), line["instrument"], line["instance"])))

    def map_line(self, line: Line) -> list[Mapped]:
        if line["condition"] and not self._any and line.word("condition") != _COVID:
            return [ignored("not-covid", line.where, line.raw, Case.kind)]
        status = line.word("status") if line["status"] else None
        if line["status"] and status is None:
            raise NotMapped("unmapped-code", field=line.column("status"))
        contact = status == "contact" or line.word("role") == "contact" or (status is None and bool(line["exposed_on"]))
        if not contact and line["instance"] and line["instrument"]:
            return [ignored("repeated-instrument", line.where, line.raw, Case.kind)]
        if not contact and status is None:
            return [ignored("no-status", line.where, line.raw, Case.kind)]
        record = self._record(line)
        who = self._who(line, record)
        self._shared.one_person(line, who, "person", "record")
        if record in self._of_two:
            raise NotMapped("duplicate-key", field=line.column("record"))
        event = self._exposure(line, record, who) if contact else self._case(line, record, who, status or "")
        odd = line["closed_reason"] and line.word("closed_reason") is None
        issues = (*who.issues, *(("unmapped-code",) if odd or self._undecided(line) else ()))
        return [accepted(event, line.where, line.raw)._replace(issues=issues)]

    def _who(self, line: Line, record: str) -> Somebody:
        """By the person's id; a list that has none knows people by their record, name or not."""
        who = somebody(line, self._state)
        if who.key[0] == "id" and not line["instance"]:
            return who
        issues = tuple(issue for issue in who.issues if issue != "nobody")
        block = (who.block or PersonBlock()).model_copy(update={"local_id": record})
        return who._replace(key=("record", record), block=block, issues=issues)

    def _case(self, line: Line, record: str, who: Somebody, status: str) -> Event:
        onset, positive = line.past_day("onset_on"), line.past_day("positive_on")
        began = onset or positive or line.past_day("reported_on")
        return Case(
            **self._common(line, record, who, began),
            isolating=status in _ISOLATES,
            case_status=_STATUS.get(status),
            onset_on=onset,
            first_positive_on=positive,
            extended_until=line.day("isolated_until"),
            closed_on=_closed_on(line),
            closed_reason=_reason(line),
        )

    def _exposure(self, line: Line, record: str, who: Somebody) -> Event:
        exposed = line.past_day("exposed_on")
        return Exposure(
            **self._common(line, record, who, exposed or line.past_day("reported_on")),
            last_exposure_on=exposed,
            monitoring_until=line.day("monitored_until"),
            closed_on=_closed_on(line),
            closed_reason=_reason(line),
        )

    def _common(self, line: Line, record: str, who: Somebody, began: date | None) -> dict[str, Any]:
        race, _ = read_race(self._told(line, "race"), self._told(line, "ethnicity"))
        stamped = self._stamp.fields(
            self._stamp.fact_key("monitoree", record),  # a contact who became a case is one fact, as in Sara Alert
            source_person=self._stamp.person(*who.key),
            changed_at=line.changed(),
            status_rank=1 if line.word("removed") == _DELETED else 0,
            content=line.content(),
            occurred_on=began,
            active=line.word("removed") != _DELETED,
        )
        return {**stamped, "person": who.block, "county_source": who.county_source, "race_ethnicity": race}

    def _told(self, line: Line, field: str) -> list[str]:
        """What a field and its check boxes say, in the project's own words where it has some; a bare number says nothing."""
        told = [line[field], *line.chosen(field)]
        words = (self._lister.word(field, text) or text for text in told if text)
        return [word for word in words if not word.isdigit()] or [""]

    def _undecided(self, line: Line) -> bool:
        """Whether a box is ticked that only the project's dictionary explains."""
        ticked = (
            text for field in LIST.several for text in line.chosen(field) if self._lister.word(field, text) is None
        )
        return any(text.isdigit() for text in ticked)


def _closed_on(line: Line) -> date | None:
    return None if line.word("closed_reason") == _OPEN else line.past_day("closed_on")


def _reason(line: Line) -> str | None:
    """The reason for closure where the table has it; any other text becomes `Other`."""
    if not line["closed_reason"] or line.word("closed_reason") == _OPEN:
        return None
    reason = line.word("closed_reason") or line["closed_reason"]
    return reason if reason in keyed("closure_reasons", "reason", "version") else "Other"


PROGRAM: Program = ListProgram(LIST, _Mapper)
