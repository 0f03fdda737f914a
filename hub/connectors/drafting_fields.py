"""What the columns of a sample can fill: the kind of event, its fields, the person block, the key. Names decide; values only tell
where a name cannot be true."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hub.connectors.drafting_pad import MOST, Pad, word
from hub.connectors.drafting_words import (
    ANSWER,
    BLOCK,
    EVENTS,
    FIELDS,
    FULL_NAME,
    IDS,
    LEFT,
    QUESTION,
    RACE,
    RESULT,
    RESULTED,
    STATUS,
    TEST,
    VOIDED,
)
from hub.domain.events import EVENT_TYPES
from hub.domain.lab_status import csv_status
from hub.domain.lab_tables import results, word_meanings
from hub.domain.race_ethnicity import meant
from hub.mapping.places import state_code

__all__ = ["apart_by", "block_of", "fields_of", "kind_of", "known_results", "names_of", "person_of", "voided"]


def fields_of(pad: Pad, kind: str, site: str | None, when: Any) -> dict[str, Any]:
    """Rules of the event's fields: a column where one is called so, else a constant that people must confirm."""
    fields: dict[str, Any] = {}
    for name, given in FIELDS.get(kind, {}).items():
        if given == "SITE":
            fields[name] = site or {"value": pad.name}
        elif given == "WHEN":
            fields[name] = {k: v for k, v in when.items() if k != "required"} if when else {"value": "2000-01-01"}
        else:
            fields[name] = {"value": given}
    fields |= _own(pad, kind, when)
    for name, rule in fields.items():
        if isinstance(rule, dict) and "value" in rule and name != "site":
            pad.todo.append(f"map.fields.{name}: is {json.dumps(rule)} for every record; is that true?")
    if race := pad.find(RACE):
        values = sorted(set(pad.columns[race]))
        known = {v: row for v in values if (row := _race_row(v))}
        pad.table("race", values, known)
        fields["race_ethnicity"] = {"from": race, "codes": "race"}
    return fields


def _race_row(value: str) -> tuple[str, str] | None:
    """Target and status of a code table for a label of race or ethnicity; None where people must decide."""
    told = meant("race", value) or meant("race", value.replace("/", " or "))
    if told is None or len(told.groups) > 1:
        return None
    if told.groups:
        return told.groups[0], "mapped"
    return ("", told.absence) if told.absence in ("declined", "unknown") else None


def _own(pad: Pad, kind: str, when: Any) -> dict[str, Any]:
    """Fields of an event that a column of the sample fills, over what stands for every record."""
    fields: dict[str, Any] = {}
    if kind == "vaccination" and (cvx := pad.find(("cvx", "vaccinecode"))):
        fields = {"cvx": cvx, "covid": {"from": cvx, "parse": "covid-vaccine"}}
    if kind == "shelter-stay" and (left := pad.find(LEFT)) and (told := pad.date(left)):
        fields = {"stay": {"value": "enrollment"}, "left_on": told}
    if kind == "lab-result":
        result, loinc = pad.find(RESULT), pad.find(("loinc", "loinccode"))
        if result is not None:
            values = sorted(set(pad.columns[result]))
            pad.table("results", values, known_results(values))
            fields["meaning"] = {"from": result, "codes": "results"}
        if loinc is not None:
            fields["loinc"] = {"from": loinc, "on_error": "null_and_flag"}
        fields |= _of_laboratory(pad, loinc)
        if when:
            fields["collected_on"] = {name: given for name, given in when.items() if name != "required"}
    if kind == "screening" and (question := pad.find(QUESTION)) and (answer := pad.find(ANSWER)):
        values, said = sorted(set(pad.columns[question])), sorted(set(pad.columns[answer]))
        for name, some in (("categories", values), ("needs", said), ("questions", values), ("answers", said)):
            pad.table(name, some, {})
        fields = {
            "category": {"from": question, "codes": "categories"}, "indicates_need": {"from": answer, "codes": "needs"},
            "question": {"from": question, "codes": "questions"}, "answer": {"from": answer, "codes": "answers"},
        }  # fmt: skip
    return fields


def _of_laboratory(pad: Pad, loinc: str | None) -> dict[str, Any]:
    """Whether a result stands, when it came, and what it was tested with, by columns called so."""
    fields: dict[str, Any] = {}
    if status := pad.find(STATUS):
        values = sorted(set(pad.columns[status]))
        told = {value: csv_status(value) for value in values}
        known = {value: (each.status, "mapped") for value, each in told.items() if each.status and not each.issue}
        pad.table("statuses", values, known)
        fields["status"] = {"from": status, "codes": "statuses"}
    if (resulted := pad.find(RESULTED)) and (day := pad.date(resulted)):
        fields["resulted_on"] = {**day, "on_error": "null_and_flag"}
    if loinc is None and (test := pad.find(TEST)):
        pad.table("methods", sorted(set(pad.columns[test])), {})
        pad.todo.append(f"{test}: are there tests of other diseases in it? `where` keeps those of COVID-19")
        fields["method"] = {"from": test, "codes": "methods"}
    return fields


def voided(pad: Pad) -> dict[str, Any]:
    """The rule that withdraws, or the filter that leaves out, what a column called so says is none any more; nothing without
    one."""
    column = pad.find(VOIDED)
    if column is None:
        return {}
    said = {value.casefold() for value in pad.columns[column]}
    if column in pad.dated():
        pad.todo.append(
            f"map.where: a record with a day in {column} is left out; `active` would withdraw what it told before"
        )
        return {"where": [{"path": column, "present": False}]}
    pad.todo.append(f"map.active: does a yes in {column} take the record back?")
    no = {"no", "n", "false", "f", "0"}
    taken_back = {"yes", "y", "true", "t", "1", "x"} | (said - no)
    return {"active": {"from": column, "yes_words": sorted(no), "no_words": sorted(taken_back), "default": True}}


def block_of(pad: Pad, name: str, column: str) -> Any:
    """The rule of one identifier; what is often badly written costs the field, not the record."""
    if name == "birth_date":
        told = pad.date(column)
        return {**told, "on_error": "null_and_flag"} if told else None
    values = pad.columns[column]
    if name == "state" and sum(state_code(value) is not None for value in values) < MOST * len(values):
        pad.todo.append(f"{column}: its values are no US states: not mapped; what are they?")
        return None
    careful = name in ("phone", "email", "postal_code", "state", "ssn")
    return {"from": column, "on_error": "null_and_flag"} if careful else column


def names_of(pad: Pad) -> dict[str, Any]:
    """Rules of both names out of one column of whole names, where it is written `Family, Given`; another order is not guessed."""
    column = pad.find(FULL_NAME)
    if column is None or any(pad.find(BLOCK[name]) for name in ("given_name", "family_name")):
        return {}
    values = pad.columns[column]
    if not values or sum(value.count(",") == 1 for value in values) < MOST * len(values):
        pad.todo.append(
            f"{column}: holds whole names, not as `Family, Given`: a hook can take them apart (docs/your-first-connector.md)"
        )
        return {}
    given = {"from": column, "parse": "given-name", "on_error": "null_and_flag"}
    return {"given_name": given, "family_name": {**given, "parse": "family-name"}}


def kind_of(pad: Pad) -> str:
    """What a column's name tells, else the connector's own name."""
    words = [*pad.words.values(), *pad.written_out.values()]
    told = next((kind for kind, hint in EVENTS if any(hint in each for each in words)), None)
    told = told or next((kind for kind, hint in EVENTS if hint in word(pad.name)), None)
    if told is None:
        pad.todo.append(
            f"map.event: no column says what happened, so `person` stands there; there are {', '.join(sorted(EVENT_TYPES))}"
        )
    return told or "person"


def person_of(pad: Pad) -> str:
    """The column of the person's id: one that stands beside a name or birth date rather than one elsewhere."""
    near = {column.rpartition(".")[0] for hints in BLOCK.values() if (column := pad.find(hints))}
    named = sorted(pad.called(IDS), key=lambda column: column.rpartition(".")[0] not in near)
    if named:
        return named[0]
    first = next(iter(pad.columns))
    pad.todo.append(f"identity.id: no column is called like a person's id; {first} stands there for now")
    return first


def apart_by(pad: Pad, kind: str, person: str) -> list[str]:
    """What tells several facts of one person and day apart: an accession and a test, an answer's question."""
    hints = {"lab-result": ("accession", "accessionnumber", "accessionno", "specimenid", "loinc", "test", "testcode", *TEST),
             "screening": ("questioncode", "code", "question"), "vaccination": ("cvx", "vaccinecode")}  # fmt: skip
    return [column for column in dict.fromkeys(pad.called(hints.get(kind, ()))) if column != person][:2]


def known_results(values: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Results that the hub's own tables know, by code or by word."""
    codes = {code: answer.meaning for (code, cls), answer in results().items() if not cls}
    words = word_meanings()
    found = {value: codes.get(value) or words.get(value.upper()) for value in values}
    return {value: (meaning, "mapped") for value, meaning in found.items() if meaning}
