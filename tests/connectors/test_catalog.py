"""The catalogue: what is shipped loads, and a mistake is named with file, line and field."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.connectors.catalog import SHIPPED, Connector, find, load
from hub.connectors.catalog.folder import _hooks
from hub.connectors.file_drop import FileDropOptions
from hub.domain.events import EVENT_TYPES
from hub.errors import ConfigError
from hub.mapping.declared.compile import compile_map
from hub.mapping.declared.program import Spec
from hub.privacy.agreements import example_agreement

NAMES = [
    "case-line-list",
    "commcare",
    "consent",
    "food-benefits",
    "food-pantry",
    "godata",
    "gravity-referral",
    "hmis-csv",
    "hrsn-fhir",
    "hrsn-screening",
    "hsds-directory",
    "iis-cvrs",
    "iis-fhir",
    "iis-vxu",
    "lab-csv",
    "lab-elr-fhir",
    "lab-elr-hl7v2",
    "referral-csv",
    "sara-alert",
    "sara-alert-api",
    "shelter-roster-csv",
    "shelter-roster-hashed",
    "vaccine-supply",
]


def own(tmp_path: Path, name: str, text: str) -> Path:
    (tmp_path / name).mkdir()
    path = tmp_path / name / "connector.yaml"
    path.write_text(text)
    return path


def shipped(name: str) -> str:
    return (SHIPPED / name / "connector.yaml").read_text()


def test_one_connector_per_kind_of_source_is_shipped() -> None:
    connectors = load()
    assert list(connectors) == NAMES
    assert {c.source.sector for c in connectors.values()} == {
        "labs",
        "immunization",
        "contact-tracing",
        "shelters",
        "food",
        "referrals",
    }
    assert connectors["lab-elr-hl7v2"].door.kind == "mllp"


@pytest.mark.parametrize("name", NAMES)
def test_an_example_agreement_grants_what_its_connector_emits(name: str) -> None:
    connector = load()[name]
    assert set(connector.emits) <= set(EVENT_TYPES)
    assert set(connector.emits) == set(example_agreement(name).events)


def test_a_folder_of_the_installation_wins_over_the_shipped_one(tmp_path: Path) -> None:
    own(tmp_path, "iis-cvrs", shipped("iis-cvrs").replace("unit: file", "unit: file\n  stable_s: 9.5"))
    door = load([tmp_path])["iis-cvrs"].door
    assert isinstance(door, FileDropOptions)
    assert door.kind == "file-drop"
    assert door.stable_s == 9.5


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("kind: file-drop", "kind: carrier-pigeon", r"connector\.yaml:7: door: .*mllp"),
        ("unit: file", "unit: bucket", r"connector\.yaml:9: door\.unit: "),
        ("unit: file", "stable_s: -1", r"connector\.yaml:9: door\.stable_s: "),
        ("title:", "titel:", r"connector\.yaml:2: titel: unknown field; did you mean title"),
        ("name: iis-cvrs\n", "name: another\n", r"connector\.yaml: name: is another"),
        ("program: iis-cvrs", "program: '../../etc'", r"connector\.yaml:10: program: "),
    ],
)
def test_a_mistake_is_named_with_file_line_and_field(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    text = shipped("iis-cvrs")
    assert old in text
    own(tmp_path, "iis-cvrs", text.replace(old, new, 1))
    found = load([tmp_path])
    assert re.search(complaint, found.broken["iis-cvrs"])
    with pytest.raises(ConfigError, match=complaint):
        find("iis-cvrs", found)
    with pytest.raises(ConfigError, match=complaint):
        found["iis-cvrs"]


def test_a_broken_folder_harms_no_other_and_is_not_replaced_by_the_shipped_one(tmp_path: Path) -> None:
    own(tmp_path, "iis-cvrs", "name: [")
    found = load([tmp_path])
    assert sorted(found) == [name for name in NAMES if name != "iis-cvrs"]
    assert list(found.broken) == ["iis-cvrs"]
    (tmp_path / "iis-cvrs" / "connector.yaml").write_text(shipped("iis-cvrs"))
    assert not load([tmp_path]).broken


BY_MAP = """
name: pantry
title: A pantry
source: {sector: food, format: csv, standard: made up}
door: {kind: file-drop}
emits: [site]
map:
- {event: site, fields: {}}
"""


def codes_folder(path: Path) -> None:
    path.mkdir()


def codes_huge(path: Path) -> None:
    path.write_text("source_value,system,target_code,status,note\n" + "x" * 200_000 + ",,,,\n")


@pytest.mark.parametrize(
    ("make", "why"), [(codes_folder, "is_sites.csv: cannot be read"), (codes_huge, "is_sites.csv:2: is not CSV")]
)
def test_a_code_table_that_cannot_be_read_breaks_its_own_folder_only(
    tmp_path: Path, make: Callable[[Path], None], why: str
) -> None:
    own(tmp_path, "pantry", BY_MAP)
    (tmp_path / "pantry" / "codes").mkdir()
    make(tmp_path / "pantry" / "codes" / "is_sites.csv")
    found = load([tmp_path])
    assert why in found.broken["pantry"]
    assert sorted(found) == NAMES


def test_a_format_of_somebody_else_that_breaks_harms_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(spec: Spec, *others: Any) -> Any:
        if spec.name == "pantry":
            raise ZeroDivisionError
        return compile_map(spec, *others)

    own(tmp_path, "pantry", BY_MAP)
    monkeypatch.setattr("hub.connectors.catalog.folder.compile_map", breaks)
    found = load([tmp_path])
    assert found.broken["pantry"].endswith("cannot be loaded: ZeroDivisionError")
    assert sorted(found) == NAMES


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    broken = load(programs={"other": object()}).broken
    assert re.search(r"there is no .*; there are other", broken["hmis-csv"])


def test_an_unknown_name_lists_the_names_there_are() -> None:
    connectors: dict[str, Connector] = load()
    with pytest.raises(ConfigError, match=r"there is no connector nope: there are .*, hmis-csv, "):
        find("nope", connectors)


def test_hooks_of_the_same_length_saved_within_a_second_are_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "hooks.py"
    path.write_text("def first(text): return text\n")
    assert list(_hooks(tmp_path)) == ["first"]
    path.write_text("def other(text): return text\n")
    assert list(_hooks(tmp_path)) == ["other"]
    assert not (tmp_path / "__pycache__").exists()
