"""Events of one FHIR resource on social needs.

A fact: an answer of a response (by its identifier, else its id on a server, else when and by which questionnaire it was given),
or of an Observation or Condition by itself; a score is one fact of a person and their response, encounter or day.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

from hub.domain.events import Coded, Event, Person, PersonBlock, Screening
from hub.domain.ids import content_hash
from hub.formats.fhir import Resource
from hub.mapping.codes import LOINC, code_of
from hub.mapping.fhir_processing import Surroundings
from hub.mapping.hits import Scores, is_hits
from hub.mapping.immunization_patients import NO_DEMOGRAPHICS, Subject, placeholders
from hub.mapping.labs_fhir_bundle import Held
from hub.mapping.program import MappingContext, NotMapped
from hub.mapping.race_fhir import race, race_and_issues
from hub.mapping.race_observations import is_race, observed_race
from hub.mapping.screening_answers import read_answer
from hub.mapping.screening_fhir_answers import Asked, asked_by_items, asked_by_observation
from hub.mapping.screening_fhir_meaning import diagnosed, is_social, own_name
from hub.mapping.screening_fhir_pool import Surrounding, body_of
from hub.mapping.screening_fhir_states import State, changed_at, said_on, state_of, still_true
from hub.mapping.stamp import Stamp, unless_production
from hub.mapping.tracing_person import Json, block, home_area, text

__all__ = ["Events", "Told"]


class Told(NamedTuple):
    """An event with what is odd about it, or why there is none."""

    event: Event | None
    issues: tuple[str, ...] = ()
    outcome: Literal["rejected", "ignored"] = "ignored"
    reason: str = ""
    field: str = ""


_RANK: dict[State, int] = {"final": 1, "corrected": 2, "withdrawn": 3}
_NO_ANSWER, _UNCODED = "no-answer", "answer-not-coded"
_DAY_FIELD = {"Observation": "effectiveDateTime", "Condition": "recordedDate"}
"""What to name where the day is at fault; of a QuestionnaireResponse it is `authored`."""


class _Said(NamedTuple):
    """What all answers of one resource share."""

    item: Resource
    who: Subject
    state: State
    labels: frozenset[str]
    of: tuple[str, ...]


class Events:
    """Makes the events of one pool. Items of scores are gathered before any of them is read."""

    def __init__(self, around: Surrounding, stamp: Stamp, context: MappingContext) -> None:
        self.around = around
        self._stamp, self._context = stamp, context
        self._tests = Surroundings()
        self._scores = Scores()
        self._siblings: dict[tuple[str, ...], list[Resource]] = {}
        for resource in around.pool.resources:
            if resource.type in ("QuestionnaireResponse", "Observation"):
                self._gather(resource)

    def of(self, item: Resource, labels: frozenset[str], used: list[Resource]) -> list[Told]:
        """Everything that a resource tells; `used` grows by what it rests on. NotMapped where it tells nothing."""
        who = self.around.who(item)
        if who is None or not who.local_id:
            if item.type == "Patient":
                raise NotMapped("nobody", "ignored", field="id")
            raise NotMapped("no-patient", field="subject")
        for held in (self.around.patient(item), self.around.encounter(item), self._response(item, who)[1]):
            if held is not None and item.type != "Patient":
                used.append(held.entry)
        if item.type == "Patient":
            return [self._person(item, who, labels)]
        if item.type == "Observation" and is_race(item.body):
            return [self._race(item, who, labels)]
        state = state_of(item.body, body_of(self.around.encounter(item)))
        said = _Said(item, who, state, labels, self._set(item, who))
        if item.type == "Condition":
            return [self._condition(said)]
        return list(self._answers(said, used))

    def original(self, used: Sequence[Resource]) -> bytes:
        """A resource by itself where that is enough, else a bundle of what it rests on."""
        first = used[0]
        alone = len(used) == 1 and first.bundle is None
        return first.raw if alone else self.around.pool.cut(used)

    def _gather(self, item: Resource) -> None:
        who = self.around.who(item)
        if who is None or not who.local_id:
            return
        state = state_of(item.body, body_of(self.around.encounter(item)))
        if state == "open":
            return
        of, at = self._set(item, who), changed_at(item.body, self._context)
        try:
            asked = list(self._asked(item, []))
        except NotMapped:
            return
        for each in asked:
            if is_hits(each.question):
                self._scores.add(of, each.question, each.code, each.number, at, state == "withdrawn")
                self._siblings.setdefault(of, []).append(item)

    def _asked(self, item: Resource, used: list[Resource]) -> Iterator[Asked]:
        if item.type == "Observation":
            return asked_by_observation(item.body)
        return asked_by_items(item.body, self.around.questions(item, used))

    def _answers(self, said: _Said, used: list[Resource]) -> Iterator[Told]:
        if said.item.type == "Observation" and not is_social(said.item.body):
            raise NotMapped("not-a-social-need", "ignored")
        if said.state == "open":
            raise NotMapped("not-final", "ignored", field="status")
        asked = list(self._asked(said.item, used))
        if any(is_hits(each.question) for each in asked):
            used += [one for one in self._siblings.get(said.of, []) if one not in used]
        if not asked:
            raise NotMapped(_NO_ANSWER, "ignored")
        for each in asked:
            try:
                yield self._answer(said, each)
            except NotMapped as why:
                reason = _UNCODED if each.uncoded and why.reason == _NO_ANSWER else why.reason
                yield Told(None, (), why.outcome, reason, why.field)

    def _answer(self, said: _Said, asked: Asked) -> Told:
        answer = read_answer(asked.question, asked.code, self._scores, said.of)
        question = answer.question or asked.link
        if is_hits(answer.question):
            native: tuple[str, ...] = ("score", *said.of)
        else:
            native = (*self._named(said), question, *((asked.code,) if answer.multi else ()))
        fields = self._fields(said, native, answer.label, answer.indicates_need)
        event = Screening(
            **fields,
            category=answer.category,
            indicates_need=answer.indicates_need,
            question=Coded(code=code_of(answer.question), system=LOINC),
            answer=Coded(code=code_of(asked.code), system=LOINC, mapped=answer.category),
            final=said.state != "withdrawn",
            issues=answer.issues,
        )
        return Told(event)

    def _condition(self, said: _Said) -> Told:
        code, system, need = diagnosed(said.item.body)
        if need is None:
            raise NotMapped("not-a-social-need", "ignored", field="code")
        if said.state == "open":
            raise NotMapped("not-final", "ignored", field="verificationStatus")
        true = still_true(said.item.body)
        event = Screening(
            **self._fields(said, self._named(said), need.label, f"{true}"),
            category=need.category,
            indicates_need=need.indicates_need if true else "no",
            question=Coded(),
            answer=Coded(code=code or None, system=system, mapped=need.category),
            final=said.state != "withdrawn",
            signal=need.signal,
        )
        return Told(event)

    def _fields(self, said: _Said, native: tuple[str, ...], label: str, *more: str) -> dict[str, Any]:
        body, day = said.item.body, said_on(said.item.body)
        if day is None and said.state != "withdrawn":
            raise NotMapped("missing-key", field=_DAY_FIELD.get(said.item.type, "authored"))
        if day is not None and day > self._context.today() and said.state != "withdrawn":
            raise NotMapped("date-in-the-future", field=_DAY_FIELD.get(said.item.type, "authored"))
        kind = self._tests.kind(said.item, *self.around.patients.told_beside(said.item))
        labels = said.labels | ({"R", label} if label else set())
        fields = self._stamp.fields(
            self._stamp.fact_key(Screening.kind, *native),
            source_person=self._stamp.person(said.who.authority, said.who.local_id),
            changed_at=changed_at(body, self._context),
            status_rank=_RANK[said.state],
            content=_content(body, *unless_production(kind), *more),
            occurred_on=day,
            active=said.state != "withdrawn",
            labels=tuple(sorted(labels)),
        )
        patient = said.who.patient
        return {**fields, "processing": kind, "person": None if patient is None else _block(patient, said.who)}

    def _person(self, item: Resource, who: Subject, labels: frozenset[str]) -> Told:
        kind = self._tests.kind(item)
        fields = self._stamp.fields(
            self._stamp.fact_key(Person.kind, who.authority, who.local_id),
            source_person=self._stamp.person(who.authority, who.local_id),
            changed_at=changed_at(item.body, self._context),
            status_rank=1,
            content=_content(item.body, *unless_production(kind)),
            occurred_on=None,
            labels=tuple(sorted(labels)),
        )
        place = home_area(item.body)
        event = Person(
            **fields,
            person=_block(item.body, who),
            race_ethnicity=race(item.body),
            county_source=place.county_source,
            processing=kind,
        )
        return Told(event, (*placeholders(item.body), *place.issues, *race_and_issues(item.body)[1]))

    def _race(self, item: Resource, who: Subject, labels: frozenset[str]) -> Told:
        """What an Observation tells of race or ethnicity: a fact of its own, so that no other report is written over."""
        report, odd = observed_race(item.body)
        if report is None:
            raise NotMapped(_NO_ANSWER, "ignored", field="value")
        state = state_of(item.body, None)
        if state == "open":
            raise NotMapped("not-final", "ignored", field="status")
        said = _Said(item, who, state, labels, ())
        fields = self._fields(said, ("race", *self._named(said)), "")
        return Told(Person(**{**fields, "occurred_on": None}, race_ethnicity=report), odd)

    def _named(self, said: _Said) -> tuple[str, ...]:
        """What names a resource in its source: its response, where it is derived from one; its identifier; its id on a server."""
        if said.item.type == "QuestionnaireResponse" or self._derived(said):
            return said.of
        name = own_name(said.item, self.around.patients.of_server(said.item))
        return said.who.authority, said.who.local_id, said.item.type, name

    def _derived(self, said: _Said) -> bool:
        return said.item.type == "Observation" and bool(self._response(said.item, said.who)[0])

    def _response(self, item: Resource, who: Subject) -> tuple[str, Held | None]:
        """The response that an answer is derived from; of one that somebody else gave, no more than its name as told."""
        name, response = self.around.response(item)
        if response is None or self.around.is_of(response.entry, who):
            return name, response
        return name if "QuestionnaireResponse/" in name else "", None

    def _set(self, item: Resource, who: Subject) -> tuple[str, ...]:
        """What names the one screening that an answer is of: its person, and its response, else its encounter, else its day."""
        server, whose = self.around.patients.of_server(item), (who.authority, who.local_id)
        if item.type == "QuestionnaireResponse":
            return *whose, "QuestionnaireResponse", own_name(item, server)
        name, response = self._response(item, who)
        if response is not None:
            return *whose, "QuestionnaireResponse", own_name(response.entry, server)
        if name:
            return *whose, "QuestionnaireResponse", name.split("/_history/", 1)[0].rsplit("/", 1)[-1]
        encounter = item.body.get("encounter")
        visit = text(encounter.get("reference")) if isinstance(encounter, dict) and server else ""
        return *whose, visit, f"{said_on(item.body)}"


def _block(patient: Json, who: Subject) -> PersonBlock:
    return block(patient, who.own_id).model_copy(update={"local_id": who.own_id or None})


def _content(resource: Json, *more: str) -> str:
    kept = {key: value for key, value in resource.items() if key not in NO_DEMOGRAPHICS}
    return content_hash(json.dumps(kept, sort_keys=True, ensure_ascii=False), *more)
