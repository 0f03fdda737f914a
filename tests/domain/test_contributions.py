"""Who counts where: reports of race and ethnicity are resolved, never inferred."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest

from hub.domain.contributions import contributions, doses_given, race_group
from hub.domain.facts import AnyFact, Demographics, Dose


def fact(race: str, changed_us: int = 1) -> tuple[tuple[str, str], AnyFact]:
    """A report; the name makes it unique."""
    return ("sp", f"{race}{changed_us}"), Demographics(changed_us, 0, "h", 1, True, 0, None, race, "R|x")


def test_what_people_say_of_themselves_beats_what_others_say() -> None:
    assert race_group([fact("administrative:white:", 9), fact("self:black:", 1)]) == "black"


def test_within_one_reporter_the_newest_telling_stands() -> None:
    assert race_group([fact("self:black:", 1), fact("self:asian:", 2)]) == "asian"


def test_a_value_beats_an_absence_of_the_same_reporter() -> None:
    assert race_group([fact("self:black:", 1), fact("self::unknown", 2)]) == "black"


def test_who_declined_is_not_asked_behind_their_back() -> None:
    assert race_group([fact("self::declined"), fact("derived:white:")]) == "unknown"
    assert race_group([fact("self::unknown"), fact("derived:white:")]) == "white"


def test_hispanic_of_any_race_is_hispanic_and_not_hispanic_alone_is_unknown() -> None:
    assert race_group([fact("self:black,hispanic:")]) == "hispanic"
    assert race_group([fact("self:not-hispanic:")]) == "unknown"
    assert race_group([fact("self:black,not-hispanic:")]) == "black"
    assert race_group([fact("self:asian,black:")]) == "multiracial"


FIRST = date(2021, 2, 1)


def dose(
    source: str, after_d: int, cvx: str = "208", *, given: bool = True, told: bool = False
) -> tuple[tuple[str, str], AnyFact]:
    """A dose as one source tells of it."""
    day = (FIRST + timedelta(after_d)).toordinal()
    return (source, f"{source}{after_d}"), Dose(1, 0, "h", 1, True, day, "47037", None, "N|x", given, cvx, told)


def strata(*doses: tuple[tuple[str, str], AnyFact], after_d: int = 90) -> set[str]:
    found = contributions(doses, [], [], (FIRST + timedelta(after_d)).toordinal())
    return {stratum.split("|")[0] for stratum in found if "|race_ethnicity|" in stratum}


def test_one_dose_that_three_sources_tell_of_is_one_dose_and_no_series() -> None:
    """health-standards §8 R22: EHR, pharmacy and registry, new and historical."""
    told = [dose("ehr", 0), dose("pharmacy", 1), dose("iis", 0, "213", told=True)]
    assert len(doses_given(told, FIRST.toordinal() + 90)) == 1
    assert strata(*told) == {"people", "vaccinated"}
    assert strata(*told, dose("iis", 21, told=True)) == {"people", "vaccinated", "series-complete"}


def test_a_series_is_complete_from_the_day_of_its_last_dose() -> None:
    both = (dose("ehr", 0), dose("ehr", 21))
    assert "series-complete" not in strata(*both, after_d=20)
    assert "series-complete" in strata(*both, after_d=21)


@pytest.mark.parametrize("cvx", ["219", "502", "510"])
def test_who_got_a_product_without_a_rule_is_not_judged_and_neither_complete_nor_incomplete(cvx: str) -> None:
    """The youngest (three doses) and products of other countries: no rule of vaccine_series.csv speaks of them."""
    assert strata(dose("ehr", 0, cvx)) == {"people", "vaccinated", "series-not-judged"}
    assert strata(dose("ehr", 0, cvx), dose("ehr", 40, cvx)) == {"people", "vaccinated", "series-not-judged"}
    complete = strata(dose("ehr", 0, cvx), dose("ehr", 40), dose("ehr", 61))
    assert complete == {"people", "vaccinated", "series-complete"}


def test_refusals_are_kept_and_count_nowhere() -> None:
    assert strata(dose("ehr", 0, given=False), dose("ehr", 21, given=False)) == {"people"}


def test_a_dose_stored_before_products_were_kept_is_still_a_dose() -> None:
    stored = msgspec.msgpack.encode(["d", 1, 0, "h", 1, True, FIRST.toordinal(), "47037", None, "N|x", True])
    fact = msgspec.msgpack.decode(stored, type=Dose)
    assert strata((("ehr", "f"), fact)) == {"people", "vaccinated"}
