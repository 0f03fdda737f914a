"""Social needs in FHIR, judged before they were run: shapes that tools and EHRs really send, and what each must become."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from hub.connectors.installed import programs
from hub.mapping.program import MappingContext, Unit
from tests.builders import IDS
from tests.mapping.made_up_needs import (
    GRAVITY,
    LOINC,
    NEVER,
    OFTEN,
    SOMETIMES,
    YES,
    Json,
    bundle,
    coded,
    condition,
    item,
    ndjson,
    observation,
    one,
    patient,
    response,
)
from tests.mapping.reading import MadeUpAgreement, Reader, counted

HRSN = "hrsn-fhir"
HITS = ("95618-5", "95617-7", "95616-9", "95615-1")
PART_2 = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "42CFRPart2"}]}
BASIS = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-sec-label-basis"
RESTRICTED = {
    "security": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
            "code": "R",
            "extension": [{"url": BASIS, "valueCoding": {"code": "42CFRPart2"}}],
        }
    ]
}


def needs(read: Reader, data: bytes, **options: Any) -> list[tuple[str, str]]:
    """(category, need) of every screening event."""
    return [
        (e.category, e.indicates_need) for e in read.events(HRSN, {"f.json": data}, **options) if e.kind == "screening"
    ]


FOOD, NO_FOOD_NEED = ("food-insecurity", "yes"), ("food-insecurity", "no")
SHAPES: dict[str, tuple[bytes, list[tuple[str, str]]]] = {
    "hunger vital sign, link ids with a slash": (
        one(response(item("/88122-7", OFTEN), item("/88123-5", NEVER))),
        [FOOD, NO_FOOD_NEED],
    ),
    "link ids without": (one(response(item("88122-7", SOMETIMES))), [FOOD]),
    "nested in panels": (
        one(
            response(
                {
                    "linkId": "/93025-5",
                    "item": [
                        {
                            "linkId": "/93025-5/93042-0",
                            "item": [item("/93025-5/93042-0/93031-3", "LA30125-1", "LA30124-4")],
                        }
                    ],
                }
            )
        ),
        [FOOD, ("utility-insecurity", "yes")],
    ),
    "an item beneath an answer": (
        one(
            response(
                item("/93025-5/93041-2/71802-3", "LA30190-5")
                | {"answer": [{"valueCoding": {"system": LOINC, "code": "LA30190-5"}, "item": [item("/93033-9", YES)]}]}
            )
        ),
        [("homelessness", "yes"), ("housing-instability", "yes")],
    ),
    "question by definition": (
        one(response(item("q1", OFTEN, definition="http://loinc.org/q/88121-9#88122-7"))),
        [FOOD],
    ),
    "question by the questionnaire beside it": (
        bundle(
            {
                "resourceType": "Questionnaire",
                "id": "n",
                "url": "http://example.org/q",
                "item": [{"linkId": "g", "item": [{"linkId": "1.1", "code": [{"system": LOINC, "code": "88122-7"}]}]}],
            },
            response(item("1.1", OFTEN), questionnaire="http://example.org/q|2.0"),
        ),
        [FOOD],
    ),
    "question by a contained questionnaire": (
        one(
            response(
                item("a", OFTEN),
                questionnaire="#q",
                contained=[
                    {
                        "resourceType": "Questionnaire",
                        "id": "q",
                        "item": [{"linkId": "a", "code": [{"system": LOINC, "code": "88122-7"}]}],
                    }
                ],
            )
        ),
        [FOOD],
    ),
    "a boolean": (
        one(response({"linkId": "/93030-5", "answer": [{"valueBoolean": True}]})),
        [("transportation-insecurity", "yes")],
    ),
    "yes in SNOMED CT": (
        one(
            response(
                {
                    "linkId": "/96779-4",
                    "answer": [{"valueCoding": {"system": "http://snomed.info/sct", "code": "373066001"}}],
                }
            )
        ),
        [("utility-insecurity", "yes")],
    ),
    "declined": (one(response(item("/93038-8", "LA30122-8"))), [("stress", "unknown")]),
    "an unknown pair is kept": (one(response(item("/88122-7", "LA9999-9"))), [("unmapped", "unknown")]),
    "the whole of HITS, total as an integer": (
        one(
            response(
                *[item(f"/{q}", "LA6482-9") for q in HITS], {"linkId": "/95614-4", "answer": [{"valueInteger": 20}]}
            )
        ),
        [("intimate-partner-violence", "yes")],
    ),
    "HITS without total": (
        one(response(*[item(f"/{q}", "LA6270-8") for q in HITS])),
        [("intimate-partner-violence", "no")],
    ),
    "HITS as observations of one day": (
        ndjson(*[observation(q, "LA10082-8") for q in HITS]),
        [("intimate-partner-violence", "yes")],
    ),
    "HITS total alone as a quantity": (
        one(observation("95614-4", valueQuantity={"value": 12.0})),
        [("intimate-partner-violence", "yes")],
    ),
    "an observation": (one(observation("71802-3", "LA30190-5")), [("homelessness", "yes")]),
    "an observation without category": (one(observation("88122-7", OFTEN, category=[])), [FOOD]),
    "a boolean observation": (one(observation("93030-5", valueBoolean=False)), [("transportation-insecurity", "no")]),
    "a panel by components": (
        one(
            observation(
                "88121-9",
                component=[
                    {"code": coded("88122-7"), "valueCodeableConcept": coded(OFTEN)},
                    {"code": coded("88124-3"), "valueCodeableConcept": coded("LA19952-3")},
                ],
            )
        ),
        [FOOD, FOOD],
    ),
    "a panel and its members": (
        ndjson(
            observation("88121-9", hasMember=[{"reference": "Observation/o-88122-7"}]), observation("88122-7", OFTEN)
        ),
        [FOOD],
    ),
    "corrected": (one(observation("88122-7", NEVER, status="corrected")), [NO_FOOD_NEED]),
    "amended": (one(response(item("/88122-7", OFTEN), status="amended")), [FOOD]),
    "a patient beside it in a message": (
        bundle(
            patient(identifier=[{"system": "urn:x", "value": "M1"}]), response(item("/88122-7", OFTEN)), kind="message"
        ),
        [FOOD],
    ),
    "a contained patient": (
        one(
            response(
                item("/88122-7", OFTEN),
                subject={"reference": "#p"},
                contained=[patient(id="p", identifier=[{"system": "urn:x", "value": "M1"}])],
            )
        ),
        [FOOD],
    ),
    "an instant with an odd zone": (
        one(response(item("/88122-7", OFTEN), authored="2021-01-06T23:41:20.123+05:45")),
        [FOOD],
    ),
    "a diagnosis": (one(condition("Z59.41")), [FOOD]),
    "a diagnosis without its dot": (one(condition("Z5902")), [("homelessness", "yes")]),
    "a diagnosis without verification": (one(condition("Z59.0", verificationStatus={})), [("homelessness", "yes")]),
    "a diagnosis that is over": (
        one(condition("Z59.41", clinicalStatus=coded("resolved"), abatementDateTime="2021-02-01")),
        [NO_FOOD_NEED],
    ),
    "a diagnosis by its Gravity category": (
        one(condition("123456", "urn:local", category=[coded("elder-abuse", GRAVITY)])),
        [("elder-abuse", "yes")],
    ),
    "a consent that is given": (
        bundle(
            response(item("/88122-7", OFTEN)),
            {
                "resourceType": "Consent",
                "id": "k",
                "status": "active",
                "scope": coded("patient-privacy"),
                "patient": {"reference": "Patient/p1"},
                "dateTime": "2021-01-01",
            },
        ),
        [FOOD],
    ),
    "a refusal that a later consent takes back": (
        bundle(
            response(item("/88122-7", OFTEN)),
            *[
                {
                    "resourceType": "Consent",
                    "id": day,
                    "status": "active",
                    "patient": {"reference": "Patient/p1"},
                    "dateTime": day,
                    "provision": {"type": kind},
                }
                for day, kind in (("2021-01-03", "permit"), ("2021-01-01", "deny"))
            ],
        ),
        [FOOD],
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_r10_r13_each_shape_says_what_it_says(shape: str, read: Reader) -> None:
    """social-standards R10, R13."""
    data, expected = SHAPES[shape]
    assert needs(read, data) == expected


IGNORED: dict[str, tuple[Json, str]] = {
    "a draft": (response(item("/88122-7", OFTEN), status="in-progress"), "not-final"),
    "stopped": (response(item("/88122-7", OFTEN), status="stopped"), "not-final"),
    "preliminary": (observation("88122-7", OFTEN, status="preliminary"), "not-final"),
    "unknown": (observation("88122-7", OFTEN, status="unknown"), "not-final"),
    "cancelled": (observation("88122-7", OFTEN, status="cancelled"), "not-final"),
    "a status nobody knows": (observation("88122-7", OFTEN, status="done"), "not-final"),
    "only considered": (condition("Z59.41", verificationStatus=coded("provisional")), "not-final"),
    "nothing answered": (response({"linkId": "/88122-7"}), "no-answer"),
    "free text": (
        response({"linkId": "/56799-0", "answer": [{"valueString": "12 Example Street"}]}),
        "not-a-social-need",
    ),
    "an answer in words": (
        response({"linkId": "/88122-7", "answer": [{"valueString": "Often true"}]}),
        "answer-not-coded",
    ),
    "an observation in words": (observation("88122-7", valueString="Often true"), "answer-not-coded"),
    "an empty text": (response({"linkId": "/88122-7", "answer": [{"valueString": " "}]}), "no-answer"),
    "declined to answer": (observation("88122-7", dataAbsentReason=coded("asked-declined")), "no-answer"),
    "a heading": (observation("88121-9", hasMember=[]), "no-answer"),
    "a depression item": (observation("44250-9", "LA6571-9"), "not-a-social-need"),
    "a laboratory result": (
        observation("94500-6", category=[coded("laboratory")], valueString="Detected"),
        "not-a-social-need",
    ),
    "another diagnosis": (condition("J10.1"), "not-a-social-need"),
    "a referral": ({"resourceType": "Task", "id": "t"}, "resource-not-used"),
}


@pytest.mark.parametrize("what", IGNORED)
def test_r10_what_is_no_answer_raises_nothing_and_says_why(what: str, read: Reader) -> None:
    """social-standards R10: non-final screenings never raise a flag."""
    resource, reason = IGNORED[what]
    found = counted(read(HRSN, {"f.json": one(resource)}))
    assert (found["events"], found["rejected"], found["ignored"]) == ({}, {}, {reason: 1})


def marked(label: Json, there: bool) -> dict[str, Any]:
    return {"meta": label} if there else {}


@pytest.mark.parametrize("label", [PART_2, RESTRICTED])
@pytest.mark.parametrize("on", ["resource", "bundle", "patient", "encounter"])
def test_r20_r21_what_part_2_stands_behind_is_not_held(label: Json, on: str, read: Reader) -> None:
    """social-standards R20, R21: DS4P labels on the resource, its bundle (high-water mark), its patient or its encounter."""
    told = response(
        item("/88122-7", OFTEN),
        encounter={"reference": "Encounter/e1"},
        **marked(label, on == "resource"),
    )
    beside = [
        patient(**marked(label, on == "patient")),
        {"resourceType": "Encounter", "id": "e1", **marked(label, on == "encounter")},
    ]
    data = bundle(*beside, told, **marked(label, on == "bundle"))
    found = read(HRSN, {"f.json": data})
    stopped = [m for m in found if m.reason == "part-2-not-covered"]
    assert stopped
    assert {(m.raw, m.hard_stop) for m in stopped} == {(b"", True)}
    assert not [m for m in found if m.type == "screening" and m.outcome == "event"]
    (event,) = [
        m.event for m in read(HRSN, {"f.json": data}, consent_covers=["part-2"]) if m.type == "screening" and m.event
    ]
    assert event.labels == ("R", "42CFRPart2", "ETH")


REJECTED = {"status": "rejected", "dateTime": "2021-01-01", "scope": coded("patient-privacy")}
LATER: dict[str, tuple[list[Json], bool]] = {
    "a consent to treatment lifts nothing": (
        [REJECTED, {"status": "active", "dateTime": "2021-01-20", "scope": coded("treatment")}], True,
    ),
    "nor does a draft": ([REJECTED, {"status": "draft", "dateTime": "2021-01-20", "provision": {"type": "permit"}}], True),
    "nor does paper": ([REJECTED, {"status": "active", "dateTime": "2021-01-20"}], True),
    "nor does a permit for treatment alone": (
        [REJECTED, {"status": "active", "dateTime": "2021-01-20",
                    "provision": {"type": "permit", "purpose": [{"code": "TREAT"}]}}], True,
    ),
    "nor does one of the same day": (
        [REJECTED, {"status": "active", "dateTime": "2021-01-01", "provision": {"type": "permit"}}], True,
    ),
    "a permit for everything does": (
        [REJECTED, {"status": "active", "dateTime": "2021-01-20", "provision": {"type": "permit"}}], False,
    ),
    "a policy that opts out refuses": (
        [{"status": "active", "dateTime": "2021-01-01", "policyRule": coded("OPTOUT")}], True,
    ),
    "so does a decision of R5": ([{"status": "active", "date": "2021-01-01", "decision": "deny"}], True),
    "and a decision of R5 on its subject": (
        [{"status": "active", "date": "2021-01-01", "decision": "deny", "patient": None, "subject": {"reference": "Patient/p1"}}],
        True,
    ),
    "an opt-out that was taken back refuses nothing": (
        [{"status": "inactive", "dateTime": "2021-01-01", "policyRule": coded("OPTOUT")}], False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LATER)
def test_r23_a_refusal_beside_the_answers_means_what_it_means_to_the_connector_consent(case: str, read: Reader) -> None:
    told, refused = LATER[case]
    consents = [
        {"resourceType": "Consent", "id": f"k{number}", "patient": {"reference": "Patient/p1"}, **each}
        for number, each in enumerate(told)
    ]
    consents = [{name: value for name, value in each.items() if value is not None} for each in consents]
    found = read(HRSN, {"f.json": bundle(patient(), response(item("/88122-7", OFTEN)), *consents)})
    assert [m.reason for m in found if m.outcome == "rejected"] == (["no-consent"] * 2 if refused else [])


def test_broken_json_that_names_part_2_is_not_held(read: Reader) -> None:
    (found,) = read(HRSN, {"f.json": b'{"resourceType": "Observation", "meta": {"security": [{"code": "42CFRPart2"}]'})
    assert (found.outcome, found.raw, found.hard_stop) == ("rejected", b"", True)


@pytest.mark.parametrize(
    "refusal", [{"status": "rejected"}, {"status": "inactive"}, {"status": "active", "provision": {"type": "deny"}}]
)
def test_r23_who_refused_is_not_held(refusal: Json, read: Reader) -> None:
    """social-standards R23, and requirement 10: refused consent never raises anything."""
    consent = {
        "resourceType": "Consent",
        "id": "k",
        "scope": coded("patient-privacy"),
        "patient": {"reference": "Patient/p1"},
        **refusal,
    }
    found = read(HRSN, {"f.json": bundle(patient(), response(item("/88122-7", OFTEN)), consent)})
    assert [(m.reason, m.raw) for m in found if m.outcome == "rejected"] == [("no-consent", b"")] * 2
    assert counted(found)["events"] == {}


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error"])
def test_what_was_answered_in_an_encounter_that_was_not_raises_nothing(status: str, read: Reader) -> None:
    encounter = {"resourceType": "Encounter", "id": "e1", "status": status}
    told = observation("88122-7", OFTEN, encounter={"reference": "Encounter/e1"})
    active = [m.event.active for m in read(HRSN, {"f.json": bundle(encounter, told)}) if m.event is not None]
    assert active == ([] if status == "cancelled" else [False])


def test_r10_entered_in_error_withdraws_the_same_fact(read: Reader) -> None:
    """social-standards R10."""
    for was, now in (
        (response(item("/88122-7", OFTEN)), response(item("/88122-7", OFTEN), status="entered-in-error")),
        (observation("88122-7", OFTEN), observation("88122-7", OFTEN, status="entered-in-error")),
        (condition("Z59.41"), condition("Z59.41", verificationStatus=coded("entered-in-error"))),
        (
            response(item("/95614-4") | {"answer": [{"valueInteger": 12}]}),
            response(item("/95614-4") | {"answer": [{"valueInteger": 12}]}, status="entered-in-error"),
        ),
    ):
        (first,), (second,) = (read.events(HRSN, {"f.json": one(each)}) for each in (was, now))
        assert (first.fact_key, first.active, second.active) == (second.fact_key, True, False)
        assert (second.changed_at, second.status_rank) > (first.changed_at, first.status_rank)


def test_an_answer_told_as_observation_too_is_one_fact(read: Reader) -> None:
    derived = observation("88122-7", OFTEN, derivedFrom=[{"reference": "QuestionnaireResponse/qr1"}])
    for data in (
        ndjson(response(item("/88122-7", OFTEN)), derived),
        bundle(response(item("/88122-7", OFTEN)), derived),
    ):
        first, second = read.events(HRSN, {"f.json": data})
        assert first.fact_key == second.fact_key


def test_an_answer_that_changed_is_the_same_fact_and_a_second_choice_another(read: Reader) -> None:
    often, never = (read.events(HRSN, {"f.json": one(response(item("/88122-7", code)))})[0] for code in (OFTEN, NEVER))
    assert often.fact_key == never.fact_key
    food, phone = read.events(HRSN, {"f.json": one(response(item("/93031-3", "LA30125-1", "LA30129-3")))})
    assert food.fact_key != phone.fact_key


def test_a_diagnosis_is_reported_and_an_answer_screened(read: Reader) -> None:
    (told,) = read.events(HRSN, {"f.json": one(condition("Z59.41"))})
    (asked,) = read.events(HRSN, {"f.json": one(response(item("/88122-7", OFTEN)))})
    assert (told.signal, asked.signal) == ("reported", "screened")


def test_safety_is_labelled(read: Reader) -> None:
    for data in (one(observation("76501-6", YES)), one(condition("T74.11XA"))):
        (event,) = read.events(HRSN, {"f.json": data})
        assert event.labels == ("R", "SDV")


def test_the_same_person_in_another_file_of_an_export_is_the_same_person(read: Reader) -> None:
    (person,) = read.events(HRSN, {"Patient.ndjson": ndjson(patient(identifier=[{"system": "urn:x", "value": "M1"}]))})
    (answer,) = read.events(HRSN, {"QuestionnaireResponse.ndjson": ndjson(response(item("/88122-7", OFTEN)))})
    assert person.source_person == answer.source_person


def test_a_test_is_marked_and_counts_nowhere(read: Reader) -> None:
    tag = {"tag": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]}
    (event,) = read.events(HRSN, {"f.json": one(response(item("/88122-7", OFTEN), meta=tag))})
    assert event.processing == "test"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"subject": {}}, "no-patient"),
        ({"authored": ""}, "missing-key"),
        ({"authored": "2021"}, "missing-key"),
        ({"subject": {"reference": "Group/1"}}, "no-patient"),
    ],
)
def test_what_cannot_be_given_to_anybody_or_any_day_is_a_dead_letter(more: Json, reason: str, read: Reader) -> None:
    found = counted(read(HRSN, {"f.json": one(response(item("/88122-7", OFTEN), **more))}))
    assert found["rejected"] == {reason: 1}


def test_a_day_ahead_is_told_by_the_field_that_holds_it() -> None:
    ahead = "2021-03-02"
    told = [
        response(item("/88122-7", OFTEN), authored=ahead), observation("88122-7", OFTEN, effectiveDateTime=ahead),
        condition("Z59.41", recordedDate=ahead),
    ]  # fmt: skip
    context = MappingContext(HRSN, MadeUpAgreement(), IDS, today=lambda: date(2021, 3, 1))
    found = programs()[HRSN].read(Unit("u", {"f.json": bundle(*told)}), context)
    assert [(mapped.reason, mapped.where.get("field")) for mapped in found] == [
        ("date-in-the-future", field) for field in ("authored", "effectiveDateTime", "recordedDate")
    ]


def test_each_record_kept_reads_alone_as_it_did_among_its_neighbours(read: Reader) -> None:
    beside = [
        patient(identifier=[{"system": "urn:x", "value": "M1"}]),
        {"resourceType": "Encounter", "id": "e1", "status": "finished"},
    ]
    visit = {"encounter": {"reference": "Encounter/e1"}}
    told = [
        response(item("/88122-7", OFTEN), **visit),
        *[observation(q, "LA10082-8", **visit) for q in HITS],
        condition("Z59.41"),
    ]
    for kind in ("searchset", "transaction"):
        found = read(HRSN, {"f.json": bundle(*beside, *told, kind=kind)})
        for mapped in found:
            if mapped.event is not None:
                again = [m.event.event_id for m in read(HRSN, {"f.json": mapped.raw}) if m.event is not None]
                assert mapped.event.event_id in again, (kind, mapped.where)


NEVER_HURT, OFTEN_HURT = "LA6270-8", "LA16644-9"
DOE = patient(id="a", name=[{"family": "Doe", "given": ["Made-Up"]}])
ROE = patient(id="b", name=[{"family": "Roe", "given": ["Made-Up"]}])


def safety(of: str, code: str) -> Json:
    asked = [item(f"/{question}", code) for question in HITS]
    return response(
        *asked, id=f"qr-{of}", subject={"reference": f"Patient/{of}"}, questionnaire="http://example.org/hits"
    )


@pytest.mark.parametrize("kind", ["collection", "transaction", "searchset"])
def test_two_people_who_were_asked_on_one_day_have_each_a_score_and_an_original_of_their_own(
    kind: str, read: Reader
) -> None:
    data = bundle(DOE, ROE, safety("a", NEVER_HURT), safety("b", OFTEN_HURT), kind=kind)
    scores = [m for m in read(HRSN, {"f.json": data}) if m.type == "screening" and m.event is not None]
    events: list[Any] = [m.event for m in scores]
    assert [event.indicates_need for event in events] == ["no", "yes"]
    assert len({(event.fact_key, event.source_person) for event in events}) == len({e.fact_key for e in events}) == 2
    assert [(OFTEN_HURT in m.raw.decode(), NEVER_HURT in m.raw.decode()) for m in scores] == [
        (False, True),
        (True, False),
    ]


def test_an_answer_said_to_derive_from_the_response_of_somebody_else_takes_nothing_of_it_along(read: Reader) -> None:
    theirs = safety("b", OFTEN_HURT)
    told = observation(
        HITS[0],
        NEVER_HURT,
        subject={"reference": "Patient/a"},
        derivedFrom=[{"reference": "QuestionnaireResponse/qr-b"}],
    )
    for kind in ("collection", "searchset"):
        found = read(HRSN, {"f.json": bundle(DOE, ROE, theirs, told, kind=kind)})
        scores: list[Any] = [m for m in found if m.type == "screening" and m.event is not None]
        assert [m.event.indicates_need for m in scores] == ["yes", "unknown"]
        assert [(b"Roe" in m.raw, OFTEN_HURT.encode() in m.raw) for m in scores] == [(True, True), (False, False)]
        again = [m.event.event_id for m in read(HRSN, {"f.json": scores[1].raw}) if m.type == "screening" and m.event]
        assert again == [scores[1].event.event_id]


def test_free_text_never_leaves(read: Reader) -> None:
    told = response(
        item("/88122-7", OFTEN),
        {"linkId": "note", "text": "Where?", "answer": [{"valueString": "behind Example Street"}]},
    )
    text = "".join(event.model_dump_json() for event in read.events(HRSN, {"f.json": one(told)}))
    assert "Example Street" not in text
