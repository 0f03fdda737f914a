"""What an agreement grants leaves; everything else stays, whatever the source sent."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from hub.domain.agreement import DeliveryAgreement, IntakeAgreement, merge_labels
from hub.domain.events import Exposure, FoodAssistance, PersonBlock, RaceEthnicity, Vaccination
from hub.errors import Reject

CORE: dict[str, Any] = {
    "event_id": "e",
    "source": "made-up",
    "source_person": "p",
    "fact_key": "f",
    "changed_at": datetime(2021, 2, 1, tzinfo=UTC),
    "status_rank": 0,
    "content_hash": "c",
    "mapping_version": 1,
    "occurred_on": date(2021, 2, 1),
    "active": True,
    "agreement_id": "",
    "labels": ("N",),
    "purposes": (),
}
TERMS: dict[str, Any] = {
    "agreement_id": "a-1",
    "basis": "a made-up law",
    "valid_from": date(2020, 1, 1),
    "valid_until": date(2030, 12, 31),
    "purposes": ("isolation-support",),
    "labels": ("R",),
    "retention_days": 30,
}


def intake(**changes: Any) -> IntakeAgreement:
    fields: dict[str, Any] = {
        **TERMS,
        "kind": "intake",
        "connector": "made-up",
        "discloser": "d",
        "recipient": "r",
        "person_block": ("family_name",),
        "events": {"food-assistance": ("program", "enrolled")},
    }
    return IntakeAgreement(**{**fields, **changes})


def delivery(**changes: Any) -> DeliveryAgreement:
    fields: dict[str, Any] = {
        **TERMS,
        "kind": "delivery",
        "subscriber": "s",
        "topics": ("t",),
        "fields": ("support", "local_id"),
        "own_source": "made-up",
    }
    return DeliveryAgreement(**{**fields, **changes})


def visit(**changes: Any) -> FoodAssistance:
    block = PersonBlock(family_name="Madeup", ssn="900000000", birth_date=date(1980, 1, 1))
    race = RaceEthnicity(groups=("asian",))
    return FoodAssistance(
        **{
            **CORE,
            "person": block,
            "race_ethnicity": race,
            "program": "pantry",
            "enrolled": "yes",
            "delivered": True,
            **changes,
        }
    )


def test_what_was_not_granted_does_not_leave_the_source() -> None:
    taken = intake().grant(visit())
    assert (taken.program, taken.enrolled) == ("pantry", "yes")
    assert (taken.delivered, taken.race_ethnicity) == (False, None)
    assert taken.person == PersonBlock(family_name="Madeup")


def test_the_event_carries_the_agreement_its_purposes_and_the_highest_label() -> None:
    taken = intake(labels=("R", "SDV")).grant(visit(labels=("N", "ETH")))
    assert (taken.agreement_id, taken.purposes) == ("a-1", ("isolation-support",))
    assert taken.labels == ("R", "ETH", "SDV")


def test_an_event_that_holds_no_more_than_was_granted_leaves_as_it_is() -> None:
    granted = intake().grant(visit(person=PersonBlock(family_name="Vega"), delivered=True))
    assert intake().grant(granted) is granted
    assert intake(events={"food-assistance": ("program", "enrolled", "delivered")}).grant(granted) is granted
    assert intake(labels=("V",)).grant(granted).labels == ("V",)


def test_no_identifier_granted_means_no_person_block() -> None:
    assert intake(person_block=()).grant(visit()).person is None
    assert intake(person_block=("email",)).grant(visit()).person is None


def test_a_kind_the_agreement_does_not_name_is_refused() -> None:
    exposure = Exposure(**CORE, last_exposure_on=date(2021, 2, 1))
    with pytest.raises(Reject) as refused:
        intake().grant(exposure)
    assert (refused.value.reason, refused.value.stage) == ("kind-not-agreed", "agreement")


def test_a_required_field_that_may_be_unknown_is_withheld_as_unknown() -> None:
    taken = intake(events={"exposure": ()}).grant(Exposure(**CORE, last_exposure_on=date(2021, 2, 1)))
    assert taken.last_exposure_on is None


def test_a_test_stays_a_test_though_no_agreement_says_so() -> None:
    """health-standards §8 R8: withheld, the word would be the default, and a made-up dose would count."""
    agreed = intake(events={"vaccination": ("status", "cvx", "covid")})
    given = Vaccination(**CORE, status="administered", cvx="208", covid=True, dose_number=1, processing="test")
    assert (agreed.grant(given).processing, agreed.grant(given).dose_number) == ("test", None)


def test_a_filtered_event_still_validates_strictly() -> None:
    taken = intake().grant(visit())
    assert FoodAssistance.model_validate(taken.model_dump()) == taken


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"events": {"food-assistance": ("program",)}}, "without enrolled"),
        ({"events": {"food-assistance": ("program", "enrolled", "delivred")}}, "delivred is not a field"),
        ({"events": {"food": ()}}, "food is not an event kind"),
        ({"person_block": ("surname",)}, "surname is not an identifier"),
        ({"valid_until": date(2019, 1, 1)}, "before valid_from"),
    ],
)
def test_an_agreement_that_grants_nonsense_is_refused(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        intake(**change)


def test_an_agreement_holds_on_its_first_and_last_day() -> None:
    agreement = intake()
    days = [date(2019, 12, 31), date(2020, 1, 1), date(2030, 12, 31), date(2031, 1, 1)]
    assert [agreement.in_force(day) for day in days] == [False, True, True, False]


TODAY = date(2026, 1, 1)


@pytest.mark.parametrize(
    ("topic", "purposes", "labels", "today", "why"),
    [
        ("t", ("isolation-support",), ("R",), TODAY, None),
        ("t", ("isolation-support", "x"), ("N",), TODAY, None),
        ("u", ("isolation-support",), ("N",), TODAY, "topic-not-agreed"),
        ("t", ("vaccine-equity",), ("N",), TODAY, "purpose-not-agreed"),
        ("t", (), ("N",), TODAY, "purpose-not-agreed"),
        ("t", ("isolation-support",), ("V",), TODAY, "label-not-agreed"),
        ("t", ("isolation-support",), ("N", "SDV"), TODAY, "label-not-agreed"),
        ("t", ("isolation-support",), ("N",), date(2031, 1, 1), "agreement-not-in-force"),
    ],
)
def test_a_delivery_is_refused_with_its_reason(
    topic: str, purposes: tuple[str, ...], labels: tuple[str, ...], today: date, why: str | None
) -> None:
    assert delivery().refusal(topic, purposes=purposes, labels=labels, today=today) == why


def test_a_subscriber_sees_the_fields_it_was_granted_and_no_others() -> None:
    assert delivery().visible({"support": "place", "person_key": "k", "reasons": ("x",)}) == {"support": "place"}


def test_a_person_key_is_never_deliverable() -> None:
    with pytest.raises(ValidationError, match="never leaves the hub"):
        delivery(fields=("support", "person_key"))


def test_a_local_id_needs_to_be_somebodys() -> None:
    with pytest.raises(ValidationError, match="own_source"):
        delivery(own_source=None)


def test_merged_labels_keep_the_highest_confidentiality_and_every_sensitivity() -> None:
    assert merge_labels(("N", "SDV"), ("R",), ("ETH",)) == ("R", "ETH", "SDV")
    assert merge_labels() == ()
