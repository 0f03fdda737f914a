"""A made-up night shelter's bed list and the connector.yaml that maps it; tests bend either."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from hub.connectors.catalog import Connector, load_one

BEDS = (
    "Guest ID,First,Last,DOB,Phone,Night,Bed Type,Race,Updated\n"
    "G-1,Ana,Lopez,03/09/1980,(555) 201-3344,01/15/2021,DORM,Latina,2021-01-16T06:00:00\n"
    "G-2,Bo,Ray,,,01/15/2021,ROOM,Black,2021-01-16T06:00:00\n"
    "TEST,Test,Guest,01/01/1970,,01/15/2021,DORM,,2021-01-16T06:00:00\n"
)
YAML = """
name: night-shelter
title: Bed list of the night shelter
source: {sector: shelters, format: csv, standard: its own export, timezone: America/New_York}
door: {kind: file-drop, unit: file}
emits: [shelter-stay]
identity:
  id: Guest ID
  authority: {value: night-shelter}
  ignore: ["TEST"]
  block:
    given_name: First
    family_name: Last
    birth_date: {from: DOB, format: "%m/%d/%Y", on_error: null_and_flag}
    phone: {from: Phone, on_error: null_and_flag}
map:
  - event: shelter-stay
    dedupe: [Guest ID, Night]
    occurred_on: {from: Night, format: "%m/%d/%Y", required: true}
    changed_at: {from: Updated, format: iso}
    fields:
      stay: {value: night}
      presence: {value: true}
      site: {value: main-house}
      site_kind: {from: Bed Type, codes: beds}
      entered_on: {from: Night, format: "%m/%d/%Y"}
      race_ethnicity: {from: Race, codes: race}
"""
BEDS_CODES = (
    "source_value,system,target_code,status,note\nDORM,,congregate,mapped,\nROOM,,other,mapped,\nLIFT,,,ignore,\n"
)
RACE_CODES = (
    "source_value,system,target_code,status,note\nLatina,,hispanic,mapped,\nBlack,,black,mapped,\n"
    "Rather not say,,,declined,\nMixed,,,,TODO\n"
)


def declared() -> dict[str, Any]:
    """The document, to be changed and written."""
    document: dict[str, Any] = yaml.safe_load(YAML)
    return document


def write(folder: Path, document: dict[str, Any] | str = YAML, *, hooks: str = "", **codes: str) -> Connector:
    """A connector's folder below `folder`, loaded. `codes`: text of codes/<name>.csv."""
    text = document if isinstance(document, str) else yaml.safe_dump(document, sort_keys=False)
    at = folder / str(yaml.safe_load(text)["name"])
    (at / "codes").mkdir(parents=True, exist_ok=True)
    (at / "connector.yaml").write_text(text)
    for name, table in {"beds": BEDS_CODES, "race": RACE_CODES, **codes}.items():
        (at / "codes" / f"{name}.csv").write_text(table)
    if hooks:
        (at / "hooks.py").write_text(hooks)
    return load_one(at / "connector.yaml")
