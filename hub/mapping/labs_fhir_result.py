"""One analyte of a FHIR report to its lab-result event: meaning, status, identity, version, dates."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from hub.domain.events import Coded, LabResult, LabStatus
from hub.domain.ids import content_hash
from hub.domain.lab_meaning import Code, Judged, Unkept, asked, judge, policy_of
from hub.domain.lab_status import RANK, fhir_status
from hub.mapping.codes import code_of
from hub.mapping.dates import as_told, civil_date, iso_time
from hub.mapping.lab_codes import coded_answer, coded_test
from hub.mapping.labs_fhir_bundle import Held, Pool
from hub.mapping.labs_fhir_concluded import (
    CONCLUSION,
    DOUBT,
    TAKEN_BACK,
    concluded,
    contradicts,
    judged_alone,
    takes_back,
)
from hub.mapping.labs_fhir_patient import identifier_of
from hub.mapping.labs_fhir_report import Report, content_of, specimen_of
from hub.mapping.labs_fhir_told import Told
from hub.mapping.labs_fhir_values import answer, codings, day, has_value, named, processing, written
from hub.mapping.program import CHANGED_AHEAD, EPOCH, MappingContext, NotMapped, is_ahead
from hub.mapping.stamp import Stamp
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["Results"]

KIND = LabResult.kind
_MOST_REPEATS = 100
_LABORATORY = frozenset({"laboratory", "LAB"})
_EFFECTIVE = ("effectiveDateTime", "effectivePeriod", "effectiveInstant")
_COLLECTED = ("collectedDateTime", "collectedPeriod")


class Results:
    """Makes the events of one pool."""

    def __init__(self, pool: Pool, stamp: Stamp, context: MappingContext) -> None:
        self._pool, self._stamp, self._zone = pool, stamp, context.zone
        self._policy, self._today = policy_of(context.options), context.today()

    def told(self, part: Json, held: Held, report: Report) -> Told:
        """An observation, or one component of it (`part`), by itself. NotMapped when it is no result of this report."""
        self._require_same_patient(held, report)
        state, issue = fhir_status(text(held.body.get("status")), report.status)
        if state is None:
            raise NotMapped("no-result-yet", "ignored")
        return Told(part, held, self._judged(part, held.body, report), state, issue, "", self._taken(held, report))

    def event(self, one: Told, report: Report, *, as_sent: LabStatus | None = None) -> LabResult | None:
        """Its event; `as_sent`: the status of the version that tells it, where that is not its own.

        None for an exact repeat within the report. NotMapped when the others of the report say it.
        """
        part, held, meant, state, state_issue = one[:5]
        if one.passed_over:
            raise NotMapped(one.passed_over, "ignored")
        body, head = held.body, report.head.body if report.head is not None else {}
        specimen = specimen_of(self._pool, held) or report.specimen
        order = self._order(held, report, specimen)
        fact_key = self._fact_key(one, order, report)
        if fact_key is None:
            return None
        told, resulted, issue = self._days(body, specimen, head)
        collected = civil_date(told)
        kind, stated = processing([*(one.body for one in report.shared), body, self._pool.bundle])
        sent_at = self._sent_at(body)
        unsaid = self._pool.bundle.get("type") == "message" and not stated
        issues = (*meant.issues, state_issue, issue, *report.who.issues, "processing-missing" if unsaid else "",
                  CHANGED_AHEAD if sent_at == EPOCH else "")  # fmt: skip
        known, number = report.who, _specimen_number(specimen)
        decided = (meant.meaning,) if one.overruled else ()  # by an observation beside it
        content = content_hash(
            report.content, content_of(held), content_of(specimen) if specimen else "", kind, *decided
        )
        return LabResult(
            **self._stamp.fields(
                fact_key,
                source_person=self._stamp.person(known.authority or report.sender, known.local_id)
                if known.local_id
                else None,
                changed_at=self._changed_at(body, head),
                status_rank=RANK[as_sent or state],
                content=content,
                occurred_on=collected or resulted,
                active=state != "withdrawn",
                sent_at=sent_at,
            ),
            **_answered(report),
            race_ethnicity=known.race,
            county_source=known.county_source,
            person=known.block,
            meaning=meant.meaning,
            status=state,
            processing=kind,
            method=meant.method,
            loinc=code_of(meant.loinc or ""),
            observation_key=fact_key,
            report_key=self._stamp.token("report", report.sender, order),
            specimen_key=self._stamp.token("specimen", report.sender, number) if number else None,
            collected_on=collected,
            resulted_on=resulted,
            test=coded_test(named(part.get("code")), meant.loinc),
            result=_result(part, meant) if has_value(part) else None,
            issues=tuple(issue for issue in issues if issue),
            collected_as_told=as_told(told) if collected is not None else None,
        )

    def concluded(self, report: Report) -> LabResult | None:
        """The event of a report that holds no result, by its conclusion. None without any. NotMapped where it is none of
        SARS-CoV-2."""
        head = report.head
        value = concluded(head.body) if head is not None else None
        if head is None or value is None:
            return None
        told = self.told({"code": head.body.get("code"), **value}, head, report)
        return self.event(told._replace(meant=judged_alone(head.body, told.meant)), report)

    def doubted(self, report: Report, results: Sequence[LabResult]) -> LabResult | None:
        """The event of a conclusion that tells a positive which none of the report's `results` tells; None where there is none."""
        head = report.head
        value = concluded(head.body) if head is not None else None
        if head is None or value is None or not contradicts(head.body, results):
            return None
        state, issue = fhir_status(text(head.body.get("status")))
        if state is None or state == "withdrawn":
            return None
        said = {"code": CONCLUSION, **value}
        return self.event(Told(said, head, DOUBT, state, issue, "", self._taken(head, report)), report)

    def taken_back(self, report: Report, results: Sequence[LabResult]) -> Iterator[LabResult]:
        """Withdrawals of what the conclusion of an earlier version may have told, by one that is corrected or withdrawn and holds
        `results` (`takes_back`)."""
        head = report.head
        state = fhir_status(text(head.body.get("status"))).status if head is not None else None
        if head is None or state not in ("corrected", "withdrawn"):
            return
        for part, loinc in takes_back(head.body, results):
            told = Told(part, head, TAKEN_BACK._replace(loinc=loinc), "withdrawn", "")
            event = self.event(told, report, as_sent=state)
            if event is not None:
                yield event

    def _judged(self, part: Json, body: Json, report: Report) -> Judged:
        question = asked(named(part.get("code")))
        if question.known is None:
            _require_laboratory(body, report)
        found = judge(question, answer(part), covid_order=report.covid_order, policy=self._policy)
        if isinstance(found, Unkept):
            raise NotMapped(found.reason, "ignored")
        return found

    def _require_same_patient(self, held: Held, report: Report) -> None:
        if "subject" in held.body:
            patient = self._pool.find(held.body["subject"], "Patient", held)
            if patient is None:
                raise NotMapped("no-patient", field="subject")
            if patient.body is not report.patient.body:
                raise NotMapped("person-mismatch", field="subject")

    def _taken(self, held: Held, report: Report) -> tuple[str, str]:
        """Number and day of its specimen, empty where they are not told. The day is the specimen's own where the observation names
        it; of the report's specimen, which may be one of several, it is the observation's."""
        own = specimen_of(self._pool, held)
        specimen = own or report.specimen
        head = report.head.body if report.head is not None else {}
        told = _collected({} if own is not None else held.body, specimen, {}) or _collected(held.body, None, head)
        return _specimen_number(specimen), (on.isoformat() if (on := civil_date(told)) is not None else "")

    def _fact_key(self, one: Told, order: str, report: Report) -> str | None:
        """None for an exact repeat. Two answers, or two specimens, under one key and status in one report are two facts, told by
        their order; two statuses are two versions of one fact."""
        part, meant = one.part, one.meant
        first = next(iter(named(part.get("code"))), Code(""))
        code = meant.loinc or "^".join((first.code or first.display, first.system))
        native = (report.sender, order, code, _sub_id(part))
        said = json.dumps(
            [part[name] for name in sorted(part) if name.startswith("value")] + [one.specimen], sort_keys=True
        )
        told = report.seen.setdefault((*native, one.state), [])
        if said in told:
            return None
        if len(told) >= _MOST_REPEATS:
            raise NotMapped("too-many-repeats")
        told.append(said)
        return self._stamp.fact_key(KIND, *native, *([str(len(told))] if len(told) > 1 else []))

    def _order(self, held: Held, report: Report, specimen: Held | None) -> str:
        """The filler order number with its system, else the specimen, else the ids that the sender's resources have, else (health
        cards have none) who was tested when.

        Never the id of a Specimen: SimpleReport gives all swabs of one kind the same.
        """
        head = report.head.body if report.head is not None else {}
        order = report.order.body if report.order is not None else {}
        number = identifier_of(head, "FILL") or identifier_of(order, "FILL") or _specimen_number(specimen)
        ids = (text(head.get("id")), text(order.get("id")), identifier_of(held.body, "FILL"), text(held.body.get("id")))
        url = self._pool.url_of(held.entry) if held.body is held.entry.body else ""
        found = number or next(filter(None, (*ids, url)), "") or _tested_when(report, held.body)
        if not found:
            raise NotMapped("missing-key", field="identifier")
        return found

    def _days(self, body: Json, specimen: Held | None, head: Json) -> tuple[str, date | None, str]:
        """When it was collected, as written, and resulted; an issue where either is told of a day ahead, which is not taken."""
        told, resulted = _collected(body, specimen, head), (day(head.get("issued")), day(body.get("issued")))
        passed = _collected(body, specimen, head, self._today)
        after = next((on for on in resulted if on is not None and on <= self._today), None)
        ahead = passed != told or after != (resulted[0] or resulted[1])
        return passed, after, "date-in-the-future" if ahead else ""

    def _changed_at(self, body: Json, head: Json) -> datetime | None:
        issued = [text(each.get("issued")) for each in (head, body)]
        passed = (
            at for at in issued if (on := civil_date(at)) is None or on <= self._today
        )  # else no correction sorts behind it
        told = (iso_time(at, self._zone) for at in passed)
        return next((at for at in told if at is not None), None) or self._sent_at(body)

    def _sent_at(self, body: Json) -> datetime | None:
        """When a server took this version, else when the bundle was made. EPOCH, before all others, where both lie ahead."""
        meta = body.get("meta")
        updated = meta.get("lastUpdated") if isinstance(meta, dict) else None
        found = (iso_time(text(each), self._zone) for each in (updated, self._pool.bundle.get("timestamp")))
        told = [at for at in found if at is not None]
        return next((at for at in told if not is_ahead(at, self._today)), EPOCH if told else None)


def _tested_when(report: Report, body: Json) -> str:
    """Empty unless name, birth date and day are told: with fewer, two people's results would be one."""
    block, on = report.who.block, _effective(body)
    if block is None or on is None or block.birth_date is None or not block.family_name:
        return ""
    return content_hash(
        "tested", block.family_name, block.given_name or "", block.birth_date.isoformat(), on.isoformat()
    )


def _specimen_number(specimen: Held | None) -> str:
    if specimen is None:
        return ""
    accession = specimen.body.get("accessionIdentifier")
    return identifier_of(specimen.body, "FILL", "SPM") or identifier_of({"identifier": [accession]}, "ACSN")


def _sub_id(part: Json) -> str:
    """OBX-4, as ReportStream's converter keeps it."""
    found = (item for item in listed(part.get("extension")) if text(item.get("url")).endswith("/sub-id"))
    return text(next(found, {}).get("valueString"))


def _require_laboratory(body: Json, report: Report) -> None:
    """An observation of unknown code without a report may be anything (a blood pressure): its categories say, where it has any."""
    named = {code.code for item in listed(body.get("category")) for code in codings(item)}
    if report.head is None and named and not named & _LABORATORY:
        raise NotMapped("not-a-lab-report", "ignored")


def _collected(body: Json, specimen: Held | None, head: Json, today: date = date.max) -> str:
    """When the specimen was taken, as written: the observation's own time, else the specimen's, else the report's; the first that
    is not after `today`."""
    collection = specimen.body.get("collection") if specimen is not None else None
    of_specimen = collection if isinstance(collection, dict) else {}
    told = (*map(body.get, _EFFECTIVE), *map(of_specimen.get, _COLLECTED), *map(head.get, _EFFECTIVE))
    days = ((at, civil_date(at)) for at in map(written, told))
    return next((at for at, on in days if on is not None and on <= today), "")


def _effective(resource: Json) -> date | None:
    return next((found for name in _EFFECTIVE if (found := day(resource.get(name)))), None)


def _answered(report: Report) -> dict[str, Any]:
    """The answers; an age only where no birth date says it better."""
    block = report.who.block
    born = block is not None and block.birth_date is not None
    return {**report.answers.fields(), **({"age_years": None} if born else {})}


def _result(part: Json, meant: Judged) -> Coded:
    given = answer(part)
    return coded_answer(given.codings, meant.meaning, given.text if given.kind != "other" else "")
