"""Drops of the New York set as networks really send them, each judged before it was run: what comes of it, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pytest

from tests.mapping.reading import Reader, counted
from tests.mapping.test_screenings import ADMIN, ANSWER, DEMOGRAPHIC, HITS, HRSN, answer, drop, person, table

Files = dict[str, bytes | str]
FOOD = answer("88122-7", "LA28397-0")
NOBODY: Mapping[str, int] = {}


class Judged(NamedTuple):
    files: Files
    events: Mapping[str, int]
    rejected: Mapping[str, int] = NOBODY
    ignored: Mapping[str, int] = NOBODY


def with_bytes(files: Files, change: tuple[str, str]) -> Files:
    return {name: str(text).replace(*change).encode() for name, text in files.items()}


def renamed(files: Files, *names: str) -> Files:
    return dict(zip(names, files.values(), strict=True))


def of(encounter: str, *answers: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [(*row[:2], encounter, *row[3:]) for row in answers]


BOTH = {"person": 1, "screening": 1}
DROPS: dict[str, Judged] = {
    "byte order marks and CRLF": Judged(
        {
            name: b"\xef\xbb\xbf" + text
            for name, text in with_bytes(drop(FOOD), ("\n", "\r\n")).items()
            if isinstance(text, bytes)
        },
        BOTH,
    ),
    "semicolons": Judged(drop(FOOD, delimiter=";"), BOTH),
    "tabs": Judged(drop(FOOD, delimiter="\t"), BOTH),
    "quoted cells with the delimiter inside": Judged(
        with_bytes(drop(FOOD, delimiter=","), ("Example", '"Example, Jr"')), BOTH
    ),
    "header in lower case": Judged(with_bytes(drop(FOOD), ("QUESTION_CODE", "question_code")), BOTH),
    "file names in lower case and in a folder": Judged(
        renamed(drop(FOOD), "in/screening_1.csv", "in/demographic_data_1.csv", "in/qe_admin_data_1.csv"), BOTH
    ),
    "file names that say nothing": Judged(renamed(drop(FOOD), "a.csv", "b.csv", "c.csv"), BOTH),
    "answers in two files": Judged(
        {**drop(FOOD), "SCREENING_y.csv": table(ANSWER, [answer("71802-3", "LA31995-6")])},
        {"person": 1, "screening": 2},
    ),
    "consent in words": Judged(drop(FOOD, people=(person("yes"),)), BOTH),
    "one person of two refused": Judged(
        drop(FOOD, answer("88122-7", "LA28397-0", mrn="M2"), people=(person(), person("N", mrn="M2"))),
        BOTH,
        {"no-consent": 2},
    ),
    "nobody of the flags file is in the demographics": Judged(
        {**drop(FOOD), "QE_ADMIN_DATA_x.csv": table(ADMIN, [("M7", "F1", "Yes", "No", "No")])}, BOTH
    ),
    "no flags file": Judged({name: text for name, text in drop(FOOD).items() if "ADMIN" not in name}, BOTH),
    "no answers yet": Judged(drop(), {"person": 1}),
    "answers without demographics": Judged(
        {name: text for name, text in drop(FOOD).items() if "DEMOGRAPHIC" not in name}, {}, {"no-demographics": 1}
    ),
    "the person twice": Judged(drop(FOOD, people=(person(), person())), {"person": 2, "screening": 1}),
    "one record number for two people, of two networks": Judged(
        {
            **drop(FOOD),
            "DEMOGRAPHIC_DATA_y.csv": table(DEMOGRAPHIC, [("M1", "F1", "Y", "Other", "Body", *person()[5:])]),
        },
        {},
        {"duplicate-key": 3},
    ),
    "a name that was corrected": Judged(
        drop(FOOD, people=(person(), ("M1", "F1", "Y", "Persona", *person()[4:]))), {"person": 2, "screening": 1}
    ),
    "a record number that is blank": Judged(drop(FOOD, people=(person(), person(mrn=""))), BOTH, {"missing-key": 1}),
    "an encounter that is still planned": Judged(drop(answer("88122-7", "LA28397-0", encounter="planned")), BOTH),
    "an encounter nobody knows": Judged(drop(answer("88122-7", "LA28397-0", encounter="unknown")), BOTH),
    "status in capitals": Judged(drop(answer("88122-7", "LA28397-0", "Final")), BOTH),
    "registered": Judged(drop(answer("88122-7", "LA28397-0", "registered")), {"person": 1}, {}, {"not-final": 1}),
    "no status": Judged(drop(answer("88122-7", "LA28397-0", "")), {"person": 1}, {}, {"not-final": 1}),
    "cancelled in capitals": Judged(
        drop(answer("88122-7", "LA28397-0", encounter="Cancelled")), {"person": 1}, {}, {"not-final": 1}
    ),
    "declined": Judged(drop(answer("93038-8", "LA30122-8")), BOTH),
    "nothing answered": Judged(drop(answer("88122-7", "")), {"person": 1}, {}, {"no-answer": 1}),
    "a question of a tool nobody knows": Judged(drop(answer("99999-9", "LA33-6")), BOTH),
    "text where a code belongs": Judged(drop(answer("88122-7", "Often true")), BOTH),
    "three problems of one dwelling": Judged(
        drop(*[answer("96778-6", code) for code in ("LA31996-4", "LA28580-1", "LA31998-0")]),
        {"person": 1, "screening": 3},
    ),
    "two screenings of one person": Judged(
        drop(*of("E1", FOOD), *of("E2", answer("88122-7", "LA28398-8"))), {"person": 1, "screening": 2}
    ),
    "safety with its total": Judged(
        drop(*[answer(q, "LA10066-1") for q in HITS], answer("95614-4", "")), BOTH, {}, {"part-of-score": 4}
    ),
    "a row cut short": Judged(
        {**drop(FOOD), "DEMOGRAPHIC_DATA_x.csv": table(DEMOGRAPHIC, [person()]) + "M2|F1\n"}, BOTH, {"short-row": 1}
    ),
    "a consent column that was renamed": Judged(
        with_bytes(drop(FOOD), ("CONSENT", "CONSENT_FLAG")), {}, {"missing-column": 1, "no-demographics": 1}
    ),
    "a flags column that was renamed": Judged(
        with_bytes(drop(FOOD), ("VISIT_PART_2_FLAG", "PART2")), {}, {"missing-column": 1, "flags-unread": 2}
    ),
    "a row of flags that is cut short": Judged(
        {**drop(FOOD), "QE_ADMIN_DATA_x.csv": table(ADMIN, [("M1", "F1", "No", "No", "No")]) + "M7|F1|Yes\n"},
        {},
        {"short-row": 1, "flags-unread": 2},
    ),
    "a note beside the drop": Judged({**drop(FOOD), "README.csv": "about,this\nx,y\n"}, BOTH, {}, {"file-not-used": 1}),
}


@pytest.mark.parametrize("name", DROPS)
def test_r10_r12_each_drop_is_read_as_judged(name: str, read: Reader) -> None:
    """social-standards R10, R12."""
    judged = DROPS[name]
    found = counted(read(HRSN, judged.files))
    assert found == {"events": judged.events, "rejected": judged.rejected, "ignored": judged.ignored}
