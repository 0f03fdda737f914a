"""Damaged laboratory files: nothing escapes, every message and row is accounted for, and no damage of the order makes a positive.

A fixed set of seeds; a longer run raises `SEEDS` (29,500 files of each kind were run so when this was written).
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from hub.formats.hl7v2 import Mismatch
from hub.formats.hl7v2 import read as read_hl7
from hub.formats.hl7v2_envelope import open_envelope
from hub.mapping.program import Mapped
from tests.mapping.mutations import mutate_csv, mutate_hl7
from tests.mapping.reading import Reader
from tests.mapping.test_labs import LABS
from tests.mapping.test_labs_unseen_csv import FILES as TABLES
from tests.mapping.test_labs_unseen_messages import FILES as MESSAGES

SEEDS = range(40)
HEALTH = (
    "health/prime-reportstream/oru",
    "health/data-exchange-hl7",
    "health/izgateway-v2tofhir",
    "health/fhir-converter/vxu",
)
SHEETS = ("health/prime-reportstream/csv", "health/godata")
CSV = "lab-csv"


def files(samples: Path, folders: tuple[str, ...], ending: str = "") -> list[bytes]:
    return [
        path.read_bytes()
        for folder in folders
        for path in sorted((samples / folder).iterdir())
        if path.name.endswith(ending)
    ]


def made_up(table: dict[str, Any]) -> list[bytes]:
    return [content if isinstance(content, bytes) else content.encode() for content, _ in table.values()]


def is_accounted_for(found: list[Mapped]) -> None:
    """Each outcome is an event, or says why not, and none of them is a bug of ours."""
    assert found
    assert all(mapped.event is not None or mapped.reason for mapped in found)
    assert "mapping-error" not in {mapped.reason for mapped in found}


def every_message_is_told(data: bytes, found: list[Mapped]) -> None:
    numbers = {item.number for item in read_hl7(data) if not isinstance(item, Mismatch)}
    assert {mapped.where["message"] for mapped in found if "message" in mapped.where} == numbers
    assert {head.number for head in open_envelope(data).heads} == numbers


def damage_messages(originals: list[bytes], seed: int, read: Reader) -> None:
    random = Random(seed)
    for original in originals:
        data = mutate_hl7(original, random)
        found = read(LABS, {"m": data})
        is_accounted_for(found)
        every_message_is_told(data, found)


def damage_tables(originals: list[bytes], seed: int, read: Reader) -> None:
    random = Random(seed)
    for original in originals:
        data = mutate_csv(original, random)
        found = read(CSV, {"f.csv": data})
        is_accounted_for(found)
        rows = [int(mapped.where["row"]) for mapped in found if "row" in mapped.where]
        assert rows == sorted(rows)
        if rows:
            assert set(range(2, max(rows) + 1)) >= set(rows)


@pytest.mark.parametrize("seed", SEEDS)
def test_made_up_messages_survive_any_damage(seed: int, read: Reader) -> None:
    damage_messages(made_up(MESSAGES), seed, read)


@pytest.mark.parametrize("seed", SEEDS)
def test_made_up_tables_survive_any_damage(seed: int, read: Reader) -> None:
    damage_tables(made_up(TABLES), seed, read)


@pytest.mark.samples
@pytest.mark.parametrize("seed", SEEDS)
def test_the_shared_messages_survive_any_damage(seed: int, read: Reader, shared_samples: Path) -> None:
    damage_messages(files(shared_samples, HEALTH), seed, read)


@pytest.mark.samples
@pytest.mark.parametrize("seed", SEEDS)
def test_the_shared_tables_survive_any_damage(seed: int, read: Reader, shared_samples: Path) -> None:
    damage_tables(files(shared_samples, SHEETS, ".csv"), seed, read)


def positives(found: list[Mapped]) -> int:
    events: list[Any] = [mapped.event for mapped in found if mapped.type == "lab-result" and mapped.event is not None]
    return sum(event.meaning == "positive" and event.active for event in events)


@pytest.mark.samples
@pytest.mark.parametrize("seed", SEEDS)
def test_a_message_without_a_positive_has_none_whatever_order_its_segments_are_in(
    seed: int, read: Reader, shared_samples: Path
) -> None:
    random = Random(seed)
    for original in files(shared_samples, HEALTH):
        if positives(read(LABS, {"m": original})) == 0:
            assert positives(read(LABS, {"m": mutate_hl7(original, random, structure_only=True)})) == 0
