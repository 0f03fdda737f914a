"""The file of filters: what is written is read again, and what is none of ours is refused without a value in the text."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.domain.linkage.filter_schema import linkage_schema
from hub.domain.linkage.hashed import HashedRecord
from hub.identity.hashed.file import HashedFile, UnreadableFilters, read_filters, write_filters
from tests.identity.hashed.lane import KEY

SCHEMA = linkage_schema("name-birth-1")
RECORD = HashedRecord("17", 1 << 700, frozenset({"given_name", "birth_date"}), {"given_name": 1 << 90})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.clk.jsonl"
    write_filters(path, HashedFile(SCHEMA, KEY.key_id, KEY.check(SCHEMA.name), True, {"17": RECORD}))
    return path


def test_what_is_written_is_read_again(path: Path) -> None:
    told = read_filters(path)
    assert (told.schema, told.key_id, told.key_check, told.evidence) == (
        SCHEMA,
        "2026-11",
        KEY.check(SCHEMA.name),
        True,
    )
    assert told.records == {"17": RECORD}


def test_the_order_of_the_source_does_not_leave(tmp_path: Path) -> None:
    path, told = tmp_path / "b.clk.jsonl", HashedFile(SCHEMA, "k", KEY.check("k"), False, {})
    people = {name: HashedRecord(name, clk, frozenset({"given_name"})) for name, clk in (("a", 9), ("b", 3), ("c", 7))}
    write_filters(path, replace(told, records=people))
    assert [json.loads(line)["id"] for line in path.read_text().splitlines()[1:]] == ["b", "c", "a"]
    assert read_filters(path).records == people


def test_the_check_of_a_secret_tells_secrets_names_and_schemas_apart() -> None:
    assert len({KEY.check("name-birth-1"), KEY.check("name-birth-place-1"), KEY.check("name-birth-1")}) == 2
    assert KEY.secret.hex() not in repr(KEY)


HEADS: dict[str, dict[str, Any]] = {
    "another format": {"format": "hub-clk-9"},
    "no schema of ours": {"schema": "own-1"},
    "no name": {"key_id": "../x"},
    "no check": {"key_check": "17"},
    "evidence that is not announced": {"evidence": False},
    "a line lost": {"records": 2},
    "something else": {"given_name": "villalobos"},
}
LINES: dict[str, dict[str, Any]] = {
    "a filter of another length": {"clk": "AAAA"},
    "a filter that is clear text": {"clk": "villalobos"},
    "a field of another schema": {"filled": ["ssn"]},
    "evidence of an empty field": {"filled": ["birth_date"]},
    "no id": {"id": ""},
    "clear text beside it": {"given_name": "villalobos"},
}


@pytest.mark.parametrize("change", HEADS.values(), ids=list(HEADS))
def test_another_head_is_refused(path: Path, change: dict[str, Any]) -> None:
    refused(path, 0, change)


@pytest.mark.parametrize("change", LINES.values(), ids=list(LINES))
def test_another_line_is_refused(path: Path, change: dict[str, Any]) -> None:
    refused(path, 1, change)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"record_id,given_name\n1,villalobos\n", b"[" * 5000])
def test_another_file_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(UnreadableFilters, match=r"a\.clk\.jsonl"):
        read_filters(path)


def test_a_person_twice_a_half_line_and_a_missing_file_are_refused(path: Path, tmp_path: Path) -> None:
    head, line = path.read_text().splitlines()
    for text in (f"{head}\n{line}\n{line}\n", f"{head}\n{line[:-4]}"):
        path.write_text(text)
        with pytest.raises(UnreadableFilters, match="line"):
            read_filters(path)
    with pytest.raises(UnreadableFilters, match="absent"):
        read_filters(tmp_path / "absent")


def refused(path: Path, number: int, change: dict[str, Any]) -> None:
    lines = path.read_text().splitlines()
    lines[number] = json.dumps({**json.loads(lines[number]), **change})
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(UnreadableFilters, match=r"a\.clk\.jsonl") as why:
        read_filters(path)
    assert "villalobos" not in str(why.value)
