"""A declared map on made-up records: events, and for everything else a reason, never a guess."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hub.connectors.catalog import Connector
from hub.domain.events import LabResult, Person, PersonBlock, ShelterStay
from hub.domain.ids import Ids
from hub.errors import ConfigError
from hub.mapping.declared.program import Traced
from hub.mapping.program import Agreement, MappingContext, Unit
from tests.mapping.declared.shelter import BEDS, BEDS_CODES, declared, write

AGREED = cast(Agreement, SimpleNamespace(agreement_id="a", purposes=("p",), labels=("N",)))


def read(connector: Connector, data: bytes | str, **files: bytes) -> list[Traced]:
    context = MappingContext(source=connector.name, agreement=AGREED, keys=Ids(b"k" * 32))
    assert connector.declared is not None
    content = data.encode() if isinstance(data, str) else data
    return list(connector.declared.traced(Unit("u", {"file": content, **files}), context, explain=True))


def stays(found: list[Traced]) -> list[ShelterStay]:
    return [each.mapped.event for each in found if isinstance(each.mapped.event, ShelterStay)]


def reasons(found: list[Traced]) -> list[str | None]:
    return [each.mapped.reason for each in found]


def row(**changed: str) -> str:
    head, first, *_ = BEDS.splitlines()
    cells = dict(zip(head.split(","), first.split(","), strict=True)) | changed
    return f"{head}\n{','.join(cells.values())}\n"


def test_a_row_becomes_an_event_with_civil_dates_utc_times_and_a_person_block(tmp_path: Path) -> None:
    first, second, _ = stays(read(write(tmp_path), BEDS))
    assert (first.stay, first.presence, first.site_kind) == ("night", True, "congregate")
    assert first.entered_on == first.occurred_on == date(2021, 1, 15)
    assert first.changed_at == datetime(2021, 1, 16, 11, 0, tzinfo=UTC)  # six in the morning in New York
    block = first.person
    assert isinstance(block, PersonBlock)
    assert (block.birth_date, block.phone, block.local_id) == (date(1980, 3, 9), "5552013344", "G-1")
    assert first.race_ethnicity is not None
    assert first.race_ethnicity.groups == ("hispanic",)
    assert second.site_kind == "other"
    assert first.site != "main-house"  # an opaque token


def test_a_placeholder_id_is_nobody_and_said_so(tmp_path: Path) -> None:
    found = read(write(tmp_path), BEDS)
    nobody = stays(found)[2]
    assert (nobody.source_person, nobody.person) == (None, None)
    assert [(*(each.mapped.issues or ()), *getattr(each.mapped.event, "issues", ())) for each in found] == [
        (),
        (),
        ("nobody",),
    ]


def test_the_same_rows_in_another_order_under_another_name_keep_their_ids(tmp_path: Path) -> None:
    connector = write(tmp_path)
    head, *rows = BEDS.splitlines()
    again = "\r\n".join([head, *reversed(rows)])
    assert {e.event_id for e in stays(read(connector, BEDS))} == {e.event_id for e in stays(read(connector, again))}


def test_a_correction_keeps_the_fact_and_gets_a_new_version(tmp_path: Path) -> None:
    connector = write(tmp_path)
    [before] = stays(read(connector, row()))
    [after] = stays(read(connector, row(**{"Bed Type": "ROOM", "Updated": "2021-01-17T06:00:00"})))
    assert before.fact_key == after.fact_key
    assert before.event_id != after.event_id
    assert after.changed_at > before.changed_at


def test_a_code_without_a_row_is_never_guessed(tmp_path: Path) -> None:
    [found] = read(write(tmp_path), row(**{"Bed Type": "dorm"}))
    assert found.mapped.reason == "unmapped-code.site_kind"
    assert [tuple(each) for each in found.unmapped] == [("beds", "site_kind", "dorm", "DORM")]


@pytest.mark.parametrize(
    ("word", "groups", "absence", "unmapped"),
    [
        ("Black", ("black",), None, 0),
        ("Rather not say", (), "declined", 0),
        ("Mixed", (), "unknown", 1),  # a TODO row decides nothing
        ("Klingon", (), "unknown", 1),
    ],
)
def test_race_is_what_the_table_says_or_unmapped(
    tmp_path: Path, word: str, groups: tuple[str, ...], absence: str | None, unmapped: int
) -> None:
    [found] = read(write(tmp_path), row(Race=word))
    [event] = stays([found])
    assert event.race_ethnicity is not None
    assert (event.race_ethnicity.groups, event.race_ethnicity.absence) == (groups, absence)
    assert len(found.unmapped) == unmapped
    assert ("unmapped-code.race_ethnicity" in event.issues) == bool(unmapped)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"Night": "15/01/2021"}, "not-a-date.occurred_on"),
        ({"Night": "02/30/2021"}, "not-a-date.occurred_on"),
        ({"Night": ""}, "missing-key"),
        ({"Bed Type": ""}, "missing.site_kind"),
        ({"Bed Type": "LIFT"}, "missing.site_kind"),
        ({"Updated": "yesterday"}, "not-a-time.changed_at"),
    ],
)
def test_a_bad_value_rejects_its_own_record_with_a_code_that_names_the_field(
    tmp_path: Path, changed: dict[str, str], reason: str
) -> None:
    assert reasons(read(write(tmp_path), row(**changed))) == [reason]


def test_null_and_flag_keeps_the_record_and_says_so(tmp_path: Path) -> None:
    [event] = stays(read(write(tmp_path), row(Phone="12", DOB="1980")))
    assert isinstance(event.person, PersonBlock)
    assert (event.person.phone, event.person.birth_date) == (None, None)
    assert event.issues == ("not-a-date.birth_date", "not-a-phone.phone")


def test_what_is_left_empty_is_told_beside_an_event_that_has_no_field_for_it(tmp_path: Path) -> None:
    document = declared()
    document["emits"] = ["person"]
    document["map"] = [{"event": "person", "dedupe": ["Guest ID"]}]
    [found] = read(write(tmp_path, document), row(Phone="12", DOB="1980"))
    assert isinstance(found.mapped.event, Person)
    assert not hasattr(found.mapped.event, "issues")
    assert found.mapped.issues == found.mapped.odd == ("not-a-date.birth_date", "not-a-phone.phone")
    [stay] = read(write(tmp_path), row(Phone="12"))
    assert (stay.mapped.issues, stay.mapped.odd) == ((), ("not-a-phone.phone",))


def test_one_bad_row_costs_itself_only(tmp_path: Path) -> None:
    lines = BEDS.splitlines()
    lines[2:2] = ["too,few", "\x00" * 9, "G-9,X,Y,,,notadate,DORM,,2021-01-16T06:00:00"]
    found = read(write(tmp_path), "\n".join(lines))
    assert len(stays(found)) == 3
    assert [each.mapped.where["row"] for each in found if each.mapped.outcome == "rejected"] == [3, 4, 5]


def test_a_file_without_a_mapped_column_is_refused_whole(tmp_path: Path) -> None:
    assert reasons(read(write(tmp_path), "a,b\n1,2\n")) == ["missing-column"]


def test_filters_choose_and_one_record_may_become_several_events(tmp_path: Path) -> None:
    document = declared()
    document["emits"] = ["shelter-stay", "person"]
    document["map"][0]["where"] = [{"path": "Bed Type", "not_equals": "ROOM"}]
    document["map"].append({"event": "person", "dedupe": ["Guest ID"], "where": [{"path": "DOB", "present": True}]})
    found = read(write(tmp_path, document), BEDS)
    kinds = [(each.mapped.where["row"], each.mapped.type, each.mapped.reason) for each in found]
    assert kinds == [
        (2, "shelter-stay", None), (2, "person", None), (3, None, "filtered"), (4, "shelter-stay", None), (4, "person", None),
    ]  # fmt: skip


def test_an_explanation_says_rule_input_code_row_and_output(tmp_path: Path) -> None:
    found = read(write(tmp_path), BEDS)[0]
    step = next(step for step in found.steps if step.field == "site_kind")
    assert step.inputs == (("Bed Type", "DORM"),)
    assert step.rule == "Bed Type, codes/beds.csv"
    assert step.code == "beds.csv row 2: mapped → congregate"
    assert step.output == "congregate"


def test_a_hook_is_a_function_of_the_folder_and_its_failure_shows_no_value(tmp_path: Path) -> None:
    document = declared()
    document["map"][0]["fields"]["site_kind"]["hook"] = "upper"
    hooks = "def upper(text):\n    if text == 'boom':\n        raise ValueError(text)\n    return text.upper()\n"
    connector = write(tmp_path, document, hooks=hooks)
    assert stays(read(connector, row(**{"Bed Type": "dorm"})))[0].site_kind == "congregate"
    assert reasons(read(connector, row(**{"Bed Type": "boom"}))) == ["hook-failed.site_kind"]


@pytest.mark.parametrize(
    "body",
    [
        "return 7",
        "return ['DORM']", "return b'DORM'", "return (text for _ in 'x')", "import sys; sys.exit(3)", "return upper(text)",
        "raise MemoryError(text)", "return upper", "raise StopIteration(text)", "assert not text",
    ],
)  # fmt: skip
def test_whatever_a_hook_does_it_costs_one_record_and_shows_no_value(tmp_path: Path, body: str) -> None:
    document = declared()
    document["map"][0]["fields"]["site_kind"]["hook"] = "upper"
    connector = write(
        tmp_path, document, hooks=f"def upper(text):\n    if text == 'boom':\n        {body}\n    return text\n"
    )
    found = read(connector, BEDS + row(**{"Bed Type": "boom"}).splitlines()[1])
    assert reasons(found) == [None, None, None, "hook-failed.site_kind"]


def test_a_hook_that_takes_nothing_or_gives_nothing_is_read_as_such(tmp_path: Path) -> None:
    document = declared()
    document["map"][0]["fields"]["site_kind"]["hook"] = "odd"
    assert reasons(read(write(tmp_path / "a", document, hooks="def odd():\n    return 'x'\n"), row())) == [
        "hook-failed.site_kind"
    ]
    assert reasons(read(write(tmp_path / "b", document, hooks="def odd(text):\n    return None\n"), row())) == [
        "missing.site_kind"
    ]


@pytest.mark.parametrize(
    ("hooks", "why"),
    [
        ("async def upper(text):\n    return text\n", r"hooks\.py:1: upper: a hook is a plain function"),
        ("\ndef upper(text):\n    yield text\n", r"hooks\.py:2: upper: a hook is a plain function"),
        ("import sys\nsys.exit(1)\n", r"hooks\.py: cannot be imported: SystemExit"),
        ("upper = str.upper\n", r"hooks\.py has no function upper"),
    ],
)
def test_a_hook_that_is_none_is_told_when_it_is_loaded(tmp_path: Path, hooks: str, why: str) -> None:
    document = declared()
    document["map"][0]["fields"]["site_kind"]["hook"] = "upper"
    with pytest.raises(ConfigError, match=why):
        write(tmp_path, document, hooks=hooks)


LAB: dict[str, Any] = {
    "name": "small-lab", "title": "A small lab", "door": {"kind": "mllp"}, "emits": ["lab-result"],
    "source": {"sector": "labs", "format": "hl7v2", "standard": "ORU^R01", "each": "OBX"},
    "identity": {"id": "PID-3.1", "authority": "PID-3.4", "block": {"family_name": "PID-5.1", "birth_date": "PID-7"}},
    "dedupe": ["OBR-3.1", "OBX-3.1"],
    "map": [
        {
            "event": "lab-result", "changed_at": "MSH-7", "occurred_on": "SPM-17.1",
            "fields": {
                "meaning": {"from": "OBX-5.1", "codes": "results"}, "status": {"value": "final"},
                "processing": {"value": "production"}, "method": {"value": "molecular"}, "loinc": "OBX-3.1",
                "test": {"from": "OBX-3.1"}, "result": {"from": "OBX-5.1", "codes": "results"},
            },
        }
    ],
}  # fmt: skip
ORU = (
    b"MSH|^~\\&|LAB|X|HUB|Y|20210110120000-0500||ORU^R01|1|P|2.5.1\rPID|1||77^^^CLINIC||Doe^Jo||19800101|F\r"
    b"OBR|1||A1|94500-6\rOBX|1|CWE|94500-6||260373001\rSPM|1|||||||||||||||||20210109\r"
    b"OBR|2||A2|94558-4\rOBX|1|CWE|94558-4||260415000\rOBX|2|CWE|94559-2||999\r"
)
RESULTS = "source_value,system,target_code,status,note\n260373001,,positive,mapped,\n260415000,,negative,mapped,\n"


def test_each_segment_of_a_message_is_a_record_with_its_order_before_and_its_specimen_behind(tmp_path: Path) -> None:
    document = json.loads(json.dumps(LAB))
    document["map"][0]["occurred_on"] = "SPM-18"
    found = read(write(tmp_path, document, results=RESULTS), ORU)
    first, second = (each.mapped.event for each in found[:2])
    assert isinstance(first, LabResult)
    assert isinstance(second, LabResult)
    assert (first.meaning, second.meaning) == ("positive", "negative")
    assert first.fact_key != second.fact_key
    assert first.result is not None
    assert (first.result.original, first.result.mapped) == ("260373001", "positive")
    assert first.changed_at == datetime(2021, 1, 10, 17, 0, tzinfo=UTC)
    assert found[2].mapped.reason == "unmapped-code.meaning"
    assert len(found[2].unmapped) == 1


def test_a_coded_field_keeps_what_no_row_has_as_unmapped(tmp_path: Path) -> None:
    document = json.loads(json.dumps(LAB))
    document["map"][0]["fields"]["meaning"] = {"value": "review"}
    connector = write(tmp_path, document, results=RESULTS)
    for sent, kept in (("10828004", "10828004"), ("Jo Doe", None)):  # a name in a code field travels only sealed
        found = read(connector, ORU.replace(b"||999", b"||" + sent.encode()))[2]
        event = found.mapped.event
        assert isinstance(event, LabResult)
        assert event.result is not None
        assert (event.result.original, event.result.mapped) == (kept, None)
        assert [tuple(each) for each in found.unmapped] == [("results", "result", sent, "")]


def test_a_name_in_a_field_that_travels_in_the_clear_is_refused(tmp_path: Path) -> None:
    found = read(write(tmp_path, LAB, results=RESULTS), ORU.replace(b"94500-6||", b"Jo Doe||"))
    assert found[0].mapped.reason == "not-a-code.loinc"


def test_json_records_are_looked_into_from_the_record_or_from_the_top(tmp_path: Path) -> None:
    document = declared()
    document["source"] |= {"format": "json", "each": "guests[]"}
    document["identity"] = {"id": "id", "authority": "$.house.name"}
    rule = document["map"][0]
    rule |= {"dedupe": ["id", "night"], "occurred_on": {"from": "night", "format": "iso"}}
    del rule["changed_at"]
    rule["fields"] |= {
        "site": "$.house.id",
        "site_kind": {"from": "bed.kind", "codes": "beds"},
        "entered_on": {"from": "night", "format": "iso"}, "presence": "slept",
        "race_ethnicity": {"from": "races[*]", "codes": "race"},
    }  # fmt: skip
    guests = [
        {"id": 7, "night": "2021-01-15", "bed": {"kind": "DORM"}, "slept": True, "races": ["Latina", "Black"]},
        {"id": 8, "night": "2021-01-15", "bed": {"kind": {"a": 1}}, "slept": True},
        "no guest",
    ]
    found = read(write(tmp_path, document), json.dumps({"house": {"id": "H", "name": "x"}, "guests": guests}))
    [event] = stays(found)
    assert event.race_ethnicity is not None
    assert event.race_ethnicity.groups == ("black", "hispanic")
    assert reasons(found) == [None, "not-a-value.site_kind", "not-an-object"]


@pytest.mark.parametrize(
    ("language", "of_id", "of_name"),
    [
        (None, "identifier.where(system='urn:x').value", "name.where(use='official').family"),
        ("fhirpath", "Patient.identifier.where(system='urn:x').value", "name.first().family"),
        ("jmespath", "identifier[?system=='urn:x'].value", "name[0].family"),
    ],
)
def test_fhir_resources_are_looked_into_with_fhirpath_or_where_asked_jmespath(
    tmp_path: Path, language: str | None, of_id: str, of_name: str
) -> None:
    document: dict[str, Any] = {
        "name": "clinic", "title": "Patients", "door": {"kind": "file-drop"}, "emits": ["person"], "dedupe": ["id"],
        "source": {"sector": "other", "format": "fhir", "standard": "R4", **({"path_language": language} if language else {})},
        "identity": {
            "id": of_id, "authority": {"value": "urn:x"},
            "block": {"family_name": of_name, "birth_date": "birthDate"},
        },
        "map": [{"event": "person", "where": [{"path": "resourceType", "equals": "Patient"}], "changed_at": "meta.lastUpdated"}],
    }  # fmt: skip
    patient = {
        "resourceType": "Patient", "id": "1", "meta": {"lastUpdated": "2021-01-15T10:00:00Z"}, "birthDate": "1980-03-09",
        "identifier": [{"system": "urn:y", "value": "no"}, {"system": "urn:x", "value": "77"}],
        "name": [{"use": "official", "family": "Doe"}, {"family": "Old"}],
    }  # fmt: skip
    found = read(write(tmp_path, document), json.dumps({"resourceType": "Bundle", "entry": [{"resource": patient}]}))
    event = found[0].mapped.event
    assert isinstance(event, Person)
    assert isinstance(event.person, PersonBlock)
    assert (event.person.family_name, event.person.birth_date, event.person.local_id) == ("Doe", date(1980, 3, 9), "77")
    assert event.changed_at == datetime(2021, 1, 15, 10, tzinfo=UTC)
    other = read(write(tmp_path, document), b'{"resourceType": "Group", "id": "1"}')
    assert reasons(other) == ["filtered"]


def test_a_new_decided_row_maps_what_was_unmapped(tmp_path: Path) -> None:
    record = row(**{"Bed Type": "COT"})
    assert reasons(read(write(tmp_path), record)) == ["unmapped-code.site_kind"]
    [event] = stays(read(write(tmp_path, beds=BEDS_CODES + "COT,,congregate,mapped,\n"), record))
    assert event.site_kind == "congregate"


def at(connector: Connector, data: str, today: date) -> list[Traced]:
    assert connector.declared is not None
    context = MappingContext(connector.name, AGREED, Ids(b"k" * 32), today=lambda: today)
    return list(connector.declared.traced(Unit("u", {"file": data.encode()}), context))


def test_a_day_ahead_of_what_has_happened_is_a_mistake_of_its_sender_and_today_is_none(tmp_path: Path) -> None:
    connector = write(tmp_path)
    (refused,) = at(connector, row(Night="01/16/2062"), date(2021, 1, 15))
    assert (refused.mapped.reason, refused.mapped.where["field"]) == ("date-in-the-future.occurred_on", "Night")
    assert reasons(at(connector, row(Night="01/15/2021"), date(2021, 1, 15))) == [None]


def test_a_withdrawal_is_taken_whatever_its_day(tmp_path: Path) -> None:
    document = declared()
    document["map"][0]["active"] = {"value": False}
    (found,) = at(write(tmp_path, document), row(Night="01/16/2062"), date(2021, 1, 15))
    assert found.mapped.event is not None


def test_what_holds_from_a_day_may_begin_later(tmp_path: Path) -> None:
    document = declared()
    document["emits"] = ["site"]
    fields = {"site": {"value": "main-house"}, "site_kind": {"value": "other"}}
    document["map"] = [{**document["map"][0], "event": "site", "person": False, "fields": fields}]
    (found,) = at(write(tmp_path, document), row(Night="01/16/2062"), date(2021, 1, 15))
    assert found.mapped.event is not None, found.mapped.reason


@pytest.mark.parametrize(
    ("born", "issue"),
    [
        ("03/09/2080", "date-in-the-future.birth_date"),
        ("01/16/2021", "born-after-record.birth_date"),
        ("01/15/2021", ""),
    ],
)
def test_nobody_is_born_ahead_or_after_what_happened_to_them(born: str, issue: str, tmp_path: Path) -> None:
    """As its rule's `on_error` says: left empty here, refused there."""
    (found,) = at(write(tmp_path), row(DOB=born), date(2021, 3, 1))
    (stay,) = stays([found])
    assert isinstance(stay.person, PersonBlock)
    assert (found.mapped.odd, stay.person.birth_date is None) == ((issue,) if issue else (), bool(issue))
    document = declared()
    del document["identity"]["block"]["birth_date"]["on_error"]
    assert reasons(at(write(tmp_path, document), row(DOB=born), date(2021, 3, 1))) == [issue or None]
