"""R14 in FHIR: what a Task proves and what not, whose it is, and what it is for."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from hub.connectors.installed import programs
from hub.mapping.program import Mapped, MappingContext, Unit
from hub.mapping.referral_request import Ends, Order, transaction
from hub.mapping.referral_withdrawal import withdrawal
from tests.builders import IDS
from tests.mapping.reading import MadeUpAgreement, Reader, counted, facts_of

GRAVITY = "gravity-referral"
CODES = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
SAMPLES = "social/gravity-fhir"


def concept(code: str, system: str = CODES) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def output(reference: str = "Procedure/p", kind: str = "resulting-activity") -> dict[str, Any]:
    return {"type": concept(kind), "valueReference": {"reference": reference}}


def task(**more: Any) -> dict[str, Any]:
    told = {
        "resourceType": "Task", "id": "t-1", "status": "accepted", "intent": "order",
        "code": concept("fulfill", "http://hl7.org/fhir/CodeSystem/task-code"), "focus": {"reference": "ServiceRequest/s-1"},
        "for": {"reference": "Patient/p-1"}, "authoredOn": "2021-02-01T12:00:00Z", "lastModified": "2021-02-03T09:00:00Z",
    } | more  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def request(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest", "id": "s-1", "status": "active", "intent": "order",
        "category": [concept("410606002", "http://snomed.info/sct"), concept("food-insecurity")],
        "subject": {"reference": "Patient/p-1"}, "authoredOn": "2021-02-01T11:00:00Z",
    } | more  # fmt: skip


def bundle(*resources: dict[str, Any], kind: str = "searchset") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": each} for each in resources]}


def files(*documents: dict[str, Any]) -> dict[str, str]:
    return {"tasks.ndjson": "\n".join(json.dumps(each) for each in documents)}


def one(read: Reader, *documents: dict[str, Any]) -> Any:
    (event,) = read.events(GRAVITY, files(*documents))
    return event


def refused(found: list[Mapped]) -> list[tuple[str, str | None, object]]:
    return [(mapped.outcome, mapped.reason, mapped.where.get("field")) for mapped in found]


@pytest.mark.parametrize(
    ("status", "state", "outcome"),
    [
        ("requested", "sent", None),
        ("received", "sent", None),
        ("accepted", "accepted", None),
        ("ready", "accepted", None),
        ("in-progress", "in-progress", None),
        ("on-hold", "waiting-on-person", None),
        ("rejected", "not-helped", "declined"),
        ("failed", "not-helped", "failed"),
        ("cancelled", "person-declined", None),
        ("completed", "closed", None),
    ],
)
def test_r14_a_status_of_a_task_is_a_state_and_none_alone_is_help(
    read: Reader, status: str, state: str, outcome: str | None
) -> None:
    event = one(read, task(status=status))
    assert (event.status, event.outcome, event.proof, event.active) == (state, outcome, None, True)


@pytest.mark.parametrize(
    ("why", "state", "issues"),
    [
        ("Patient declined services", "person-declined", ()),
        ("The client has since declined the food box.", "person-declined", ()),
        ("Cancelled at the request of the patient", "person-declined", ()),
        ("Family no longer wants the service", "person-declined", ()),
        ("Client is not interested", "person-declined", ()),
        ("No longer interested", "person-declined", ()),
        ("She doesn't want it", "person-declined", ()),
        ("Client declined by phone", "person-declined", ()),
        ("Service was declined by the patient's mother on Monday", "person-declined", ()),
        ("Declined by patient/family.", "person-declined", ()),
        ("Patient was declined by the agency", "not-helped", ("unknown-reason",)),
        ("Patient has not declined", "not-helped", ("unknown-reason",)),
        ("Patient declined in health", "not-helped", ("unknown-reason",)),
        ("Patient's insurance declined", "not-helped", ("unknown-reason",)),
        ("Ordered twice", "not-helped", ("unknown-reason",)),
        ("No longer needed", "not-helped", ()),
        ("Canceled", "person-declined", ()),
        ("Duplicate", "not-helped", ()),
        ("Refused", "person-declined", ()),
        (None, "person-declined", ()),
    ],
)
def test_r14_a_cancelled_task_was_declined_by_the_person_unless_its_reason_says_otherwise(
    read: Reader, why: str | None, state: str, issues: tuple[str, ...]
) -> None:
    event = one(read, task(status="cancelled", **({"statusReason": {"text": why}} if why else {})))
    assert (event.status, event.outcome, event.issues) == (state, None, issues)


@pytest.mark.parametrize(
    "why",
    [
        "Client declined by agency",
        "Client refused by shelter",
        "Client refused services by shelter",
        "patient canceled by provider",
        "Called shelter, they declined: no staff",
        "Agency full, they have refused new clients",
        "They cancelled the program",
        "Declined by Family Health Center",
        "Declined by Family & Children Services",
        "refused by member agency",
        "cancelled by patient navigator",
        "cancelled by patient-navigator",
        "at the request of the patient navigator",
    ],
)
def test_r14_a_no_of_the_agency_is_not_the_persons(read: Reader, why: str) -> None:
    told = {status: one(read, task(status=status, statusReason={"text": why})) for status in NOT_HELPED}
    assert {status: (event.status, event.outcome) for status, event in told.items()} == NOT_HELPED
    assert told["cancelled"].issues == ("unknown-reason",)


NOT_HELPED = {
    "cancelled": ("not-helped", None),
    "rejected": ("not-helped", "declined"),
    "failed": ("not-helped", "failed"),
}


@pytest.mark.parametrize("status", ["rejected", "failed"])
def test_r14_what_the_provider_ended_a_phrase_does_not_make_the_persons_no(read: Reader, status: str) -> None:
    event = one(read, task(status=status, statusReason={"text": "Client declined the food box"}))
    assert (event.status, event.outcome) == NOT_HELPED[status]
    event = one(read, task(status=status, statusReason={"text": "Client declined: there was no room"}))
    assert (event.status, event.outcome) == ("not-helped", "no-capacity")


@pytest.mark.parametrize(
    "empty", [{}, {"text": ""}, {"text": " "}, {"coding": []}, {"coding": [{}]}, {"coding": [{"code": ""}], "text": ""}]
)
def test_r14_a_reason_that_tells_nothing_is_none(read: Reader, empty: dict[str, Any]) -> None:
    event = one(read, task(status="cancelled", statusReason=empty))
    assert (event.status, event.outcome, event.issues) == ("person-declined", None, ())


def test_r14_a_reason_of_which_only_a_label_is_told_is_one(read: Reader) -> None:
    event = one(read, task(status="cancelled", statusReason={"coding": [{"display": "Ordered twice"}]}))
    assert (event.status, event.issues) == ("not-helped", ("unknown-reason",))


def test_r14_what_the_hub_itself_took_back_nobody_declined(read: Reader) -> None:
    patch = withdrawal("n-1")["entry"][0]["resource"]["parameter"]
    (why,) = [part["valueCodeableConcept"] for each in patch for part in each["part"] if "valueCodeableConcept" in part]
    event = one(read, task(status="cancelled", statusReason=why))
    assert (event.status, event.outcome, event.issues) == ("not-helped", None, ())


@pytest.mark.parametrize(
    ("outputs", "state"),
    [
        ([output()], "helped"),
        ([output("Procedure/elsewhere")], "helped"),
        (
            [
                {
                    "type": concept("resulting-activity"),
                    "valueCodeableConcept": concept("467771000124109", "http://snomed.info/sct"),
                }
            ],
            "helped",
        ),
        ([{"type": {"text": "done"}, "valueReference": {"reference": "Procedure/p"}}], "helped"),
        ([output("QuestionnaireResponse/q", "questionnaire-answers")], "closed"),
        ([{"type": concept("resulting-activity")}], "closed"),
        ([{"type": concept("resulting-activity"), "valueReference": {"display": "food box"}}], "closed"),
        ([], "closed"),
    ],
)
def test_r14_completed_is_help_only_with_an_activity_that_resulted(
    read: Reader, outputs: list[dict[str, Any]], state: str
) -> None:
    event = one(read, task(status="completed", output=outputs))
    assert (event.status, event.proof) == (state, "output" if state == "helped" else None)


def test_r14_an_output_of_a_task_that_is_not_completed_proves_nothing(read: Reader) -> None:
    assert one(read, task(status="in-progress", output=[output()])).status == "in-progress"
    assert one(read, task(status="failed", output=[output()])).status == "not-helped"


@pytest.mark.parametrize(
    ("status", "state"),
    [("completed", "helped"), ("in-progress", "helped"), ("not-done", "closed"), ("entered-in-error", "closed")],
)
def test_r14_an_activity_at_hand_that_was_not_done_is_no_help(read: Reader, status: str, state: str) -> None:
    procedure = {"resourceType": "Procedure", "id": "p", "status": status}
    found = read.events(GRAVITY, files(bundle(task(status="completed", output=[output()]), procedure)))
    assert [(event.status, event.issues) for event in found] == [
        (state, () if state == "helped" else ("activity-not-done",))
    ]


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ({"text": "No capacity"}, "no-capacity"),
        (concept("no-capacity"), "no-capacity"),
        ({"text": "UNABLE TO REACH CLIENT"}, "couldnt-contact"),
        ({"text": "We are at capacity until May"}, "no-capacity"),
        ({"text": "No beds tonight"}, "no-capacity"),
        ({"text": "Not at capacity, but no staff"}, "declined"),
        ({"text": "Family is ineligible: over income"}, "not-eligible"),
        ({"text": "Tried thrice, could not reach them"}, "couldnt-contact"),
        ({"text": "see note"}, "declined"),
    ],
)
def test_why_a_task_was_rejected_is_a_word_of_the_table_and_never_the_text(
    read: Reader, reason: dict[str, Any], outcome: str
) -> None:
    event = one(read, task(status="rejected", statusReason=reason))
    assert event.outcome == outcome
    assert "see note" not in event.model_dump_json()


def test_the_times_of_the_states(read: Reader) -> None:
    accepted = one(read, task())
    assert (accepted.occurred_on, accepted.sent_at, accepted.accepted_at, accepted.outcome_at) == (
        date(2021, 2, 1), datetime(2021, 2, 1, 12, tzinfo=UTC), datetime(2021, 2, 3, 9, tzinfo=UTC), None,
    )  # fmt: skip
    helped = one(read, task(status="completed", output=[output()], executionPeriod={"end": "2021-02-02T10:00:00Z"}))
    assert helped.outcome_at == datetime(2021, 2, 2, 10, tzinfo=UTC)
    assert one(read, task(status="completed", lastModified=None)).outcome_at is None, "nobody said when"


def test_what_a_task_is_for_stands_in_its_request(read: Reader) -> None:
    beside = read.events(GRAVITY, files(bundle(task(), request())))
    assert [event.category for event in beside] == ["food-insecurity", "food-insecurity"]
    assert len({event.request for event in beside}) == 1
    inside = one(read, task(focus={"reference": "#r"}, contained=[{**request(), "id": "r"}]))
    assert (inside.category, inside.request) == ("food-insecurity", None)
    assert one(read, task()).category == "unmapped"


@pytest.mark.parametrize(
    ("told", "category"),
    [
        ({"category": [concept("homelessness")]}, "homelessness"),
        (
            {
                "category": [concept("410606002", "http://snomed.info/sct")],
                "reasonCode": [concept("Z59.41", "http://hl7.org/fhir/sid/icd-10-cm")],
            },
            "food-insecurity",
        ),
        ({"category": [concept("410606002", "http://snomed.info/sct")]}, "unmapped"),
        ({"category": [concept("sdoh-category-unspecified")]}, "sdoh-category-unspecified"),
    ],
)
def test_r13_the_need_of_a_request(read: Reader, told: dict[str, Any], category: str) -> None:
    event = one(read, request(**told))
    assert (event.category, event.status) == (category, "sent")


@pytest.mark.parametrize(
    ("resource", "outcome"),
    [
        (request(category=[concept("108252007", "http://snomed.info/sct")]), ("ignored", "not-a-referral", "category")),
        (request(status="draft"), ("ignored", "not-sent", None)),
        (request(intent="proposal"), ("ignored", "not-sent", None)),
        (request(status="sideways"), ("rejected", "unmapped-code", "status")),
        (task(status="draft"), ("ignored", "not-sent", None)),
        (task(status=None), ("rejected", "missing-key", "status")),
        (task(status="done"), ("rejected", "unmapped-code", "status")),
        (task(id=None), ("rejected", "missing-key", "id")),
        (task(**{"for": None}), ("rejected", "no-patient", "for")),
        (task(**{"for": {"reference": "Group/g"}}), ("rejected", "no-patient", "for")),
        (task(code=concept("complete-questionnaire")), ("ignored", "not-a-referral", "code")),
        (task(code=None, focus={"reference": "Questionnaire/q"}), ("ignored", "not-a-referral", "code")),
        ({"resourceType": "Goal", "id": "g"}, ("ignored", "resource-not-used", None)),
        ({"resourceType": "Patient", "name": [{"text": "somebody"}]}, ("ignored", "nobody", "id")),
    ],
)
def test_what_is_no_referral_says_why(read: Reader, resource: dict[str, Any], outcome: tuple[str, str, object]) -> None:
    assert refused(read(GRAVITY, files(resource))) == [outcome]


def test_an_error_takes_the_referral_back(read: Reader) -> None:
    first, wrong = one(read, task()), one(read, task(status="entered-in-error", lastModified="2021-02-04T09:00:00Z"))
    assert (wrong.fact_key, wrong.active) == (first.fact_key, False)


def test_r14_parts_do_not_close_the_whole(read: Reader) -> None:
    whole, part = (
        task(status="in-progress"),
        task(id="t-2", status="completed", output=[output()], partOf=[{"reference": "Task/t-1"}]),
    )
    told = {event.referral: event for event in read.events(GRAVITY, files(bundle(whole, part)))}
    (parent,) = [event for event in told.values() if event.part_of is None]
    (child,) = [event for event in told.values() if event.part_of is not None]
    assert (parent.status, child.status, child.part_of) == ("passed-on", "helped", parent.referral)
    facts = facts_of(told.values()).values()
    assert sorted((fact.whole, fact.helped_on > 0) for fact in facts) == [(False, True), (True, False)]  # type: ignore[union-attr]


def test_a_task_without_a_person_is_whose_its_request_is(read: Reader) -> None:
    found = read.events(GRAVITY, files(bundle(task(**{"for": None}), request())))
    assert len({event.source_person for event in found}) == 1


def test_references_may_be_whole_urls_versions_or_the_entries_of_a_bundle(read: Reader) -> None:
    server = "https://ehr.example.org/fhir"
    told = task(
        focus={"reference": f"{server}/ServiceRequest/s-1/_history/3"},
        **{"for": {"reference": f"{server}/Patient/p-1"}},
    )
    found = read.events(GRAVITY, files(told, request()))
    assert len({(event.request, event.source_person) for event in found}) == 1
    sent = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": "urn:uuid:1",
                "resource": {"resourceType": "Patient", "identifier": [{"system": "urn:mrn", "value": "M-1"}]},
            },
            {
                "fullUrl": "urn:uuid:2",
                "resource": {
                    **request(id="x"),
                    "identifier": [{"value": "SR-9"}],
                    "subject": {"reference": "urn:uuid:1"},
                },
            },
            {
                "fullUrl": "urn:uuid:3",
                "resource": task(focus={"reference": "urn:uuid:2"}, **{"for": {"reference": "urn:uuid:1"}}),
            },
        ],
    }
    found = read.events(GRAVITY, files(sent))
    assert {event.kind for event in found} == {"person", "referral"}
    assert len({event.source_person for event in found}) == 1
    assert [event.category for event in found if event.kind == "referral"] == ["food-insecurity"] * 2
    assert len({event.request for event in found if event.kind == "referral"}) == 1


def test_a_referral_read_alone_says_what_it_said_in_its_bundle(read: Reader) -> None:
    procedure = {"resourceType": "Procedure", "id": "p", "status": "not-done"}
    patient = {
        "resourceType": "Patient",
        "id": "p-1",
        "birthDate": "1984-03-09",
        "name": [{"family": "Vega", "given": ["Ana"]}],
    }
    for kind in ("searchset", "collection"):
        for mapped in read(
            GRAVITY,
            files(bundle(patient, request(), task(status="completed", output=[output()]), procedure, kind=kind)),
        ):
            if mapped.event is None or mapped.type == "person":
                continue
            again = [each.event for each in read(GRAVITY, {"alone.json": mapped.raw}) if each.event is not None]
            assert mapped.event in again


def test_a_request_for_safety_carries_its_label(read: Reader) -> None:
    event = one(read, request(category=[concept("intimate-partner-violence")]))
    assert {"R", "SDV"} <= {*event.labels}


def test_a_test_stays_a_test(read: Reader) -> None:
    tag = {"tag": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]}
    assert one(read, task(meta=tag)).processing == "test"


def test_r14_a_need_goes_out_as_task_and_request_with_the_least_and_reads_back(read: Reader) -> None:
    order = Order("n-1", "food", True, date(2021, 2, 11), "C-77")
    ends = Ends("Organization/county", "Organization/pantry", "https://shelters.example/clients")
    told = transaction(order, ends, datetime(2021, 2, 3, 8, tzinfo=UTC))
    out = json.dumps(told)
    assert told == json.loads(json.dumps(transaction(order, ends, datetime(2021, 2, 3, 8, tzinfo=UTC)))), (
        "sent again it is the same"
    )
    assert "reason" not in out
    assert '"display"' not in out
    asked, sent = read.events(GRAVITY, {"out.json": out})
    assert (asked.category, sent.category, sent.status, sent.urgent) == (
        "food-insecurity",
        "food-insecurity",
        "sent",
        "yes",
    )
    assert (asked.source_person, asked.request) == (sent.source_person, sent.request)
    with pytest.raises(KeyError):
        transaction(order._replace(support="gold"), ends, datetime(2021, 2, 3, tzinfo=UTC))


def test_the_examples_of_the_guide_are_one_loop(read: Reader, shared_samples: Path) -> None:
    folder = shared_samples / SAMPLES
    found = {
        path.name.split("-SDOHCC-")[1][:40]: read.events(GRAVITY, {path.name: path.read_bytes()})
        for path in sorted(folder.glob("[ST]*.json"))
    }
    asked, accepted, completed = [events[0] for events in found.values()]
    assert (asked.status, accepted.status, completed.status, completed.proof) == (
        "sent",
        "accepted",
        "helped",
        "output",
    )
    assert len({(event.request, event.source_person) for event in (asked, accepted, completed)}) == 1
    assert asked.category == "food-insecurity"
    others = [path for path in sorted(folder.glob("*.json")) if not path.name.startswith(("Service", "Task"))]
    for path in others:
        assert counted(read(GRAVITY, {path.name: path.read_bytes()}))["ignored"] == {"resource-not-used": 1}


def calls(read: Reader, tasks: int) -> int:
    """How many functions (those of the interpreter too) it takes to read a bundle of tasks in progress."""
    made = [0]

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        made[0] += event in ("call", "c_call")

    told = [task(id=f"t-{number}", status="in-progress") for number in range(tasks)]
    content = files(bundle(*told, kind="collection"))
    read(GRAVITY, files(task()))  # what is made once a process is made
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        found = read(GRAVITY, content)
    finally:
        sys.setprofile(before)
    assert len(found) == tasks
    return made[0]


def test_4000_tasks_of_a_bundle_cost_eight_times_what_500_cost_and_no_square(read: Reader) -> None:
    assert calls(read, 4000) < 8.5 * calls(read, 500)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"authoredOn": "2999-01-01"}, "authoredOn"),
        ({"authoredOn": "soon", "lastModified": "2999-01-01"}, "lastModified"),
    ],
)
def test_a_referral_of_a_day_ahead_is_a_mistake_of_its_sender(told: dict[str, Any], field: str) -> None:
    context = MappingContext(GRAVITY, MadeUpAgreement(), IDS, today=lambda: date(2021, 3, 1))
    documents = files(task(**told), task(status="entered-in-error", **told))
    unit = Unit("u", {name: text.encode() for name, text in documents.items()})
    refused, withdrawn = programs()[GRAVITY].read(unit, context)
    assert (refused.reason, refused.where["field"]) == ("date-in-the-future", field)
    assert withdrawn.event is not None, "a withdrawal is taken whatever its day"
