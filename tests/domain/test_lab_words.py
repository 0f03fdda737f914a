"""health-standards.md §1.5 and §8 R14: results in words, and the names of tests whose code nobody knows."""

from __future__ import annotations

import pytest

from hub.domain.lab_meaning import Answer, Asked, Code, Judged, Unkept, asked, is_covid_test, judge
from hub.domain.lab_names import Named, named
from hub.domain.lab_words import Worded, worded

PCR = asked((Code("94500-6", "LN"),))

SAID = {
    "positive": ("POS", "Detected.", "DETECTED (A)", "Positive [ABNORMAL]", "*POSITIVE*", "POSITIVE *** CRITICAL ***", '"Detected"',
                 "SARS-CoV-2 RNA: Detected", "Positive for COVID-19", "SARS-CoV-2 (COVID-19) Detected", "2019-nCoV detected",
                 "Positive (SARS-CoV-2)", "Positive, Ct 21.3", "DETECTED (Ct = 21)", r"\H\DETECTED\N\ ", "Weakly Positive",
                 "DETECTED\r\n\nThis test has been authorized under an EUA.", r"DETECTED\.br\See the fact sheet.", "Reactive"),
    "presumptive-positive": ("Presumptive Pos", "PRES. POS.", "Presumptive positive for SARS-CoV-2"),
    "negative": ("Not Detected.", "NEG", "SARS-CoV-2 RNA NOT detected", "No SARS-CoV-2 RNA detected",
                 "No SARS-CoV-2 detected.",
                 "Negative for SARS-CoV-2", "Not Detected (N)", "NEGATIVE [NORMAL]", "Target not detected", "undetected",
                 "No detectado",
                 "NON-REACTIVE",
                 "Negative\nDetected only means a part of the text here"),
    "inconclusive": ("Indeterminate", "SARS-CoV-2: inconclusive", "Borderline"),
    "invalid": ("TNP", "QNS", "Invalid.", "Specimen rejected", "Test canceled"),
}  # fmt: skip
NO_WORD = (
    "", " ", ".", "Detected, see note", "See note", "See Comments", "positive?", "COVID-19 positive?", "POSITIVE for John Example",
    "not positive for COVID-19", "Positive for Influenza A", "SARS-CoV-2 & Flu A positive", "SARS-CoV-2 IgG positive",
    "COVID-19 antibody positive", "Positive 1.2 S/CO", "COVID-19", "COVID-19 positive contact", "previous COVID-19 positive",
    "ND", "P",
    "A", "1", "22.5", "POSITIVE/NEGATIVE", "DETECTED OR NOT DETECTED", "Detected " + "x" * 200,
)  # fmt: skip


@pytest.mark.parametrize(("text", "meaning"), [(text, meaning) for meaning, texts in SAID.items() for text in texts])
def test_r14_a_word_of_the_table_stands_alone_or_beside_what_changes_nothing(text: str, meaning: str) -> None:
    assert worded(text).meaning == meaning
    assert worded(f"  {text.swapcase()} ").meaning == meaning


@pytest.mark.parametrize("text", NO_WORD)
def test_r14_whatever_else_is_said_is_no_result(text: str) -> None:
    assert worded(text) == Worded(None)


def test_lines_that_say_two_results_say_none() -> None:
    assert worded("Positive\nNegative") == Worded(None, differ=True)
    assert judge(PCR, Answer("text", (), "Positive\nNegative"), covid_order=True) == Judged(
        "94500-6", "molecular", "review", ("answers-differ",)
    )
    assert worded("Positive\nSARS-CoV-2 detected").meaning == "positive"


def test_which_organism_is_answered_in_words_only_by_naming_it() -> None:
    which = asked((Code("95423-0", "LN"),))
    told = {
        text: judge(which, Answer("text", (), text), covid_order=True)
        for text in ("Detected", "SARS-CoV-2 detected", "Negative")
    }
    assert [each.meaning for each in told.values() if isinstance(each, Judged)] == ["review", "positive", "negative"]


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (Answer("text", (), "260373001"), "positive"),  # a code where a word should be
        (Answer("text", (Code("260415000", "SCT", "Not detected"),), "260415000"), "negative"),
        (Answer("text", (Code("", "", "Detected"),), ""), "positive"),
        (Answer("coded", (Code("LA11882-0", "LN", "Detected"),)), "positive"),
        (Answer("coded", (Code("LA6577-6", "LN", "Negative"),)), "negative"),
        (Answer("coded", (Code("LA99-9", "LN", "Detected"),)), "review"),  # an answer code that nobody knows
        (Answer("coded", (Code("11214006", "SNOMED CT"),)), "positive"),
        (Answer("coded", (Code("X", "L"), Code("260373001", "99ELR"))), "positive"),
        (Answer("coded", (Code(""), Code("", "L", "Positive"))), "positive"),
        (Answer("coded", (Code(""),), "DETECTED"), "positive"),  # CWE.9, the original text, where there is no code
        (Answer("coded", (Code("Y", "L", "POSITIVE"),), "POSITIVE"), "review"),
        (Answer("coded", (Code("A", "HL70078", "Abnormal"),)), "review"),
    ],
)
def test_codes_are_found_where_senders_put_them_and_words_only_where_there_is_none(
    answer: Answer, meaning: str
) -> None:
    found = judge(PCR, answer, covid_order=True)
    assert isinstance(found, Judged)
    assert found.meaning == meaning


NAMES: dict[Named, tuple[str, ...]] = {
    "covid": ("SARS-CoV-2 RNA", "SARSCOV2", "LABCOVID19", "2019-nCoV", "Flu A/B + COVID", "SARS coronavirus 2", "nCoV N1",
              "SARS_CoV_2",
              "Novel Coronavirus", "COVID19PCR", "SARS-CoV-2 2020 assay"),
    "other": ("Influenza A", "FLUA", "Coronavirus 229E", "Human CoV 229E", "Human coronavirus OC43", "RSV", "Monkeypox virus DNA",
              "RNase P", "Rhinovirus/Enterovirus", "MERS-CoV", "Group A Strep"),
    "unrelated": ("HIV 1/2 Ab", "75622-1", "RPR", "Treponema pallidum", "Lead, venous", "Glucose", "Hepatitis C virus Ab"),
    "": ("", "Leads", "Specimen source", "Coronavirus", "Result"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "what"), [(text, what) for what, texts in NAMES.items() for text in texts])
def test_a_name_says_which_pathogen_it_is_of(text: str, what: Named) -> None:
    assert named(text) == what
    assert named("", text.lower()) == what


@pytest.mark.parametrize(
    ("test", "covid_order", "becomes"),
    [
        (Code("99999-9", "LN", "SARS-CoV-2 something new"), False, "review"),  # a name asks for a look, never more
        (Code("COVIDPCR", "L"), False, "review"),
        (Code("99999-9", "LN", "Influenza A"), True, "not-covid"),
        (Code("X1", "L", "Result"), True, "review"),
        (Code("X1", "L", "Result"), False, None),
        (Code("75622-1", "LN", "HIV 1 and 2 tests"), True, None),
        (Code("94500-7", "LN"), False, "review"),  # a code of the virus but for its check digit
        (Code("99999-9", "LN", "Influenza A"), False, None),
    ],
)
def test_a_test_that_no_table_holds_is_reviewed_where_its_name_or_its_order_is_of_the_virus(
    test: Code, covid_order: bool, becomes: str | None
) -> None:
    found = judge(asked((test,)), Answer("coded", (Code("260373001", "SCT"),)), covid_order=covid_order)
    assert (found.meaning if isinstance(found, Judged) else None) == becomes


@pytest.mark.parametrize(
    ("answer", "becomes"),
    [
        (Answer("coded", (Code("840533007", "SCT", "SARS-CoV-2"),)), "review"),
        (Answer("text", (), "SARS-CoV-2 detected"), "review"),
        (Answer("text", (), "SARS-CoV-2 not detected"), "review"),
        (Answer("coded", (Code("3092008", "SCT", "Staphylococcus aureus"),)), None),
        (Answer("text", (), "Detected"), None),
    ],
)
def test_a_test_of_another_kind_that_found_the_virus_is_looked_at(answer: Answer, becomes: str | None) -> None:
    found = judge(asked((Code("41852-5", "LN", "Microorganism identified"),)), answer, covid_order=False)
    assert (found.meaning if isinstance(found, Judged) else None) == becomes


def test_a_title_above_the_result_is_none() -> None:
    assert worded("SARS-CoV-2 (COVID-19), NAA:\nDetected").meaning == "positive"
    assert worded("SARS-CoV-2 (COVID-19), NAA:\nsee note") == Worded(None)


def test_a_yes_or_a_no_is_an_answer_to_a_question_and_no_result() -> None:
    said = Answer("coded", (Code("Y", "HL70136", "Yes"),))
    assert judge(asked((Code("VAX", "L", "COVID-19 vaccine received"),)), said, covid_order=True) == Unkept(
        "not-a-result"
    )


def test_a_known_code_speaks_wherever_it_stands_among_the_codings() -> None:
    assert asked((Code("C19", "LAB_IN"), Code("94500-6", "", "RNA"))).issue == "code-system-unknown"
    assert asked((Code("99999-9", "LN"), Code("94500-6", "LOINC 2.68"))) == Asked("94500-6", PCR.known, "")
    assert asked((Code("", "LN"), Code("94500-6", "LN"))).loinc == "94500-6"


@pytest.mark.parametrize(
    ("order", "is_one"),
    [
        (Code("COVID", "L", "COVID-19 PCR"), True),
        (Code("94531-1", "LN"), True),
        (Code("80382-5", "LN", "COVID"), False),
        (Code("A1C"), False),
    ],
)
def test_an_order_is_for_the_virus_by_its_code_else_by_its_name(order: Code, is_one: bool) -> None:
    assert is_covid_test((order,)) is is_one


@pytest.mark.parametrize(
    ("answer", "issues"),
    [
        (Code("260373001", "SCT", "Detected"), ()),
        (Code("260373001", "SCT", "POSITIVE (A)"), ()),
        (Code("260373001", "SCT", "see note"), ()),
        (Code("260373001", "SCT", "Not detected"), ("display-differs",)),
        (Code("260415000", "SCT", "Positive"), ("display-differs",)),
    ],
)
def test_r14_the_code_counts_and_a_display_of_another_result_is_told(answer: Code, issues: tuple[str, ...]) -> None:
    found = judge(PCR, Answer("coded", (answer,)), covid_order=True)
    assert isinstance(found, Judged)
    assert (found.meaning, found.issues) == ("positive" if answer.code == "260373001" else "negative", issues)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("SARS-CoV-2: DETECTED; Influenza A: Not Detected; Influenza B: Not Detected", "positive"),
        ("Influenza A: Detected; Influenza B: Not Detected; SARS-CoV-2: Not Detected", "negative"),
        ("Influenza A: Detected\\.br\\SARS-CoV-2: Not Detected", "negative"),
        ("Flu A: Negative\nFlu B: Negative\nCOVID-19: Positive", "positive"),
        ("SARS-CoV-2: Detected, Influenza A: Not Detected, RSV: Not Detected", "positive"),
        ("RSV: Negative | SARS-CoV-2: Presumptive Positive", "presumptive-positive"),
        ("Positive for SARS-CoV-2; Negative for Influenza A", "positive"),
        ("Negative for SARS-CoV-2; Positive for Influenza A", "negative"),
        ("SARS-CoV-2: see note; Influenza A: Detected", None),
        ("SARS-CoV-2 N gene: Detected; SARS-CoV-2 S gene: Not Detected; Influenza A: Not Detected", None),
        ("SARS-CoV-2: Detected; SARS-CoV-2: Not Detected", None),
        ("SARS-CoV-2: Detected; repeat testing advised", None),
        ("SARS-CoV-2: Not Detected; Influenza A: Not Detected; confirmation pending", None),
        ("Influenza A: Detected; Influenza B: Detected", None),
        ("SARS-CoV-2 and Influenza A: Detected; RSV: Negative", None),
        ("SARS-CoV-2: Detected in an earlier specimen; Influenza A: Not Detected", None),
    ],
)
def test_of_several_pathogens_in_one_text_the_clause_of_the_virus_says_the_result(
    text: str, meaning: str | None
) -> None:
    assert worded(text).meaning == meaning
