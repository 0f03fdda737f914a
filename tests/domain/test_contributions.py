"""Who counts where: reports of race and ethnicity are resolved, never inferred."""

from __future__ import annotations

from hub.domain.contributions import race_group
from hub.domain.history import AnyFact, Demographics


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
