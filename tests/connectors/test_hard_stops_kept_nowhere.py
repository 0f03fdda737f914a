"""social-standards R20: at a hard stop the door keeps no copy of its own: of a zip or file in the inbox, an upload page."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.connectors.test_zip_drop import Scene, zipped
from tests.connectors.upload.pantry import PageHub, visitor
from tests.connectors.upload.test_program_page import agreement_of, checked, page_of

ROSTER = "shelter-roster-csv"
SECRET, OPEN = "Havenward", "Openly"
LIST = (
    "Shelter ID,Victim Service Provider,Night Of,Guest ID,Last Name,First Name,DOB,Bed\n"
    f"SH-1,No,02/15/2021,G-1,{OPEN},Ann,03/09/1984,A-1\n"
    f"HAVEN,Yes,02/15/2021,G-2,{SECRET},Eve,11/30/1951,B-1\n"
)
LABEL = {"security": [{"code": "42CFRPart2"}]}
LABELLED = json.dumps({"resourceType": "Patient", "id": "p", "name": [{"family": SECRET}], "meta": LABEL})
CASES = {
    "zip": (ROSTER, "beds.zip", zipped({"tonight.csv": LIST.encode()})),
    "gzip": (ROSTER, "beds.csv.gz", gzip.compress(LIST.encode())),
    "list": (ROSTER, "beds.csv", LIST.encode()),
    "fhir": ("iis-fhir", "export.ndjson", f"{LABELLED}\n".encode()),
    "results": ("lab-elr-fhir", "export.ndjson", f"{LABELLED}\n".encode()),
    "broken": ("lab-elr-fhir", "cut.json", LABELLED[:-2].encode()),
}


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("case", CASES)
def test_r20_the_inbox_keeps_neither_the_unit_nor_what_was_unpacked_of_it(case: str, tmp_path: Path) -> None:
    connector, name, content = CASES[case]
    scene = Scene(tmp_path, connector)
    scene.put(name, content)

    def settled() -> bool:
        told = [*scene.inbox.glob("done/*.receipt.json"), *scene.inbox.glob("failed/*.receipt.json")]
        return bool(told) and not (scene.inbox / name).exists()

    scene.live(settled)
    assert [problem.reason for problem in scene.pack.problems] in (["victim-service-provider"], ["part-2-not-covered"])
    left = files_of(scene.folder)
    assert [path.suffixes[-2:] for path in left] == [[".receipt", ".json"]]
    assert not [
        path
        for path in left
        if SECRET.encode() in path.read_bytes() or name.removesuffix(".gz").encode() in path.read_bytes()
    ]
    assert not [value for _, _, value, _, _ in scene.bus.log if SECRET.encode() in (value or b"")]


def test_r20_what_an_upload_page_keeps_of_a_list_is_of_the_rows_that_were_taken(tmp_path: Path) -> None:
    taken = checked(tmp_path, ROSTER, LIST.encode(), "tonight.csv").taken()
    assert [(OPEN in f"{each}", SECRET in f"{each}") for each in taken] == [(True, False)], "what the store is given"
    with PageHub(tmp_path, page_of(ROSTER), agreement_of(ROSTER)) as hub, visitor(hub) as desk:
        desk.upload(LIST.encode(), "tonight.csv")
        desk.post(f"{desk.at}/send")
        assert [event.kind for event in hub.events] == ["shelter-stay"]
        assert not [path for path in files_of(tmp_path) if SECRET.encode() in path.read_bytes()]
