"""Results of one report together: the overall result over single genes, and what stands beside a result that is told."""

from __future__ import annotations

from itertools import permutations

import pytest

from hub.domain.events import Meaning
from hub.domain.lab_meaning import Answer, Code, Judged, asked, judge
from hub.domain.lab_report import Finding, role_of, together
from hub.domain.lab_status import RANK
from hub.domain.lab_tables import observations
from hub.domain.tables import rows

DETECTED, NOT_DETECTED, UNCLEAR = "260373001", "260415000", "419984006"
N1, N2, ORF1, RNA, RDRP = "94307-6", "94308-4", "94559-2", "94309-2", "94534-5"


def found(
    code: str, answer: str | Answer, *, name: str = "", order: str = "F1", specimen: str = "S1", status: str = "final"
) -> Finding:
    given = answer if isinstance(answer, Answer) else Answer("coded", (Code(answer, "SCT"),))
    test = asked((Code(code, "LN" if code[:1].isdigit() else "L", name),))
    judged = judge(test, given, covid_order=True)
    assert isinstance(judged, Judged)
    return Finding(judged, order, specimen, RANK[status], code)  # type: ignore[index]


def said(text: str) -> Answer:
    return Answer("text", (), text)


def meanings(*findings: Finding) -> list[Meaning | None]:
    """The same in whatever order they stand."""
    told = set()
    for order in permutations(range(len(findings))):
        judged = dict(zip(order, together([findings[n] for n in order]), strict=True))
        told.add(tuple(one.meaning if (one := judged[n]) else None for n in range(len(findings))))
    (always,) = told
    return list(always)


@pytest.mark.parametrize("gene", [N1, ORF1, RDRP, "94533-7", "94640-0"])
@pytest.mark.parametrize("overall", [RNA, "94500-6"])
def test_an_overall_result_that_is_unclear_decides_over_a_single_gene(gene: str, overall: str) -> None:
    assert meanings(found(gene, DETECTED), found(N2, NOT_DETECTED), found(overall, UNCLEAR)) == [
        "inconclusive",
        "negative",
        "inconclusive",
    ]
    told = together([found(gene, DETECTED), found(overall, UNCLEAR)])[0]
    assert told is not None
    assert told.issues == ("overall-result-decides",)


@pytest.mark.parametrize(
    ("overall", "gene"),
    [
        (DETECTED, "positive"),
        ("720735008", "presumptive-positive"),
        ("455371000124106", "invalid"),
        (NOT_DETECTED, "review"),
        ("1234", "positive"),
    ],
)
def test_a_gene_is_never_more_than_the_overall_result_says(overall: str, gene: str) -> None:
    assert meanings(found(N1, DETECTED), found(N2, NOT_DETECTED), found(RNA, overall))[0] == gene


def test_genes_alone_and_the_overall_result_of_another_specimen_stand() -> None:
    assert meanings(found(N1, DETECTED), found(N2, NOT_DETECTED)) == ["positive", "negative"]
    assert meanings(found(N1, DETECTED), found(RNA, UNCLEAR, order="F2", specimen="S2"))[0] == "positive"
    assert meanings(found(N1, DETECTED, specimen=""), found(RNA, UNCLEAR, order="F2", specimen=""))[0] == "positive"


def test_the_overall_result_of_another_order_of_the_specimen_decides_where_the_genes_differ_and_is_a_doubt_where_not() -> (
    None
):
    overall = found(RNA, UNCLEAR, order="F3")
    assert meanings(found(N1, DETECTED), found(N2, NOT_DETECTED, order="F2"), overall)[0] == "inconclusive"
    assert meanings(found(N1, DETECTED), overall)[0] == "review"


def test_of_two_overall_results_the_correction_decides_and_a_withdrawn_one_never() -> None:
    wrong, right = found(RNA, UNCLEAR), found(RNA, DETECTED, status="corrected")
    assert meanings(found(N1, DETECTED), wrong, right)[0] == "positive"
    assert meanings(found(N1, DETECTED), found(RNA, UNCLEAR, status="withdrawn"))[0] == "positive"


def test_an_unclear_answer_to_the_panel_is_an_overall_result_too() -> None:
    assert meanings(found(N1, DETECTED), found(N2, NOT_DETECTED), found("94531-1", UNCLEAR))[0] == "inconclusive"


@pytest.mark.parametrize(
    "beside",
    [
        found("94745-7", Answer("other", (), "2")),
        found("97104-4", said(">10000000")),
        found("97104-4", said("1.2E6 copies/mL")),
        found("94500-6", said("SARS-CoV-2 RNA BY PCR")),
        found("94531-1", said("Positive for SARS-CoV-2")),
        found("TAT", said("Performed"), name="SARS-CoV-2, NAA 2 DAY TAT"),
        found("PC", said("Detected"), name="SARS-CoV-2 Positive Control"),
        found("C", said("Y"), name="Contact of COVID-19 positive case"),
        found("V", said("Yes"), name="COVID-19 vaccine received"),
        found("S", "10828004", name="COVID symptoms"),
        found("P", DETECTED, name="Previous COVID test result"),
    ],
)
def test_what_says_nothing_by_itself_is_reviewed_alone_and_passed_over_beside_its_result(beside: Finding) -> None:
    positive = found("94500-6", DETECTED)
    assert meanings(beside) == ["review"]
    assert meanings(beside, positive) == [None, "positive"]
    assert meanings(beside, positive._replace(order="F2")) == ["review", "positive"]
    assert meanings(beside, positive._replace(rank=RANK["withdrawn"])) == ["review", "positive"]


@pytest.mark.parametrize(
    "doubt",
    [
        found("94745-7", Answer("other", (), "2")),
        found("94531-1", said("Positive for SARS-CoV-2")),
        found("X", DETECTED, name="SARS-CoV-2"),
        found("X", DETECTED, name="SARS-CoV-2 PCR, symptomatic"),
        found("X", said("Positive"), name="COVID-19 exposure PCR"),
        found("X", said("Detected"), name="COVID-19 infection control screen"),
        found("94500-6", said("Positive by repeat testing")),
        found("95209-3", said("See note")),
        found("94500-6", said("swab POS, told to the ward")),
        found("94500-6", said("covid swab: +")),
        found("X", DETECTED, name="SARS-COV-2 RNA PCR (1 DAY TAT)"),
        found("X", DETECTED, name="SARS-CoV-2 RNA, specimen type NP"),
        found("X", said("Positive"), name="COVID-19 symptomatic"),
        found("X", said("pos. on 3/12, outside"), name="Previous COVID test result"),
        found("X", UNCLEAR, name="SARS-CoV-2 RNA PCR (1 DAY TAT)"),
        found("X", said("D"), name="SARS-CoV-2 RNA PCR (1 DAY TAT)"),
        found("X", said("See comment"), name="SARS-CoV-2 RNA"),
        found("X", Answer("coded", (Code("PERFORMED", "L"), Code(DETECTED, "SCT"))), name="SARS-CoV-2 RNA"),
    ],
)
def test_beside_a_negative_result_whatever_may_be_a_positive_is_reviewed(doubt: Finding) -> None:
    assert meanings(doubt, found("94500-6", NOT_DETECTED)) == ["review", "negative"]


@pytest.mark.parametrize(
    "note",
    [
        found("X", said("Performed"), name="SARS-CoV-2 RNA PCR (1 DAY TAT)"),
        found("X", NOT_DETECTED, name="SARS-CoV-2 RNA PCR (1 DAY TAT)"),
        found("X", said("Not performed"), name="SARS-CoV-2 RNA PCR (1 DAY TAT)"),
        found("X", said("Yes"), name="COVID-19 symptomatic"),
        found("X", said("Work"), name="Reason for COVID-19 visit"),
    ],
)
def test_beside_a_negative_result_a_note_that_says_nothing_more_is_passed_over(note: Finding) -> None:
    assert meanings(note, found("94558-4", NOT_DETECTED)) == [None, "negative"]


def test_a_preliminary_result_decides_over_nothing_that_is_final() -> None:
    early = found("94500-6", NOT_DETECTED, status="preliminary")
    assert meanings(found("94533-7", DETECTED), early) == ["positive", "negative"]
    assert meanings(found("94533-7", DETECTED, status="preliminary"), early)[0] == "review"
    note = found("X", DETECTED, name="SARS-CoV-2 RNA PCR (1 DAY TAT)")
    assert meanings(note, found("94558-4", DETECTED, status="preliminary"))[0] == "review"
    assert meanings(found("94533-7", DETECTED, status="corrected"), found("94500-6", NOT_DETECTED))[0] == "review"


def test_every_result_of_a_long_report_is_looked_at_once() -> None:
    looked = 0

    class Counted(str):
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            nonlocal looked
            looked += 1
            return str.__eq__(self, other)

    long = [
        found(code, answer)._replace(order=Counted("F1"), specimen=Counted("S1"))
        for code, answer in ((N1, DETECTED), ("94745-7", Answer("other", (), "2")), ("94500-6", UNCLEAR))
        for _ in range(500)
    ]
    together(long)
    assert looked < 20 * len(long)


def test_every_role_is_of_a_diagnostic_molecular_test() -> None:
    for row in rows("lab_roles"):
        known = observations()[row["code"]]
        assert (known.cls, known.method) == ("diagnostic", "molecular")
        assert role_of(row["code"]) in ("overall", "target")
    assert role_of(None) == role_of("97097-0") == ""
