"""Who is one person among events."""

from __future__ import annotations

from hub.domain import who
from hub.domain.events import Person
from hub.domain.linkage.model import shipped_model
from tests.domain.linkage.people import ANA, block, version


def _event(source_person: str | None, **told: object) -> Person:
    changed_at, status_rank, content_hash, mapping_version = version(1)
    return Person(
        event_id="e", source="s", source_person=source_person, fact_key="f", changed_at=changed_at,
        status_rank=status_rank, content_hash=content_hash, mapping_version=mapping_version, occurred_on=None, active=True,
        agreement_id="a", labels=(), purposes=(), person=block(**{**ANA, **told}),
    )  # fmt: skip


def test_each_source_person_is_told_its_group_and_nobodys_events_are_left_out() -> None:
    found = who.groups([_event("a"), _event("b"), _event(None)])
    assert found == {"a": frozenset("ab"), "b": frozenset("ab")}


def test_a_letter_more_in_the_name_does_not_part_people() -> None:
    assert who.groups([_event("a"), _event("b", family_name="Ferreira")])["a"] == {"a", "b"}


def test_the_more_people_the_records_may_be_of_the_more_must_agree() -> None:
    told = dict.fromkeys(set(ANA) - {"given_name", "family_name", "birth_date"})
    events = [_event("a", **told), _event("b", **told, family_name="Ferreira")]
    assert who.groups(events, 10_000)["a"] == {"a", "b"}
    assert who.groups(events, 1_000_000_000)["a"] == {"a"}


def test_the_thresholds_in_use_are_the_shipped_ones_where_nobody_says_otherwise() -> None:
    assert who.weights() == shipped_model()
    assert who.weights(125_000).match == shipped_model().match - 3
