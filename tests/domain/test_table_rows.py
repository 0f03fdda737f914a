"""What every shipped table must keep, whoever adds a row: a source, codes that can exist, one row for a key, dates in order.

No code list is at hand to look each code up in. Its structure is checked instead: LOINC and SNOMED CT codes carry a check digit,
which a code made up or mistyped has right one time in ten.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from importlib.resources import files

import pytest

from hub.domain.tables import PACKAGES

TABLES = {
    path.name.removesuffix(".csv"): list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    for package in PACKAGES
    for path in files(package).joinpath("tables").iterdir()
    if path.name.endswith(".csv")
}
ROWS = [(name, row) for name, rows in sorted(TABLES.items()) for row in rows]
KEYS = {
    "cdcrec": ("code",), "code_names": ("code",), "needs": ("system", "question", "answer"),
    "cvx": ("cvx",), "lab_status": ("field", "code"), "ndc": ("ndc",), "observations": ("code",),
    "pathogen_names": ("name",), "payers": ("code",), "placeholders": ("kind", "word"), "result_words": ("words",),
    "results": ("code", "observation_class"), "lab_roles": ("code",), "lab_notes": ("phrase",),
    "vaccine_groups": ("group",), "yes_no": ("question", "code"),
    "race_codes": ("system", "field", "value", "valid_from"), "counties": ("fips",), "county_zips": ("fips",), "states": ("state",),
    "vaccine_series": ("family", "counts_with", "effective_from"), "lab_csv_columns": ("layout", "column"),
    "minimum_data_set": ("event", "field", "valid_from"), "isolation_rules": ("jurisdiction", "effective_from"),
    "nicknames": ("name", "nickname"), "given_names": ("name",), "family_spellings": ("name", "spelling_of"),
}  # fmt: skip
PERIODS = (("valid_from", "valid_until"), ("effective_from", "effective_until"))
LOINC = re.compile(r"(LA)?([0-9]{1,6})-([0-9])")
NOT_LOINC = {"ndc": "ndc", "cdcrec": "code"}  # columns of other codes that look like one
VERHOEFF = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678", "5987604321", "6598710432", "7659821043", "8765932104",
    "9876543210",
)  # fmt: skip
MOVED = ("0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258")


def loinc_digit(body: str, *, answer: bool) -> str:
    """Mod 10 (LOINC Users' Guide, appendix on check digits); of an answer code its letters count too, as A = 17 and L = 28."""
    values = [*((28, 17) if answer else ()), *(int(char) for char in body)]
    doubled = [value * 2 if place % 2 == 0 else 0 for place, value in enumerate(reversed(values))]
    plain = sum(value for place, value in enumerate(reversed(values)) if place % 2)
    return str(-(plain + sum(value // 10 + value % 10 for value in doubled)) % 10)


def is_snomed(code: str) -> bool:
    """Length, no leading zero, partition 00 or 10 (a concept), and Verhoeff's check digit (SNOMED CT, identifiers)."""
    at = 0
    for place, char in enumerate(reversed(code)):
        at = int(VERHOEFF[at][int(MOVED[place % 8][int(char)])])
    return 6 <= len(code) <= 18 and code[0] != "0" and code[-3:-1] in ("00", "10") and at == 0


def test_the_check_digits_are_those_of_codes_seen_in_real_files() -> None:
    assert [loinc_digit(body, answer=False) for body in ("94500", "97097", "68993", "100434")] == ["6", "0", "5", "0"]
    assert [loinc_digit(body, answer=True) for body in ("33", "32", "4", "30122", "6156")] == ["6", "8", "4", "8", "9"]
    assert all(is_snomed(code) for code in ("260373001", "840539006", "455371000124106", "10828004"))
    assert not any(is_snomed(code) for code in ("260373002", "260373010", "26037301", "1234"))


def test_every_row_says_where_it_is_from() -> None:
    assert len(TABLES) > 30
    nowhere = [
        name
        for name, row in ROWS
        if None in row or not (row["source"] or "").strip() or not (row["version"] or "").strip()
    ]
    assert nowhere == []


def test_every_loinc_code_has_its_check_digit() -> None:
    """LOINC codes and answers, in whatever column they stand."""
    wrong, seen = [], 0
    for name, row in ROWS:
        for column, value in row.items():
            if column in ("source", "version") or NOT_LOINC.get(name) == column:
                continue
            for word in re.split(r"[ ,;]", value or ""):
                if (found := LOINC.fullmatch(word)) is not None and not (
                    name == "race_codes" and row["system"] == "CDCREC"
                ):
                    seen += 1
                    if loinc_digit(found.group(2), answer=bool(found.group(1))) != found.group(3):
                        wrong.append((name, column, word))
    assert wrong == []
    assert seen > 200


SNOMED = [
    ("results", "code"),
    ("lab_csv_words", "code"),
    ("yes_no", "code"),
    ("code_names", "code"),
    ("needs", "answer"),
]


@pytest.mark.parametrize(("name", "column"), SNOMED)
def test_every_snomed_code_has_its_check_digit(name: str, column: str) -> None:
    codes = [row[column] for row in TABLES[name] if row[column].isdigit() and len(row[column]) >= 6]
    assert codes
    assert [code for code in codes if not is_snomed(code)] == []


def test_no_two_rows_have_one_key() -> None:
    assert KEYS.keys() <= TABLES.keys()
    twice = [
        (name, key)
        for name, columns in KEYS.items()
        for key, n in Counter(tuple(row[column] for column in columns) for row in TABLES[name]).items()
        if n > 1
    ]
    assert twice == []


def test_no_period_ends_before_it_begins() -> None:
    days = re.compile(r"\d{4}-\d{2}-\d{2}")
    for name, row in ROWS:
        for since, until in PERIODS:
            assert all(days.fullmatch(row[column]) for column in (since, until) if row.get(column)), (name, row)
            if row.get(since) and row.get(until):
                assert row[since] <= row[until], (name, row)


def test_vaccine_codes_have_the_shape_of_their_code_system() -> None:
    """CVX: two or three digits. NDC: labeler, product and package as 5-4-2, and a CVX that cvx.csv has."""
    known = {row["cvx"] for row in TABLES["cvx"]}
    assert all(re.fullmatch(r"\d{2,3}", cvx) for cvx in known)
    assert all(re.fullmatch(r"\d{5}-\d{4}-\d{2}", row["ndc"]) for row in TABLES["ndc"])
    assert {row["cvx"] for row in TABLES["ndc"]} <= known | {""}
    of_product: dict[str, set[str]] = {}
    for row in TABLES["ndc"]:
        of_product.setdefault(row["ndc"][:10], set()).add(row["cvx"])
    assert [
        product for product, cvx in of_product.items() if len(cvx) > 1
    ] == []  # packages of one product are one vaccine


def test_places_have_codes_of_their_state() -> None:
    state = {row["state"]: row["fips"] for row in TABLES["states"]}
    assert all(
        re.fullmatch(r"\d{5}", row["fips"]) and row["fips"][:2] == state[row["state"]] for row in TABLES["counties"]
    )
    assert all(re.fullmatch(r"\d{5}( \d{5})*", row["zips"]) for row in TABLES["county_zips"])
