"""Every report is kept; which one stands (social-standards.md 15), in whatever order they came."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.facts import Dose
from hub.domain.history import Row, SubHistory, decode_row, encode_row, encode_sub_history
from hub.domain.ids import Ids
from hub.domain.isolation import load_rules
from hub.domain.projection import Projector
from hub.domain.race_reports import Dated, resolve, stored, unstored
from hub.domain.race_views import view_totals, word_of

RULES = load_rules(files("hub.domain").joinpath("tables/isolation_rules.csv").read_text())
T0 = datetime(2021, 3, 1, tzinfo=UTC)


def dated(text: str, at: int = 1, name: str = "f", *, current: bool = True) -> Dated:
    return at, current, unstored(text), ("sp", name)


def word(*reports: Dated) -> str:
    return word_of(resolve(reports))


def test_social_15_the_persons_own_word_beats_relatives_staff_and_derived_whenever_it_was_told() -> None:
    """The three reports of one patient and time in the Gravity reference data."""
    own, kin, staff = dated("self:aian,white:", 1), dated("related-person:aian:", 5), dated("administrative:white:", 9)
    assert word(staff, kin, own) == "aian+white/?unknown"
    assert word(staff, kin) == "aian/?unknown"
    assert word(staff, dated("derived:asian:", 99)) == "white/?unknown"


def test_social_15_a_value_beats_an_absence_each_half_for_itself() -> None:
    assert word(dated("self:black:", 1), dated("self::unknown", 2)) == "black/?unknown"
    assert word(dated("administrative:black:", 1), dated("administrative:not-hispanic:", 2)) == "black/not-hispanic"
    assert word(dated("administrative:black,hispanic:", 1), dated("administrative:white:", 2)) == "white/hispanic"


def test_social_15_declined_beats_not_asked_and_is_not_filled_from_lower_ranks() -> None:
    assert word(dated("self::declined"), dated("administrative:white:", 9)) == "?declined/?declined"
    assert (
        word(dated("administrative::not-asked"), dated("administrative::declined", name="g")) == "?declined/?declined"
    )
    assert word(dated("self::not-asked"), dated("administrative:white:", 9)) == "white/?not-asked"


def test_social_15_same_rank_and_time_but_other_values_is_a_conflict() -> None:
    one, other = dated("administrative:white:", name="a"), dated("administrative:black:", name="b")
    assert word(one, other) == word(other, one)
    assert word(one, other).endswith("!conflict")
    assert not word(one, dated("administrative:black:", 2, "b")).endswith("!conflict")


def test_who_answers_one_combined_question_with_hispanic_has_answered_the_race_too() -> None:
    combined = ":".join(["administrative", "hispanic", *[""] * 7, "spd-15-2024"])
    assert word(dated("administrative:white:", 1), dated(combined, 2)) == "/hispanic"


TEXTS = st.builds(
    lambda by, groups, absence: f"{by}:{','.join(sorted(groups))}:{'' if groups else absence}",
    st.sampled_from(["self", "related-person", "administrative", "derived"]),
    st.sets(st.sampled_from(["white", "black", "asian", "mena", "hispanic", "not-hispanic"]), max_size=3),
    st.sampled_from(["declined", "asked-unknown", "not-asked", "unknown", "withheld"]),
)
REPORTS = st.lists(
    st.builds(lambda text, at, name: dated(text, at, name), TEXTS, st.integers(1, 3), st.sampled_from("abc")),
    max_size=6,
)


@given(REPORTS, st.randoms(use_true_random=False))
def test_social_15_any_order_and_any_repeat_gives_the_same_answer(reports: list[Dated], chance: Any) -> None:
    shuffled = [*reports, *reports[:2]]
    chance.shuffle(shuffled)
    assert resolve(shuffled) == resolve(reports)


def test_a_report_is_stored_whole_and_one_of_an_earlier_release_is_read() -> None:
    report = {
        "reported_by": "self", "groups": ("white", "aian"), "absence": None, "race_absence": None, "ethnicity_absence": "declined",
        "details": ("1102-3", "1088-4"), "method": "self-reported", "performer": "person", "reported_at": T0,
        "standard": "omb-1997", "not_asked": ("mena",),
    }  # fmt: skip
    kept = unstored(stored(report) or "")
    assert (kept.details, kept.method, kept.performer) == (frozenset({"1102-3", "1088-4"}), "self-reported", "person")
    assert (kept.told_us, kept.standard, kept.not_asked) == (int(T0.timestamp() * 1e6), "omb-1997", frozenset({"mena"}))
    assert unstored("administrative:black:").groups == {"black"}
    assert stored({"reported_by": "self", "groups": (), "absence": "declined"}) == "self::declined"


def record(version: int, race: str | None, *, fact: str = "dose", active: bool = True) -> dict[str, Any]:
    """A dose of one person at one version; `race`: groups by comma, `?why`, or None where nothing was told."""
    told = None
    if race is not None:
        why = race[1:] if race.startswith("?") else None
        told = {"reported_by": "administrative", "groups": () if why else tuple(race.split(",")), "absence": why}
    return {
        "kind": "vaccination", "source_person": "sp", "fact_key": fact, "link_revision": 1, "changed_at": T0 + timedelta(version),
        "status_rank": 1, "content_hash": f"{version:032d}", "mapping_version": 1, "active": active, "occurred_on": T0.date(),
        "county": "47065", "labels": ("R",), "purposes": ("care",), "race_ethnicity": told, "covid": True,
        "status": "administered", "cvx": "208", "historical": False,
    }  # fmt: skip


def fold(*records: dict[str, Any]) -> Row:
    row = decode_row(None)
    for offset, each in enumerate(records):
        row.apply("person", offset, each)
    return decode_row(encode_row(row))


def strata(row: Row) -> set[str]:
    Projector(Ids(b"k" * 32), RULES).project("person", row, date(2021, 6, 1))
    return set(row.contribution)


def totals(row: Row) -> dict[str, int]:
    return view_totals(dict.fromkeys(strata(row), 1))


def test_r27_a_later_better_answer_moves_a_dose_that_was_counted_as_unknown() -> None:
    """health-standards.md §8 R27. Unknown → known: the dose of March counts for the group that was told in April."""
    first = fold(record(1, "?unknown"))
    assert "vaccinated|47065|race_ethnicity|unknown" in strata(first)
    projector = Projector(Ids(b"k" * 32), RULES)
    projector.project("person", first, date(2021, 6, 1))
    first.apply("person", 9, record(30, "black,not-hispanic", fact="visit") | {"kind": "person"})
    moved = projector.project("person", first, date(2021, 6, 1))
    assert "vaccinated|47065|race_ethnicity|unknown" in moved.lost
    assert "vaccinated|47065|race_ethnicity|black" in moved.gained
    assert totals(first)["vaccinated|47065|race-told|known"] == 1


def test_r27_a_later_version_that_does_not_know_takes_nothing_away() -> None:
    row = fold(record(1, "asian"), record(2, "?unknown"), record(3, None))
    assert "vaccinated|47065|race_ethnicity|asian" in strata(row)


def test_social_15_no_report_is_ever_written_over() -> None:
    row = fold(record(1, "white"), record(2, "?declined"), record(3, "black"), record(4, "black"))
    assert set(row.subs["sp"].said["dose"]) == {"administrative:white:", "administrative::declined"}
    assert row.subs["sp"].facts["dose"].race == "administrative:black:"
    assert "vaccinated|47065|race_ethnicity|black" in strata(row)


def test_what_a_withdrawn_fact_told_is_kept_and_does_not_count() -> None:
    row = fold(record(1, "white"), record(2, "black", active=False), record(1, "?unknown", fact="other"))
    assert set(row.subs["sp"].said["dose"]) == {"administrative:white:"}
    assert "people|47065|race_ethnicity|unknown" in strata(row)


VERSIONS = st.lists(
    st.builds(
        lambda version, race, fact: record(version, race, fact=fact),
        st.integers(1, 4),
        st.sampled_from([None, "white", "black", "hispanic", "?unknown", "?declined"]),
        st.sampled_from(["dose", "other"]),
    ),
    max_size=7,
)


@settings(max_examples=200)
@given(VERSIONS, st.randoms(use_true_random=False))
def test_social_15_the_fold_keeps_the_same_reports_in_any_order_and_across_a_carry(
    records: list[dict[str, Any]], chance: Any
) -> None:
    shuffled = [*records, *records[:2]]
    chance.shuffle(shuffled)
    plain, other = fold(*records), fold(*shuffled)
    assert [(sub.facts, sub.said) for sub in plain.subs.values()] == [
        (sub.facts, sub.said) for sub in other.subs.values()
    ]
    assert strata(plain) == strata(other)
    half = len(shuffled) // 2
    first, second = fold(*shuffled[:half]), fold(*shuffled[half:])
    for sub in first.subs.values():
        carry = {
            "kind": "carry",
            "source_person": "sp",
            "revision": 1,
            "owner": "person",
            "sub_history": encode_sub_history(sub),
        }
        second.apply("person", 99, carry)
    assert strata(second) == strata(plain)
    assert [sub.said for sub in second.subs.values()] == [sub.said for sub in plain.subs.values()]


def test_a_sub_history_of_an_earlier_release_has_said_nothing_else() -> None:
    dose = Dose(1, 0, "h", 1, True, 5, None, "self:white:", "R|x", True)
    old = msgspec.msgpack.encode([1, "person", {"f": dose}, {}])
    assert msgspec.msgpack.decode(old, type=SubHistory).said == {}
