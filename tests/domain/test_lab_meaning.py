"""health-standards §1.4, §1.5 and §8 R11 to R14: what a laboratory result means, whichever format brought it."""

from __future__ import annotations

import pytest

from hub.domain.lab_meaning import (
    DEFAULT_POLICY,
    Answer,
    Asked,
    Code,
    Judged,
    Policy,
    Unkept,
    asked,
    judge,
    policy_of,
    question_of,
)
from hub.domain.lab_tables import observations, results

PCR = Code("94500-6", "http://loinc.org")
DETECTED = Code("260373001", "http://snomed.info/sct")


def meaning_of(question: Code | str, answer: Code | str | Answer, policy: Policy = DEFAULT_POLICY) -> Judged:
    test = Code(question, "LN") if isinstance(question, str) else question
    if not isinstance(answer, Answer):
        answer = Answer("text", (), answer) if isinstance(answer, str) else Answer("coded", (answer,))
    found = judge(asked((test,)), answer, covid_order=True, policy=policy)
    assert isinstance(found, Judged)
    return found


@pytest.mark.parametrize(
    "system", ["LN", "LOINC", "2.16.840.1.113883.6.1", "urn:oid:2.16.840.1.113883.6.1", "http://loinc.org"]
)
def test_r11_a_diagnostic_test_that_detected_the_virus_is_positive_under_any_name_of_its_system(system: str) -> None:
    judged = meaning_of(Code("94500-6", system), DETECTED)
    assert judged == Judged("94500-6", "molecular", "positive", ())


@pytest.mark.parametrize("code", [code for code, known in observations().items() if known.cls == "diagnostic"])
def test_r11_every_diagnostic_code_of_the_table_can_be_positive(code: str) -> None:
    assert meaning_of(code, DETECTED).meaning == "positive"


_NO_TEST = ("panel", "epidemiology", "question")
_NEVER = ("serology", "t-cell", "control", "other-pathogen")


@pytest.mark.parametrize("code", [code for code, known in observations().items() if known.cls in _NEVER])
@pytest.mark.parametrize("answer", [DETECTED, Code("10828004", "SCT"), Code("840533007", "SCT"), "POSITIVE"])
def test_r12_serology_t_cells_controls_and_other_pathogens_never_flag(code: str, answer: Code | str) -> None:
    assert meaning_of(code, answer).meaning == "not-covid"


@pytest.mark.parametrize("code", [code for code, known in observations().items() if known.cls in _NO_TEST])
def test_r12_panels_epidemiology_blocks_and_questions_are_no_results(code: str) -> None:
    answer = Answer("other", (), "1") if observations()[code].cls == "panel" else Answer("coded", (DETECTED,))
    assert judge(asked((Code(code, "LN"),)), answer, covid_order=True) == Unkept("not-a-result")
    assert isinstance(judge(asked((Code(code, "LN"),)), Answer("coded"), covid_order=True), Unkept)


@pytest.mark.parametrize("code", [code for code, known in observations().items() if known.cls == "panel"])
def test_r12_a_panel_that_is_answered_is_looked_at_and_never_flags(code: str) -> None:
    judged = judge(asked((Code(code, "LN"),)), Answer("coded", (DETECTED,)), covid_order=False)
    assert judged == Judged(code, "other", "review", ("panel-for-test", "unknown-test"), "panel", "positive")


def test_an_unknown_test_is_reviewed_under_a_covid_order_and_not_kept_under_another() -> None:
    question, answer = asked((Code("X", "L"),)), Answer("coded", (DETECTED,))
    assert judge(question, answer, covid_order=True) == Judged(None, "other", "review", ("unknown-test",))
    assert judge(question, answer, covid_order=False) == Unkept("not-covid")


def test_r13_a_presumptive_or_pooled_positive_follows_the_configured_policy() -> None:
    presumptive, pool = Code("720735008", "SCT"), Code("462371000124108", "SCT")
    assert [meaning_of(PCR, code).meaning for code in (presumptive, pool)] == ["presumptive-positive"] * 2
    isolating = policy_of({"presumptive": "isolate", "pooled": "review"})
    assert meaning_of(PCR, presumptive, isolating) == Judged(
        "94500-6", "molecular", "positive", ("presumptive-by-policy",)
    )
    assert meaning_of(PCR, pool, isolating).meaning == "review"
    with pytest.raises(ValueError, match="pooled: notify, isolate or review"):
        policy_of({"pooled": "yes"})


def test_a_test_of_the_genus_is_presumptive_at_most_whatever_the_policy_says() -> None:
    policy = policy_of({"presumptive": "isolate", "pooled": "isolate"})
    for answer in (DETECTED, Code("720735008", "SCT")):
        assert meaning_of("94502-2", answer, policy).meaning == "presumptive-positive"


@pytest.mark.parametrize("code", ["840539006", "840544004", "840546002", "840534001", "840533007", "1234", "260373002"])
def test_r13_a_disease_an_exposure_a_vaccination_and_unknown_codes_are_reviewed_never_guessed(code: str) -> None:
    assert meaning_of(PCR, Code(code, "SCT", "Detected")).meaning == "review"


def test_r14_text_decides_only_where_no_code_was_sent_and_only_as_a_whole_word() -> None:
    assert meaning_of(PCR, Code("Y", "L", "Detected")).issues == ("unknown-result-word",)
    assert meaning_of(PCR, Code("", "", " detected ")).meaning == "positive"
    assert meaning_of(PCR, Answer("coded", (), "Not Detected")).meaning == "negative"
    assert meaning_of(PCR, "Detected, see note").meaning == "review"


def test_the_alternate_coding_speaks_where_the_first_is_of_no_known_system() -> None:
    answer = Answer("coded", (Code("1", "L"), DETECTED))
    assert judge(asked((Code("C19", "L"), PCR)), answer, covid_order=False) == Judged(
        "94500-6", "molecular", "positive", ()
    )
    assert meaning_of(PCR, Answer("coded", (Code("1", "L"), Code("POS", "HL70078")))).meaning == "positive"


def test_an_organism_answers_only_the_question_which_organism() -> None:
    organism = Code("840533007", "SCT")
    assert meaning_of("95423-0", organism).meaning == "positive"
    assert meaning_of(PCR, organism).meaning == "review"
    assert meaning_of("95423-0", DETECTED) == Judged("95423-0", "molecular", "review", ("organism-not-named",))


def test_numbers_and_nothing_at_all_are_reviewed() -> None:
    assert meaning_of(PCR, Answer("other", (), "31.5")).issues == ("result-not-coded",)
    assert meaning_of(PCR, Answer("coded", (Code(""),))).issues == ("no-result",)


def test_a_code_in_a_table_counts_even_where_its_system_is_misspelt() -> None:
    assert asked((Code("94558-4", "260415000"),)) == Asked("94558-4", observations()["94558-4"], "code-system-unknown")
    assert meaning_of(Code("94558-4", ""), Code("260415000", "")).issues == (
        "code-system-unknown",
        "code-system-unknown",
    )


def test_both_onset_codes_ask_for_the_onset() -> None:
    assert [question_of((Code(code, "LN"),)) for code in ("65222-2", "11368-8", "94500-6")] == ["onset", "onset", ""]


def test_no_answer_of_the_table_is_without_a_meaning_the_model_knows() -> None:
    known = {"positive", "presumptive-positive", "negative", "inconclusive", "invalid", "review", "not-covid"}
    assert {meant.meaning for meant in results().values()} <= known
