"""health-standards §8 R17 to R20: corrections, withdrawals and repeats end in the same state in any order of arrival."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.events import LabResult
from hub.domain.facts import AnyFact, Lab
from hub.domain.identity import version_of
from tests.mapping.made_up_fhir import DETECTED as SEEN
from tests.mapping.made_up_fhir import NOT_DETECTED as UNSEEN
from tests.mapping.made_up_fhir import body, bundle, header, observation, organization, patient, report
from tests.mapping.made_up_fhir import message as fhir_message
from tests.mapping.reading import Reader, counted, facts_of
from tests.mapping.test_labs import DETECTED, LABS, NOT_DETECTED, PCR, one, oru

FLU = "OBX|2|CWE|80382-5^Flu A^LN||260373001^Detected^SCT||||||{status}|||20210105"
STORY = {
    "preliminary": oru(answer=NOT_DETECTED, status="P", report="P", at="20210105180000+0000", control="1"),
    "final": oru(at="20210106120000+0000", control="2", more=(FLU.format(status="F"),)),
    "final, sent again": oru(at="20210106120000+0000", sent="20210109", control="3", more=(FLU.format(status="F"),)),
    "corrected": oru(answer=NOT_DETECTED, status="C", report="C", at="20210107120000+0000", control="4"),
    "corrected back": oru(status="C", report="C", at="20210108120000+0000", control="5"),
    "wrong patient": oru(status="W", report="C", at="20210109120000+0000", control="6", more=(FLU.format(status="W"),)),
    "another order": oru(order="F-2", at="20210106120000+0000", control="7"),
    "its deletion in the same minute": oru(order="F-2", status="D", at="20210106120000+0000", control="8"),
    "a third order, specimen alone": oru(order="", at="20210106120000+0000", control="9"),
    "cancelled": oru(order="F-4", answer="", status="X", report="X", at="20210106120000+0000", control="10"),
    "in another batch": "BHS|^~\\&\r" + oru(order="F-5", at="20210110", control="11") + "BTS|1\r",
}
READ = Reader()


def folded(*messages: str) -> dict[str, AnyFact]:
    """What a person's row holds after these messages, one after the other."""
    return facts_of(event for message in messages for event in READ.events(LABS, {"m": message}))


END = folded(*STORY.values())


@settings(deadline=None)
@given(st.permutations(list(STORY.values())), st.lists(st.sampled_from(list(STORY.values())), max_size=4))
def test_r20_any_order_and_any_repeats_end_in_the_same_state(messages: list[str], again: list[str]) -> None:
    assert folded(*messages, *again) == END
    assert folded(*again, *messages) == END


def test_r19_what_the_story_ends_in() -> None:
    standing = [fact for fact in END.values() if isinstance(fact, Lab) and fact.active]
    assert len(END) == 6  # the result, the flu of its report, and four orders
    assert sum(fact.isolates for fact in standing) == 2  # the third order, and the one in another batch


def test_r19_a_result_posted_as_wrong_is_withdrawn_though_it_still_says_detected() -> None:
    (fact,) = folded(STORY["another order"], STORY["its deletion in the same minute"]).values()
    assert not fact.active


def test_r19_a_late_original_does_not_undo_its_correction() -> None:
    assert folded(STORY["corrected"], STORY["final"]) == folded(STORY["final"], STORY["corrected"])


def test_r18_the_key_is_of_facility_order_test_and_subid_and_not_of_the_message(read: Reader) -> None:
    first = one(read)
    assert one(read, control="M9", at="20210109").fact_key == first.fact_key
    assert one(read, order="F-2").fact_key != first.fact_key
    assert one(read, code="94558-4^Ag^LN").fact_key != first.fact_key


def test_r18_without_an_order_number_the_specimen_is_the_key(read: Reader) -> None:
    first, other = one(read, order=""), read.events(LABS, {"m": oru(order="").replace("^S-1|", "^S-2|")})[0]
    assert first.fact_key == one(read, order="", control="M9").fact_key
    assert first.fact_key != other.fact_key


def test_r18_the_same_content_again_is_no_new_event(read: Reader) -> None:
    assert len({event.event_id for event in read.events(LABS, {"m": STORY["final"] + STORY["final, sent again"]})}) == 2


def test_r17_several_analytes_are_several_observations_of_one_report(read: Reader) -> None:
    events: list[Any] = read.events(LABS, {"m": STORY["final"]})
    assert [isinstance(event, LabResult) for event in events] == [True, True]
    assert len({event.report_key for event in events}) == 1
    assert len({event.observation_key for event in events}) == 2
    assert DETECTED in STORY["final"]


def test_r19_a_final_answer_of_a_corrected_order_is_a_correction_and_wins_at_the_same_time(read: Reader) -> None:
    first, later = oru(), oru(answer=NOT_DETECTED, report="C", control="M2")
    assert one(read, answer=NOT_DETECTED, report="C").status == "corrected"
    for messages in ((first, later), (later, first)):
        (fact,) = folded(*messages).values()
        assert isinstance(fact, Lab)
        assert not fact.isolates


def test_r17_the_only_result_of_an_order_is_no_previous_one_however_old_its_observation(read: Reader) -> None:
    event = one(read, status="", report="F", at="20210210120000+0000")
    aged = oru(status="").replace("||||||||20210105\rSPM", "||||||||20201201\rSPM")
    assert event.meaning == "positive"
    (old,) = read.events(LABS, {"m": aged})
    assert (old.meaning, old.issues) == ("positive", ("status-missing",))


OF_ONE_MINUTE = [
    oru(sent="20210107", control="1"),
    oru(answer=NOT_DETECTED, report="C", status="C", sent="20210108", control="2"),
    oru(report="C", status="C", sent="20210109", control="3"),
]


@pytest.mark.parametrize("order", range(20))
def test_r18_of_two_corrections_that_repeat_the_time_of_the_report_the_one_sent_later_stands(order: int) -> None:
    told = [message.replace("F-1^", f"F-{order}^") for message in OF_ONE_MINUTE]
    for messages in itertools.permutations(told):
        (fact,) = folded(*messages).values()
        assert isinstance(fact, Lab)
        assert fact.isolates
    (fact,) = folded(*told[1::-1]).values()
    assert isinstance(fact, Lab)
    assert not fact.isolates


def test_r18_an_original_sent_again_later_does_not_undo_its_correction_of_the_same_time() -> None:
    again = OF_ONE_MINUTE[0].replace("|20210107||ORU", "|20210120||ORU")
    assert again != OF_ONE_MINUTE[0]
    for messages in itertools.permutations([OF_ONE_MINUTE[1], again]):
        (fact,) = folded(*messages).values()
        assert isinstance(fact, Lab)
        assert not fact.isolates


@pytest.mark.parametrize("number", range(20))
def test_r18_of_two_fhir_corrections_of_one_issued_the_bundle_made_later_stands(number: int) -> None:
    def told(day: int, answer: str, status: str) -> str:
        made = fhir_message(status=status, answer=answer)
        made["timestamp"] = f"2021-02-{day}T00:00:00Z"
        return body(made).replace("ORD-1", f"ORD-{number}")

    files = [told(17, SEEN, "final"), told(18, UNSEEN, "corrected"), told(19, SEEN, "corrected")]
    for order in itertools.permutations(files):
        events = [event for file in order for event in READ.events("lab-elr-fhir", {"f.json": file})]
        last = max(events, key=version_of)
        assert (last.meaning, last.status) == ("positive", "corrected")


@pytest.mark.parametrize("reverse", [False, True])
def test_in_a_corrected_order_the_result_that_says_so_is_the_correction(reverse: bool, read: Reader) -> None:
    """Both were corrections of one time: which of them stood was a matter of arrival."""
    wrong, right = (
        f"OBX|{n}|CWE|{PCR}||{answer}||||||{own}"
        for n, (answer, own) in enumerate(((NOT_DETECTED, "F"), (DETECTED, "C")))
    )
    message = oru(report="C")
    lines = [line for line in message.split("\r") if not line.startswith("OBX")]
    told = [right, wrong] if reverse else [wrong, right]
    events = read.events(LABS, {"m": "\r".join((*lines[:4], *told, *lines[4:]))})
    stands = max(events, key=version_of)
    assert {event.fact_key for event in events} == {stands.fact_key}
    assert (stands.meaning, stands.status) == ("positive", "corrected")
    assert [event.status for event in events if event is not stands] == ["final"]


@pytest.mark.parametrize("reverse", [False, True])
def test_in_an_amended_report_the_observation_that_says_so_is_the_correction(reverse: bool, read: Reader) -> None:
    both = [observation(1, answer=UNSEEN), observation(2, answer=SEEN, status="amended")]
    told = report(*((2, 1) if reverse else (1, 2)), status="amended")
    events = read.events("lab-elr-fhir", {"m": body(bundle(header(), organization(), patient(), *both, told))})
    assert {(event.meaning, event.status) for event in events} == {("negative", "final"), ("positive", "corrected")}
    assert len({event.fact_key for event in events}) == 1


def _cancelled(code: str = PCR, letter: str = "X", *after: str) -> str:
    """A later message of the same order, withdrawn, without its result."""
    kept = [line for line in oru(control="M2").split("\r") if line and not line.startswith("OBX")]
    cut = next(n for n, line in enumerate(kept) if line.startswith("OBR"))
    order = (kept[cut].split("|") + [""] * 26)[:26]
    order[4], order[22], order[25] = code, "20210109", letter
    return "\r".join([*kept[:cut], "|".join(order), *after, *kept[cut + 1 :]]) + "\r"


@pytest.mark.parametrize("letter", ["X", "W", "D"])
@pytest.mark.parametrize("after", [(), ("OBX|1|CWE|95419-8^Symptoms^LN||Y||||||F",)])
def test_an_order_that_is_withdrawn_without_its_result_takes_the_result_back(
    letter: str, after: tuple[str, ...], read: Reader
) -> None:
    was, now = read.events(LABS, {"m": oru() + _cancelled(PCR, letter, *after)})
    assert (was.meaning, was.active, now.status, now.active) == ("positive", True, "withdrawn", False)
    assert now.fact_key == was.fact_key
    assert now.changed_at > was.changed_at
    assert now.result is None


def test_of_a_panel_that_is_withdrawn_without_results_nobody_knows_which(read: Reader) -> None:
    found = read(LABS, {"m": _cancelled("94531-1^SARS-CoV-2 panel^LN")})
    assert counted(found)["rejected"] == {"withdrawal-names-no-result": 1}


def test_what_else_the_message_tells_stands(read: Reader) -> None:
    other = next(line for line in oru(order="F-9").split("\r") if line.startswith("OBR"))
    result = next(line for line in oru().split("\r") if line.startswith("OBX"))
    found = read(LABS, {"m": _cancelled("94531-1^SARS-CoV-2 panel^LN", "X", other, result)})
    assert (counted(found)["events"], counted(found)["rejected"]) == (
        {"lab-result": 1}, {"withdrawal-names-no-result": 1},
    )  # fmt: skip


@pytest.mark.parametrize(("code", "letter"), [("4548-4^Hemoglobin A1c^LN", "X"), (PCR, "I"), (PCR, "")])
def test_an_order_for_something_else_or_not_yet_resulted_takes_nothing_back(
    code: str, letter: str, read: Reader
) -> None:
    assert counted(read(LABS, {"m": _cancelled(code, letter)}))["ignored"] == {"no-observation": 1}
