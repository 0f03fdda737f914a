"""What stands first, what is called missing, and where the records at fault are."""

from __future__ import annotations

from itertools import permutations

import pytest

from hub.redrive.reasons import reasons
from hub.report.first import fixes
from hub.report.partner import partner_words
from hub.report.tally import Tally
from tests.report.made_up import block, empty_tally, lab_result, page_of


def test_answers_asked_on_order_entry_never_stand_above_what_is_required_or_lost() -> None:
    tally = empty_tally()
    for n in range(50):
        tally.event(lab_result(n, symptomatic="unknown", congregate="unknown", loinc=None if n == 0 else "94500-6"))
        if n < 2:
            tally.event(lab_result(n, person=block(phone=None)))
    tally.refused("rejected", "bad-date", "OBX-14")
    order = [fix.what for fix in fixes(page_of(tally))]
    assert order == [
        "Refused: bad-date",
        "lab-result: LOINC code is missing",
        "lab-result: phone is missing",
        "lab-result: congregate is missing",
        "lab-result: symptomatic is missing",
    ]


def test_what_was_sent_and_cannot_be_read_is_not_called_missing() -> None:
    tally = empty_tally()
    for n in range(3):
        tally.event(lab_result(n, person=block(birth_date=None), issues=("unreadable-birth-date",)))
    (fix,) = fixes(page_of(tally))
    assert fix.what == "lab-result: birth date cannot be read"
    assert fix.do == "Write it as the format asks, in"


def test_what_is_missing_here_and_unreadable_there_is_called_both() -> None:
    tally = empty_tally()
    tally.event(lab_result(1, person=block(birth_date=None)))
    tally.event(lab_result(2, person=block(birth_date=None)), odd=("not-a-date.birth_date",))
    (fix,) = fixes(page_of(tally))
    assert fix.what == "lab-result: birth date is missing, or cannot be read"


def test_the_first_five_places_are_told_in_the_order_of_the_file() -> None:
    tally = empty_tally()
    for n in range(9, 0, -1):
        tally.event(lab_result(n, loinc=None), place=("f.hl7", n, f"f.hl7 message {n}"))
        tally.refused("rejected", "short-row", "", place=("f.csv", n + 1, f"f.csv row {n + 1}"))
    refused, missing = fixes(page_of(tally))
    assert refused.places == tuple(f"f.csv row {n}" for n in range(2, 7))
    assert missing.places == tuple(f"f.hl7 message {n}" for n in range(1, 6))


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_places_of_parts_are_those_of_the_whole(order: tuple[int, ...]) -> None:
    whole, parts = empty_tally(), [empty_tally() for _ in range(3)]
    for n in range(12):
        for tally in (whole, parts[n % 3]):
            tally.event(lab_result(n, loinc=None), place=("f", n, f"f message {n}"))
            tally.refused("rejected", "short-row", place=("f", n, f"f row {n}"))
    merged: Tally = empty_tally()
    for at in order:
        merged.merge(parts[at])
    assert page_of(merged).as_json() == page_of(whole).as_json()


def test_words_for_the_sender_are_not_those_for_the_operator() -> None:
    for code in reasons():
        assert "hub rejected" not in partner_words(code)
        assert "redrive" not in partner_words(code)
    assert partner_words("bad-date.occurred_on") == partner_words("bad-date")
