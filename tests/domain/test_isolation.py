"""health-standards §8 R29 and R30: which rule holds where and when, and from which day isolation counts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import hub.domain.isolation as isolation
from hub.domain.history import decode_row
from hub.domain.projection import Projector
from tests.builders import IDS, Story, a_person

TABLE = (Path(isolation.__file__).parent / "tables" / "isolation_rules.csv").read_text()
MADE_UP = """jurisdiction,effective_from,days,version,source
US,2020-01-01,10,us-1,made up
US,2021-06-01,5,us-2,made up
CA,2021-03-01,7,ca-1,made up
"""


def place(
    story: Story, as_of: str, table: str = TABLE, jurisdiction: str = "US"
) -> tuple[date | None, date | None, str]:
    """Since when, until when and by which rule a person who sleeps in a shelter needs a place to isolate."""
    row = decode_row(None)
    for offset, record in enumerate(story.slept_at("s1", on=as_of).records):
        row.apply("person-a", offset, record)
    projector = Projector(IDS, isolation.load_rules(table, jurisdiction))
    (need,) = [
        need for need in projector.project("person-a", row, date.fromisoformat(as_of)).needs if need.support == "place"
    ]
    return need.since, need.until, need.rule.rpartition("/")[2]


@pytest.mark.parametrize(
    ("tested", "jurisdiction", "until", "rule"),
    [
        ("2021-02-01", "US", date(2021, 2, 11), "us-1"),
        ("2021-02-01", "CA", date(2021, 2, 11), "us-1"),  # before its own first rule
        ("2021-03-05", "US", date(2021, 3, 15), "us-1"),
        ("2021-03-05", "CA", date(2021, 3, 12), "ca-1"),
        ("2021-06-05", "US", date(2021, 6, 10), "us-2"),
        ("2021-06-05", "CA", date(2021, 6, 12), "ca-1"),  # a later national rule does not override its own
        ("2021-06-05", "NV", date(2021, 6, 10), "us-2"),  # a state without rules of its own
    ],
)
def test_r29_the_rule_is_of_the_jurisdiction_and_the_day_isolation_began(
    tested: str, jurisdiction: str, until: date, rule: str
) -> None:
    assert place(a_person().tested(on=tested), tested, MADE_UP, jurisdiction)[1:] == (until, rule)


def test_r29_the_rule_of_day_0_holds_to_the_end_though_another_came_since() -> None:
    assert place(a_person().tested(on="2021-05-30"), "2021-06-05", MADE_UP)[1:] == (date(2021, 6, 9), "us-1")


def test_r29_the_shipped_rules_are_dated_and_of_their_jurisdiction() -> None:
    national, state = isolation.load_rules(TABLE), isolation.load_rules(TABLE, "CA")
    assert [rule.version for rule in national][:2] == ["cdc-2024-03-01", "cdc-2021-12-27"]
    assert [rule.version for rule in state][:2] == ["ca-2024-01-09", "cdc-2021-12-27"]


def test_r30_isolation_counts_from_onset_else_from_the_specimen_and_day_0_is_not_counted() -> None:
    with_onset = a_person().tested(on="2021-02-05", onset="2021-02-01")
    assert place(with_onset, "2021-02-06")[:2] == (date(2021, 2, 1), date(2021, 2, 11))
    assert place(a_person().tested(on="2021-02-05"), "2021-02-06")[:2] == (date(2021, 2, 5), date(2021, 2, 15))
