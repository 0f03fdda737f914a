"""R23: what people allow, as FHIR Consent and as lists; the signed paper stays nowhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hub.connectors.catalog import SHIPPED
from hub.connectors.installed import programs
from hub.domain.consents import SUPPORT_PURPOSES, refused_recipients, refused_since
from hub.domain.facts import Choice
from hub.domain.ids import Ids
from hub.mapping.consent_scope import RANKS
from hub.mapping.program import Mapped, MappingContext, Unit
from hub.mapping.tables import rows
from tests.mapping.reading import MadeUpAgreement, Reader, facts_of
from tests.outlets.test_delivery import AGREEMENT

CONSENT = "consent"
PAPER = base64.b64encode(b"%PDF-1.5 signed by Marisol Vega " + bytes(range(256)) * 400).decode()
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActReason"


def consent(**more: Any) -> dict[str, Any]:
    told = {
        "resourceType": "Consent", "id": "c-1", "status": "active", "patient": {"reference": "Patient/p-1"},
        "dateTime": "2021-01-20",
        "scope": {"coding": [{"code": "patient-privacy"}]}, "category": [{"coding": [{"code": "IDSCL"}]}],
        "text": {"status": "generated", "div": "<div>Marisol Vega agrees</div>"},
        "sourceAttachment": {"contentType": "application/pdf", "data": PAPER},
    } | more  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def purposes(*codes: str) -> list[dict[str, str]]:
    return [{"system": ACT, "code": code} for code in codes]


def actor(role: str) -> dict[str, Any]:
    return {"role": {"coding": [{"code": role}]}, "reference": {"display": "Landlord"}}


def read_on(files: Mapping[str, str], today: date = date(2021, 3, 1)) -> list[Mapped]:
    content = {name: text.encode() for name, text in files.items()}
    context = MappingContext(CONSENT, MadeUpAgreement(), Ids(b"k" * 32), today=lambda: today)
    return list(programs()[CONSENT].read(Unit("unit", content), context))


def one(*resources: dict[str, Any], today: date = date(2021, 3, 1)) -> Any:
    found = read_on({"consents.ndjson": "\n".join(json.dumps(each) for each in resources)}, today)
    (event,) = [mapped.event for mapped in found if mapped.type == "consent"]
    assert event is not None
    return event


def choice(event: Any) -> str:
    """What it decides for the offer of support."""
    (fact,) = facts_of([event]).values()
    assert isinstance(fact, Choice)
    return fact.decision


@pytest.mark.parametrize(
    ("more", "status", "decides"),
    [
        ({}, "not-computable", ""),
        ({"policyRule": {"coding": [{"code": "hipaa-auth"}]}}, "not-computable", ""),
        ({"provision": {}}, "not-computable", ""),
        ({"provision": {"period": {"start": "2021-01-01"}, "purpose": purposes("TREAT")}}, "not-computable", ""),
        ({"provision": {"type": "permit"}}, "given", "permit"),
        ({"provision": {"type": "deny"}}, "refused", "deny"),
        ({"policyRule": {"coding": [{"code": "OPTIN"}]}}, "given", "permit"),
        ({"policyRule": {"coding": [{"code": "OPTOUT"}]}}, "refused", "deny"),
        ({"policyRule": {"coding": [{"code": "OPTOUT"}]},
          "provision": {"type": "permit", "purpose": purposes("TREAT")}}, "refused", "deny"),
        ({"provision": {"type": "permit", "provision": [
            {"type": "deny", "purpose": purposes("COC")}, {"type": "permit", "purpose": purposes("TREAT")}]}}, "given", "deny"),
        ({"provision": {"type": "permit", "provision": [
            {"type": "deny", "purpose": purposes("COC")}, {"type": "permit", "purpose": purposes("COC")}]}}, "given", "deny"),
        ({"status": "rejected"}, "refused", "deny"),
        ({"status": "rejected", "provision": {"type": "permit"}}, "refused", "deny"),
        ({"status": "rejected", "provision": {"type": "permit", "purpose": purposes("HRESCH")}}, "refused", ""),
        ({"status": "inactive"}, "revoked", "deny"),
        ({"status": "inactive", "provision": {"type": "permit", "purpose": purposes("COC")}}, "revoked", "deny"),
        ({"status": "inactive", "provision": {"type": "permit", "purpose": purposes("HMARKT")}}, "revoked", ""),
        ({"status": "inactive", "provision": {"type": "permit", "period": {"end": "2020-12-31"}}}, "revoked", "deny"),
        ({"status": "inactive", "provision": {"type": "deny"}}, "not-computable", ""),
        ({"status": "inactive", "policyRule": {"coding": [{"code": "OPTOUT"}]}}, "not-computable", ""),
        ({"status": "rejected", "provision": {"type": "deny"}}, "refused", "deny"),
        ({"status": "rejected", "provision": {"type": "deny", "purpose": purposes("HRESCH")}}, "refused", ""),
        ({"provision": {"type": "permit", "period": {"end": "2020-12-31"}}}, "expired", "permit"),
        ({"status": "not-done"}, "not-asked", ""),
        ({"status": "unknown"}, "not-computable", ""),
        ({"scope": {"coding": [{"code": "research"}]}, "provision": {"type": "deny"}}, "refused", ""),
        ({"provision": {"type": "permit", "purpose": purposes("TREAT")}}, "given", "permit"),
        ({"provision": {"type": "deny", "purpose": purposes("HPAYMT")}}, "refused", ""),
        ({"provision": {"type": "deny", "purpose": purposes("X-LOCAL")}}, "refused", "deny"),
        ({"provision": {"type": "permit", "purpose": purposes("X-LOCAL")}}, "given", ""),
        ({"provision": {"type": "deny", "securityLabel": [{"code": "ETH"}]}}, "refused", ""),
        ({"provision": {"type": "deny", "actor": [actor("IRCP")]}}, "refused", ""),
        ({"provision": {"type": "deny", "actor": [actor("CST")]}}, "refused", "deny"),
        ({"provision": {"type": "permit", "provision": [{"type": "deny", "purpose": purposes("COC")}]}}, "given", "deny"),
        ({"provision": {"type": "deny", "provision": [{"type": "permit", "purpose": purposes("COC")}]}}, "refused", "permit"),
        ({"provision": {"provision": [{"type": "deny", "purpose": purposes("HRESCH")}]}}, "refused", ""),
        ({"scope": None, "decision": "permit", "provision": [{"purpose": purposes("HMARKT")}]}, "given", "permit"),
        ({"scope": None, "decision": "deny", "period": {"end": "2021-12-31"}}, "refused", "deny"),
    ],
)  # fmt: skip
def test_r23_what_a_fhir_consent_comes_to(more: dict[str, Any], status: str, decides: str) -> None:
    event = one(consent(**more))
    assert event.status == status
    assert choice(event) == decides


def test_r23_a_consent_that_ended_by_its_period_refuses_nothing() -> None:
    ended = {"type": "permit", "period": {"end": "2020-12-31"}}
    event = one(consent(status="inactive", meta={"lastUpdated": "2021-01-02T00:00:00Z"}, provision=ended))
    assert (event.status, event.valid_until) == ("expired", date(2020, 12, 31))
    assert choice(event) != "deny"


@pytest.mark.parametrize("today", [date(2021, 3, 1), date(2021, 11, 1)])
def test_r23_what_was_revoked_within_its_period_is_revoked_whenever_it_is_read(today: date) -> None:
    told = consent(
        status="inactive", meta={"lastUpdated": "2021-02-10T09:00:00Z"},
        provision={"type": "permit", "period": {"end": "2021-06-01"}},
    )  # fmt: skip
    event = one(told, today=today)
    assert (event.status, event.occurred_on, choice(event)) == ("revoked", date(2021, 2, 10), "deny")
    told = {name: value for name, value in told.items() if name != "meta"}
    event = one(told, today=today)
    assert (event.status, event.occurred_on, event.valid_from) == ("revoked", None, date(2021, 1, 20))


def test_that_a_day_has_passed_is_no_new_event() -> None:
    told = consent(provision={"type": "permit", "period": {"end": "2021-02-10"}})
    before, after = one(told, today=date(2021, 2, 10)), one(told, today=date(2021, 2, 11))
    assert (before.status, after.status) == ("given", "expired")
    assert before.event_id == after.event_id
    listed = "Client ID,ROI Status,Date Signed,ROI Expiration Date\nC-1,Yes,01/05/2021,02/10/2021\n"
    ids = {read_on({"a.csv": listed}, day)[0].event.event_id for day in (date(2021, 2, 10), date(2021, 2, 11))}  # type: ignore[union-attr]
    assert len(ids) == 1


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (consent(status="draft"), "not-sent"),
        (consent(status="proposed"), "not-sent"),
        (consent(scope={"coding": [{"code": "adr"}]}), "not-about-data-use"),
        (consent(category=[{"coding": [{"code": "dnr"}]}]), "not-about-data-use"),
        (consent(status="agreed"), "unmapped-code"),
        (consent(status=None), "missing-key"),
        (consent(id=None), "missing-key"),
        (consent(patient=None), "no-patient"),
        (
            {"resourceType": "DocumentReference", "id": "d", "content": [{"attachment": {"data": PAPER}}]},
            "resource-not-used",
        ),
    ],
)
def test_what_is_no_choice_says_why_and_keeps_no_paper(resource: dict[str, Any], reason: str) -> None:
    (mapped,) = read_on({"c.json": json.dumps(resource)})
    assert mapped.reason == reason
    assert PAPER[:40].encode() not in mapped.raw


def test_r23_the_signed_paper_is_neither_kept_nor_forwarded(read: Reader) -> None:
    patient = {"resourceType": "Patient", "id": "p-1", "name": [{"family": "Vega"}], "photo": [{"data": PAPER}]}
    entries = [
        {"fullUrl": f"https://a.example/{each['resourceType']}/{each['id']}", "resource": each}
        for each in (patient, consent())
    ]
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    (mapped,) = [each for each in read(CONSENT, {"c.json": json.dumps(bundle)}) if each.type == "consent"]
    assert mapped.event is not None
    kept = mapped.raw + mapped.event.model_dump_json().encode()
    assert PAPER[:40].encode() not in kept
    assert b"agrees" not in kept
    again = [each.event for each in read(CONSENT, {"alone.json": mapped.raw}) if each.type == "consent"]
    assert again == [mapped.event], "and it is read again without"


@pytest.mark.parametrize("end", [-1, -40, 60_000])
def test_r23_of_a_file_that_is_cut_off_nothing_is_kept(end: int) -> None:
    (mapped,) = read_on({"c.json": json.dumps(consent())[:end]})
    assert (mapped.outcome, mapped.hard_stop, mapped.raw) == ("rejected", True, b"")


def test_an_error_takes_a_consent_back() -> None:
    first, wrong = one(consent(provision={"type": "deny"})), one(consent(status="entered-in-error"))
    assert (wrong.fact_key, wrong.active) == (first.fact_key, False)
    assert wrong.status_rank > first.status_rank


def test_of_two_words_of_one_time_the_stricter_stands() -> None:
    ranks = [RANKS[word] for word in ("not-asked", "not-computable", "given", "expired", "refused", "revoked")]
    assert ranks == sorted(ranks)


def test_r23_the_consent_of_the_guide_permits_nothing_and_its_paper_is_not_kept(shared_samples: Path) -> None:
    path = next((shared_samples / "social/gravity-fhir").glob("Consent-*.json"))
    event = one(json.loads(path.read_text()))
    (mapped,) = read_on({path.name: path.read_text()})
    assert (event.status, event.rules, choice(event), event.occurred_on) == ("not-computable", (), "", date(2021, 5, 1))
    assert len(path.read_bytes()) > 100_000 > 2_000 > len(mapped.raw)


ROI = "Client ID,Last Name,First Name,DOB,ROI Status,Date Signed,ROI Start Date,ROI Expiration Date,Date Revoked,Scope,Recipient"


@pytest.mark.parametrize(
    ("told", "status", "decides"),
    [
        ("Yes,01/05/2021,,12/31/2021,,,", "given", "permit"),
        ("Y,,,,,,", "given", "permit"),
        (",01/05/2021,,12/31/2021,,,", "given", "permit"),
        ("Refused,,,,,,", "refused", "deny"),
        ("N,01/05/2021,,,,,", "refused", "deny"),
        ("Signed,01/05/2021,,12/31/2021,02/01/2021,,", "revoked", "deny"),
        ("Revoked,01/05/2021,,,,,", "revoked", "deny"),
        ("Signed,01/05/2020,,01/05/2021,,,", "expired", "permit"),
        ("Expired,01/05/2020,,,,,", "expired", ""),
        ("99,,,,,,", "not-asked", ""),
        ("None,,,,,,", "not-asked", ""),
        ("Partial,01/05/2021,,,,,", "not-computable", ""),
        ("Signed,01/05/2021,,,,Research,", "given", ""),
        ("Signed,01/05/2021,,,,Care Coordination,", "given", "permit"),
        ("Declined,01/05/2021,,,,Photo release,", "refused", ""),
        ("Declined,01/05/2021,,,,Form 7b,", "refused", "deny"),
        ("Signed,01/05/2021,,,,Form 7b,", "given", ""),
        ("Declined,01/05/2021,,,,,Landlord", "refused", ""),
        ("Declined,01/05/2021,,,,42 CFR Part 2,", "refused", ""),
    ],
)
def test_r23_what_a_release_of_information_comes_to(told: str, status: str, decides: str) -> None:
    (mapped,) = read_on({"roi.csv": f"{ROI}\nC-1,Vega,Marisol,03/09/1984,{told}\n"})
    event: Any = mapped.event
    assert (event.status, choice(event)) == (status, decides)


@pytest.mark.parametrize("today", [date(2021, 3, 1), date(2021, 5, 1)])
def test_a_revocation_on_a_day_to_come_refuses_from_that_day_on_whenever_it_is_read(today: date) -> None:
    row = "C-1,Vega,Marisol,03/09/1984,Yes,01/05/2021,,12/31/2021,04/01/2021,,"
    (mapped,) = read_on({"roi.csv": f"{ROI}\n{row}\n"}, today)
    event: Any = mapped.event
    (fact,) = facts_of([event]).values()
    assert isinstance(fact, Choice)
    assert (event.status, event.occurred_on, fact.decision) == ("revoked", date(2021, 4, 1), "deny")
    assert fact.since == date(2021, 4, 1).toordinal()


@pytest.mark.parametrize(("updated", "day"), [("06/01/2021", date(2021, 6, 1)), ("", None)])
def test_r23_a_release_revoked_on_no_day_beats_the_one_signed_since(updated: str, day: date | None) -> None:
    text = (
        "ROI ID,Client ID,ROI Status,Date Signed,Last Updated\n"
        f"R1,C-1,Revoked,01/10/2021,{updated}\nR2,C-1,Signed,03/01/2021,\n"
    )
    revoked, signed = [mapped.event for mapped in read_on({"roi.csv": text}, date(2021, 7, 1))]
    assert revoked is not None
    assert signed is not None
    assert revoked.occurred_on == day
    choices = [(("C-1", name), fact) for name, fact in facts_of([revoked, signed]).items() if isinstance(fact, Choice)]
    assert len(choices) == 2
    assert refused_since(choices, date(2021, 7, 1).toordinal()) is not None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("C-1,,,,Level 9,,,,,,", "unmapped-code"),
        (",,,,Yes,01/05/2021,,,,,", "missing-key"),
        ("C-1,,,,,,,,,,", "missing-key"),
        ("C-1,,,,Yes,soon,,,,,", "bad-date"),
        ("C-1,,,,Pending,,,,,,", "not-sent"),
        ("C-1,,,,Awaiting signature,01/05/2021,,,,,", "not-sent"),
    ],
)
def test_a_release_that_says_nothing_is_refused_or_ignored(row: str, reason: str) -> None:
    (mapped,) = read_on({"roi.csv": f"{ROI}\n{row}\n"})
    assert mapped.reason == reason


def test_files_of_both_kinds_may_come_together(read: Reader) -> None:
    found = read(CONSENT, {"a.json": json.dumps(consent()), "b.csv": f"{ROI}\nC-1,,,,Yes,01/05/2021,,,,,\n"})
    assert [mapped.type for mapped in found] == ["consent", "consent"]


def test_every_purpose_of_the_table_is_one_that_something_reads() -> None:
    known = {row["purpose"] for row in rows("consent_purposes")}
    assert known >= SUPPORT_PURPOSES | {"*", "part", "research"}


def test_files_in_the_inbox_go_after_a_day_for_they_hold_the_papers() -> None:
    assert "keep_days: 1 " in (SHIPPED / CONSENT / "connector.yaml").read_text()


@pytest.mark.parametrize("name", ["Organization/Landlord", " organization/landlord "])
def test_r23_the_agreement_finds_its_subscriber_in_what_people_refuse(name: str) -> None:
    deny = {"type": "deny", "actor": [{"reference": {"reference": "Organization/landlord", "display": "Landlord"}}]}
    event = one(consent(provision={"type": "permit", "provision": [deny]}))
    agreement = AGREEMENT.model_copy(update={"known_as": {CONSENT: (name,)}})
    assert _refused_to(event) <= (agreement.recipients(IDS.token) or frozenset())
    others = AGREEMENT.model_copy(update={"known_as": {CONSENT: ("Organization/shelters",)}})
    assert _refused_to(event).isdisjoint(others.recipients(IDS.token) or ())


def test_r23_a_release_that_refuses_one_recipient_finds_it_too() -> None:
    row = "C-1,Vega,Marisol,03/09/1984,Declined,01/20/2021,,,,,Oak  Street Landlord"
    (event,) = [mapped.event for mapped in read_on({"roi.csv": f"{ROI}\n{row}\n"}) if mapped.type == "consent"]
    agreement = AGREEMENT.model_copy(update={"known_as": {CONSENT: ("oak street landlord",)}})
    assert event is not None
    assert _refused_to(event) <= (agreement.recipients(IDS.token) or frozenset())


def test_r23_a_recipient_whom_nothing_names_may_be_anybody() -> None:
    event = one(consent(provision={"type": "permit", "provision": [{"type": "deny", "actor": [{"reference": {}}]}]}))
    agreement = AGREEMENT.model_copy(update={"known_as": {CONSENT: ()}})
    assert _refused_to(event) <= (agreement.recipients(IDS.token) or frozenset())


IDS = Ids(b"k" * 32)


def _refused_to(event: Any) -> frozenset[str]:
    """To whom nothing goes by this consent, of whom there is somebody."""
    choices = [(("p", key), fact) for key, fact in facts_of([event]).items() if isinstance(fact, Choice)]
    assert refused_since(choices, date(2021, 2, 1).toordinal()) is None, "support is offered all the same"
    found = frozenset(refused_recipients(choices, date(2021, 2, 1).toordinal()))
    assert found
    return found
