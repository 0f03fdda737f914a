"""What codes and words mean: health-standards.md §8 R26, social-standards.md §4; nothing is guessed, absences stay apart."""

from __future__ import annotations

from datetime import date

import pytest

from hub.domain.race_ethnicity import (
    GROUPS,
    contradicts,
    extension_urls,
    hmis_columns,
    in_force,
    meant,
    not_asked,
    reporter,
    told,
)
from hub.domain.tables import rows


def groups(races: list[str], ethnicities: list[str]) -> tuple[str, ...]:
    report, _ = told(races, ethnicities)
    assert report is not None
    return report.groups


@pytest.mark.parametrize(
    ("code", "group"),
    [
        ("1002-5", "aian"), ("2028-9", "asian"), ("2054-5", "black"), ("2076-8", "nhpi"), ("2106-3", "white"), ("2131-1", "other"),
        ("2118-8", "mena"), ("2129-5", "mena"), ("1240-1", "aian"), ("2109-7", "white"), ("LA6156-9", "asian"),
        ("Caucasian", "white"),
    ],
)  # fmt: skip
def test_r26_codes_and_words_roll_up_to_their_group(code: str, group: str) -> None:
    assert groups([code], []) == (group,)


def test_r26_a_detailed_code_is_kept_beside_its_group() -> None:
    report, _ = told(["1240-1", "1002-5", "2106-3"], ["2156-8"])
    assert report is not None
    assert (report.groups, report.details) == (("aian", "white", "hispanic"), ("1240-1", "2156-8"))


def test_a_code_with_a_wrong_check_digit_is_no_code() -> None:
    assert (meant("ethnicity", "2156-8"), meant("ethnicity", "2156-7")) != (None, None)
    assert meant("ethnicity", "2156-7") is None


@pytest.mark.parametrize(
    ("word", "absence"),
    [
        ("UNK", "unknown"), ("ASKU", "asked-unknown"), ("Patient Declines", "declined"), ("POL", "withheld"), ("NASK", "not-asked"),
        ("asked-declined", "declined"), ("Didn't Ask", "not-asked"), ("Don't Know", "asked-unknown"), ("LA30122-8", "declined"),
    ],
)  # fmt: skip
def test_r26_absences_stay_apart_and_are_never_a_group(word: str, absence: str) -> None:
    report, issues = told([word], [word])
    assert report is not None
    assert (report.groups, report.absence, report.race_absence, report.ethnicity_absence) == ((), *[absence] * 3)
    assert issues == ()


def test_r26_a_race_in_the_ethnicity_field_leaves_ethnicity_unknown_and_is_said() -> None:
    report, issues = told(["2106-3"], ["African American"])
    assert report is not None
    assert (report.groups, report.ethnicity_absence, issues) == (("white",), "unknown", ("race-in-ethnicity",))


@pytest.mark.parametrize(("race", "ethnicity"), [("2135-2", "2186-5"), ("Hispanic", "N"), ("", "2135-2|2186-5")])
def test_hispanic_and_not_hispanic_at_once_tell_no_ethnicity_and_that_is_said(race: str, ethnicity: str) -> None:
    report, issues = told([race, "2106-3"], ethnicity.split("|"))
    assert report is not None
    assert (report.groups, report.ethnicity_absence) == (("white",), "unknown")
    assert issues == ("ethnicity-contradicts",)


def test_r26_a_word_that_no_row_knows_is_unknown_and_said_never_other() -> None:
    report, issues = told(["martian"], ["N"])
    assert report is not None
    assert (report.groups, report.race_absence, issues) == (("not-hispanic",), "unknown", ("unmapped-race",))


def test_r26_a_declined_ethnicity_is_kept_beside_a_race_that_was_told() -> None:
    report, _ = told(["2028-9"], ["asked-declined"])
    assert report is not None
    assert (report.groups, report.absence, report.ethnicity_absence) == (("asian",), None, "declined")


def test_r26_where_code_and_text_contradict_the_code_is_right() -> None:
    assert contradicts("ethnicity", "2135-2", "Non Hispanic")
    assert not contradicts("ethnicity", "2135-2", "Hispanic or Latino")
    assert not contradicts("race", "2106-3", "something else")


def test_nh_is_native_hawaiian_as_a_race_and_not_hispanic_as_an_ethnicity() -> None:
    assert groups(["NH"], ["NH"]) == ("nhpi", "not-hispanic")


def test_spd15_one_combined_question_may_tell_hispanic_among_the_races() -> None:
    assert groups(["2135-2", "2106-3"], []) == ("white", "hispanic")
    assert meant("race", "MENA", on=date(2020, 1, 1)) is None
    assert meant("race", "MENA", on=date(2025, 1, 1)) == (("mena",), "", "")


def test_numbers_of_hmis_mean_nothing_elsewhere() -> None:
    assert meant("race", "9") is None
    known = meant("race", "9", "HMIS")
    assert known is not None
    assert known.absence == "declined"


def test_social_16_fy2022_did_not_offer_mena() -> None:
    assert not_asked("omb-1997") == ("mena",)
    assert not_asked("spd-15-2024") == ()
    assert hmis_columns()["hispaniclatinaeo"].group == hmis_columns()["hispaniclatinao"].group == "hispanic"


def test_both_pairs_of_fhir_extensions_are_known() -> None:
    assert len(extension_urls("race")) == len(extension_urls("ethnicity")) == 2


def test_every_table_is_dated_and_speaks_of_known_groups() -> None:
    for name, column in (
        ("race_codes", "groups"),
        ("race_views", "shown_as"),
        ("race_fields", "group"),
        ("cdcrec", "group"),
    ):
        for row in rows(name):
            assert set(row[column].split()) <= {*GROUPS}, row
            assert name == "cdcrec" or row["valid_from"] <= (row["valid_until"] or "9999"), row
    assert in_force({"valid_from": "2024-03-28", "valid_until": ""}, date(2024, 3, 28))
    assert not in_force({"valid_from": "", "valid_until": "2023-09-30"}, date(2023, 10, 1))


def test_social_15_self_reported_but_written_by_a_professional_is_administrative() -> None:
    assert reporter("self-reported", "person") == "self"
    assert reporter("self-reported", "professional") == "administrative"
    assert reporter("reported-by-related-person", "related-person") == "related-person"
    assert reporter("observed", "professional") == reporter(None, None) == "administrative"
    assert reporter("derived", "person") == "derived"
