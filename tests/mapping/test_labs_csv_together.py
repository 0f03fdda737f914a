"""Rows of one order: an overall result decides over a single gene, in whatever order they stand, in constant memory."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from hub.domain.events import LabResult
from hub.formats.delimited import open_table
from hub.mapping.labs_csv_ahead import Ahead
from tests.mapping.made_up_lab_csv import LAB, pdi, standard
from tests.mapping.reading import Reader

GENE = {"test_performed_code": "94559-2", "test_result": "Detected"}
MISSED = {"test_performed_code": "94640-0", "test_result": "Not Detected"}
UNCLEAR = {"test_performed_code": "94500-6", "test_result": "Inconclusive"}


def gene(read: Reader, *rows: dict[str, str]) -> Any:
    return next(event for event in read.events(LAB, {"f.csv": standard(*rows)}) if event.loinc == "94559-2")


def test_an_overall_result_decides_over_a_gene_of_its_order_wherever_it_stands(read: Reader) -> None:
    first = gene(read, GENE, MISSED, UNCLEAR)
    assert (first.meaning, first.result.mapped, first.issues[0]) == (
        "inconclusive",
        "inconclusive",
        "overall-result-decides",
    )
    for rows in permutations((GENE, MISSED, UNCLEAR)):
        assert gene(read, *rows) == first
    others = [{**GENE, "accession_number": f"B{n}"} for n in range(150)]
    far = [event for event in read.events(LAB, {"f.csv": standard(GENE, *others, UNCLEAR)}) if event.loinc == "94559-2"]
    assert [event.meaning for event in far] == ["inconclusive", *["positive"] * 150]


@pytest.mark.parametrize(
    "row",
    [
        {**UNCLEAR, "accession_number": "A2", "patient_id": "P2"},
        {**UNCLEAR, "testing_lab_clia": "01D0000001"},
        {**UNCLEAR, "specimen_collection_date": "20211001"},
        {**UNCLEAR, "test_result": "Detected"},
        {**UNCLEAR, "test_result_status": "X"},
        {"test_performed_code": "94563-4", "test_result": "Negative"},
    ],
)
def test_another_order_a_positive_or_withdrawn_one_and_another_kind_of_test_decide_nothing(
    row: dict[str, str], read: Reader
) -> None:
    alone = gene(read, GENE)
    assert alone.meaning == "positive"
    assert gene(read, GENE, row).event_id == alone.event_id


def test_an_overall_result_of_the_specimen_under_another_number_is_a_doubt(read: Reader) -> None:
    taken = {"Specimen_collection_date_time": "20220401"}
    overall = {"Result_ID": "R2", "Ordered_test_code": "94500-6", "Test_result_code": "419984006", **taken}
    text = pdi({"Ordered_test_code": "94559-2", **taken}, overall)
    assert [event.meaning for event in read.events(LAB, {"f.csv": text})] == ["review", "inconclusive"]
    other = {**UNCLEAR, "accession_number": "A2", "specimen_id": "S1"}
    assert gene(read, {**GENE, "specimen_id": "S1", "specimen_collection_date": ""}, other).meaning == "review"


def test_a_gene_that_was_decided_over_is_kept_with_the_rows_that_say_so(read: Reader) -> None:
    (decided,) = (
        mapped
        for mapped in read(LAB, {"f.csv": standard(MISSED, GENE, UNCLEAR).rstrip()})
        if isinstance(mapped.event, LabResult)
        and mapped.event.meaning == "inconclusive"
        and "overall-result-decides" in mapped.event.issues
    )
    again = read.events(LAB, {"again.csv": decided.head + decided.raw})
    assert decided.event in again
    assert len(again) == 3


def test_only_rows_of_genes_wait_for_others_and_not_for_ever() -> None:
    taken = 0

    def counted(text: str) -> Any:
        nonlocal taken
        for row in open_table(text.encode()).rows():
            taken += 1
            yield row

    columns = {"test_code": ("test_performed_code",), "order_id": ("accession_number",)}
    plain = Ahead(columns).rows(counted(standard(*[UNCLEAR] * 9)))
    next(plain)
    assert taken == 1
    taken = 0
    genes = Ahead(columns).rows(counted(standard(*[GENE] * 999)))
    next(genes)
    assert taken == 201
    assert sum(1 for _ in genes) == 998
