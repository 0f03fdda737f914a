"""The upload page of connectors whose files a mapping program reads: row by row where that can be, else record by record."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from hub.config import Settings
from hub.connectors import doors
from hub.connectors.catalog import SHIPPED, Connector, load_one
from hub.connectors.upload.check import Checked, Unreadable
from hub.connectors.upload.check_file import check_file
from hub.connectors.upload.door import UploadOptions
from hub.declared import read_declared
from hub.domain.agreement import IntakeAgreement
from hub.domain.ids import Ids
from hub.errors import ConfigError
from hub.privacy.agreements import EXAMPLES
from hub.privacy.vault import Vault
from hub.wiring_upload import upload_desk
from tests.connectors.made_up_lab import message
from tests.connectors.pulling import around_of
from tests.connectors.upload.pantry import CODES, NAME, ROWS, YAML, PageHub, csv_of, visitor

IDS = Ids(b"made-up secret of the program pages")
LAB_CSV = SHIPPED / "lab-csv" / "samples" / "minimal.csv"


def page_of(name: str) -> Connector:
    """A shipped connector with an upload page for its door."""
    found = load_one(SHIPPED / name / "connector.yaml")
    return found.model_copy(update={"door": UploadOptions(kind="upload")})


def agreement_of(name: str) -> IntakeAgreement:
    return read_declared(EXAMPLES / f"{name}.yaml", IntakeAgreement)


@contextmanager
def looking(folder: Path, name: str) -> Iterator[Any]:
    vault = Vault(folder / "keys.sqlite", b"k" * 32)
    yield upload_desk(Settings(instance=folder), page_of(name), agreement_of(name), IDS, vault)
    vault.close()


def checked(folder: Path, name: str, data: bytes, file: str = "file", max_rows: int = 1_000) -> Checked:
    with looking(folder, name) as desk:
        return check_file(file, data, desk.look, by_row=desk.by_row, needed=desk.needed, sheet=None, max_rows=max_rows)


def test_a_laboratory_list_is_looked_at_row_by_row_and_can_be_mended(tmp_path: Path) -> None:
    found = checked(tmp_path, "lab-csv", LAB_CSV.read_bytes())
    assert not found.whole
    assert found.columns
    assert found.counts["taken"] > 0
    assert [row.number for row in found.rows] == [*range(2, 2 + len(found.rows))]


@pytest.mark.parametrize("titles", [b"", b"Riverside Shelter\n15 February 2021\n\n", b"Riverside Shelter,,,\n"])
def test_a_list_below_titles_can_be_mended_as_one_without(titles: bytes, tmp_path: Path) -> None:
    beds = b"site,as_of,guest_no,name,room\nMission,2021-02-15,77,Moe Sky,Dorm 1\nMission,soon,78,Bo Sun,Dorm 2\n"
    found = checked(tmp_path, "shelter-roster-csv", titles + beds, "beds.csv")
    first = titles.count(b"\n") + 2
    told = [(row.number, row.outcome, row.mendable) for row in found.rows]
    assert told == [(first, "taken", True), (first + 1, "problem", True)]
    plain = checked(tmp_path, "shelter-roster-csv", beds, "beds.csv")
    ids = [[taken.event.event_id for taken in each.taken()] for each in (found, plain)]
    assert ids[0] == ids[1]
    assert found.mended({first + 1: ["Mission", "2021-02-15", "78", "Bo Sun", "Dorm 2"]}).counts == {"taken": 2}


def test_a_list_with_columns_that_are_not_kept_is_told_row_by_row_and_mended_where_it_comes_from(
    tmp_path: Path,
) -> None:
    beds = b"Riverside Shelter\nsite,as_of,guest_no,name,room,diagnosis\nMission,2021-02-15,77,Moe Sky,Dorm 1,flu\n"
    found = checked(tmp_path, "shelter-roster-csv", beds, "beds.csv")
    assert (found.whole, found.counts) == (True, {"taken": 1})
    assert b"flu" not in found.taken()[0].raw


def test_a_file_of_the_registry_is_told_row_by_row_and_mended_where_it_comes_from(tmp_path: Path) -> None:
    [sample] = (SHIPPED / "iis-cvrs" / "samples").glob("*")
    found = checked(tmp_path, "iis-cvrs", sample.read_bytes(), sample.name)
    assert found.whole
    assert found.rows[0].name == "row 2"
    assert found.counts["taken"] > 0
    assert found.mended({}) is found
    [first, *_] = found.taken()
    assert first.head
    assert first.raw


def test_messages_are_told_one_by_one(tmp_path: Path) -> None:
    broken = b"MSH|^~\\&|LIS|Lab|HUB|COUNTY|20210216101600||ORU^R01|77|P|2.5.1\rPID|1\r"
    found = checked(tmp_path, "lab-elr-hl7v2", message(1) + broken + message(2), "two.hl7")
    assert [(row.place, row.outcome) for row in found.rows] == [
        ("message 1", "taken"), ("message 2", "ignored"), ("message 3", "taken"),
    ]  # fmt: skip


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"<html></html>"])
@pytest.mark.parametrize("name", ["lab-csv", "iis-cvrs", "lab-elr-hl7v2", "lab-elr-fhir"])
def test_what_no_program_can_read_is_no_file_for_the_page(tmp_path: Path, name: str, data: bytes) -> None:
    with suppress(Unreadable):
        assert not checked(tmp_path, name, data).taken()


def test_a_file_with_more_records_than_the_page_takes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="too-many-rows"):
        checked(tmp_path, "lab-elr-hl7v2", message(1) + message(2) + message(3), max_rows=2)


@pytest.mark.parametrize("name", ["hmis-csv", "hrsn-screening"])
def test_a_source_of_several_files_is_told_to_take_a_folder(tmp_path: Path, name: str) -> None:
    with looking(tmp_path, name) as desk:
        assert desk is None
    with pytest.raises(ConfigError, match="kind: file-drop"):
        doors.build(page_of(name).door, around_of(tmp_path))


def test_a_laboratory_list_is_sent_through_the_page(tmp_path: Path) -> None:
    with PageHub(tmp_path, page_of("lab-csv"), agreement_of("lab-csv")) as hub, visitor(hub) as desk:
        assert "This page takes: ReportStream" in desk.page
        page = desk.upload(LAB_CSV.read_bytes(), LAB_CSV.name)
        [ready, *_] = re.findall(r"Send (\d+) row", page)
        assert "test result" in desk.post(f"{desk.at}/send")
        assert len(hub.events) >= int(ready)
        assert {type(event).kind for event in hub.events} == {"lab-result"}


def test_a_registry_file_is_sent_through_the_page_and_taken_back(tmp_path: Path) -> None:
    [sample] = (SHIPPED / "iis-cvrs" / "samples").glob("*")
    with PageHub(tmp_path, page_of("iis-cvrs"), agreement_of("iis-cvrs")) as hub, visitor(hub) as desk:
        page = desk.upload(sample.read_bytes(), sample.name)
        assert "row 2" in page
        page = desk.post(f"{desk.at}/send")
        assert "vaccination" in page
        sent = len(hub.events)
        [at] = set(re.findall(r"/uploads/[0-9a-f]{16}(?=/pull-back)", desk.page))
        desk.get(f"{at}/pull-back")
        desk.post(f"{at}/pull-back")
        assert {event.active for event in hub.events[sent:]} == {False}


def test_a_receipt_says_what_was_left_empty_also_of_events_that_have_no_field_for_it(tmp_path: Path) -> None:
    folder = tmp_path / "connectors" / NAME
    (folder / "codes").mkdir(parents=True)
    careful = YAML.replace("phone: Phone", "phone: {from: Phone, on_error: null_and_flag}")
    (folder / "connector.yaml").write_text(careful)
    (folder / "codes" / "kinds.csv").write_text(CODES)
    rows = [[*ROWS[0][:4], "12", *ROWS[0][5:]], ROWS[1]]
    with PageHub(tmp_path, load_one(folder / "connector.yaml")) as hub, visitor(hub) as desk:
        desk.upload(csv_of(rows))
        page = desk.post(f"{desk.at}/send")
        assert "Phone: no phone number, left empty (1 row)" in page
        told = json.loads(desk.get(f"{desk.at}/receipt.json"))
        assert (told["recorded"], told["noted"]) == ({"food-assistance": 2}, {"not-a-phone.Phone": 1})
        assert len(hub.events) == 2
