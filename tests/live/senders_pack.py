"""Files as senders send them, good and bad: made up, and, where they lie beside the repository, the samples.

No test knows their counts.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

import openpyxl  # type: ignore[import-untyped]

from hub.mapping.vaccinations import COLUMNS
from hub.routing import route
from tests.connectors.made_up_exports import EXPORTS
from tests.connectors.made_up_lab import NEGATIVE, message
from tests.live.records import Made
from tests.live.records import export as exported
from tests.live.town import CVRS, HMIS, HRSN, LAB, SARA

__all__ = ["PUSHED", "Sent", "declared", "made_up", "packed", "samples"]

PUSHED = {"tracing-push": (SARA, "fhir", "application/fhir+json"), "doses-push": (CVRS, "csv", "text/csv")}
"""Connectors that take by HTTP what another takes by folder: program, format, content type."""


class Sent(NamedTuple):
    """One unit: a file, or a folder of files."""

    connector: str
    name: str
    payload: bytes | Mapping[str, bytes]


def made_up() -> Iterator[Sent]:
    """HL7, CSV and FHIR, each in the shapes that it comes in."""
    for number, content in enumerate(_hl7(), 1):
        yield Sent(LAB, f"made-up-{number:02}.hl7", content)
    for number, content in enumerate(_csv(), 1):
        name = f"202103{number:02}_01_TNA.txt"
        yield Sent(CVRS, name, content)
        if content:  # an empty body is refused at the door: nothing of it is kept
            yield Sent("doses-push", name, content)
    for number, content in enumerate(_fhir(), 1):
        yield Sent(SARA, f"made-up-{number}.ndjson", content)
        yield Sent("tracing-push", f"made-up-{number}.ndjson", content)


def packed() -> Iterator[Sent]:
    """Archives and workbooks: what is in them counts."""
    csv, hl7 = _csv()[0], message(30) + message(31, NEGATIVE)
    yield Sent(CVRS, "20210401_01_TNA.txt.gz", gzip.compress(csv))
    yield Sent(CVRS, "doses.zip", _zip({"20210402_01_TNA.txt": csv, "20210403_01_TNA.txt": csv}))
    yield Sent(SARA, "two.zip", _zip({f"{n}.ndjson": each for n, each in enumerate(_fhir()[:2])}))
    yield Sent(SARA, "cut.zip", _zip({"a.ndjson": _fhir()[0]})[:60])
    yield Sent(CVRS, "not-doses.zip", _zip({"lab.hl7": hl7}))
    export = {f"{name}.csv": content for name, content in _hmis().items()}
    yield Sent(HMIS, "export", export)
    yield Sent(HMIS, "export.zip", _zip(export))
    yield Sent(HMIS, "without-clients", {name: content for name, content in export.items() if name != "Client.csv"})
    yield Sent("food-bank", "visits.xlsx", _workbook(EXPORTS["food-bank"][1]))


def _hmis() -> dict[str, bytes]:
    who, day = Made(901, "Nobody", "Known"), date(2021, 2, 1)
    payload = exported("made-up", [(who, day)]).payload
    assert not isinstance(payload, bytes)
    return {name.removesuffix(".csv"): content for name, content in payload.items()}


def _zip(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def _workbook(table: bytes) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for line in table.decode("utf-8-sig").splitlines():
        book.active.append(line.split(";"))
    book.save(out)
    return out.getvalue()


def declared() -> Iterator[Sent]:
    """The exports of systems that the hub has never seen, whole, spoilt and cut off."""
    for name, (file, content) in EXPORTS.items():
        yield Sent(name, file, content)
        yield Sent(name, f"cut-{file}", content[: len(content) * 2 // 3])
        yield Sent(name, f"other-{file}", b"a,b\r\n1,2\r\n")


_IN_FOLDERS = frozenset({"hsds-directory"})  # its inbox takes folders and zips, never a file alone


def samples(folder: Path) -> Iterator[Sent]:
    """Every sample that a shipped connector reads; of HL7 every file, for a laboratory sends what it sends."""
    for unit in route(folder, (LAB, CVRS, SARA, HMIS, HRSN)):
        name = "-".join(unit.path.relative_to(folder).parts)
        if unit.connector is not None:
            whole = unit.path.is_dir()
            files = sorted(unit.path.iterdir()) if whole else [unit.path]
            inner = {each.name: each.read_bytes() for each in files} if whole or unit.connector in _IN_FOLDERS else None
            yield Sent(unit.connector, name, unit.path.read_bytes() if inner is None else inner)
        elif unit.path.suffix == ".hl7":
            yield Sent(LAB, name, unit.path.read_bytes())


def _hl7() -> list[bytes]:
    one, two, broken = message(1), message(2, NEGATIVE), message(3).replace(b"PID|", b"XXX|")
    batch = b"FHS|^~\\&|LAB\rBHS|^~\\&|LAB\r" + one + two + b"BTS|2\rFTS|1\r"
    latin = "Calle Peñón".encode("latin-1")
    return [
        one, one + two + broken + message(4), batch, batch.replace(b"BTS|2", b"BTS|3"), message(5).replace(b"\r", b"\n"),
        message(6).replace(b"\r", b"\r\n"), b"\xef\xbb\xbf" + message(7), message(8).replace(b"Nowhere", latin),
        message(9).replace(b"|P|2.5.1", b"|P|2.5.1||||||8859/1").replace(b"Nowhere", latin),
        message(10)[:200], b"no message at all", b"\r\n", message(11).replace(b"ORU^R01^ORU_R01", b"ADT^A08"), broken,
        message(12).replace(b"|F|||20210204", b"|X|||20210204"), message(13).replace(b"|2.5.1\r", b"|3.1\r"), message(14) + b"\x00",
        message(15).replace(b"19800101", b"19801399"), message(16) + b"OBX|9\r" * 30, message(17) * 2,
    ]  # fmt: skip


def _csv() -> list[bytes]:
    good = {"vax_event_id": "E1", "ext_type": "I", "recip_id": "R1", "recip_first_name": "Ann", "recip_dob": "1980-01-01",
            "admin_date": "2021-02-15", "cvx": "208", "recip_address_state": "IL"}  # fmt: skip

    def table(*rows: Mapping[str, str], by: str = "\t", end: str = "\n") -> str:
        cells = [[{**good, **row}.get(name, "") for name in COLUMNS] for row in rows]
        return "".join(by.join(line) + end for line in (COLUMNS, *cells))

    odd, late, nobody = (
        {"vax_event_id": "E2", "cvx": "999"},
        {"vax_event_id": "E3", "admin_date": "yesterday"},
        {"vax_event_id": ""},
    )
    several: tuple[Mapping[str, str], ...] = ({}, odd, late, nobody)
    return [
        table(*several).encode(), table(*several, end="\r\n").encode("utf-8-sig"), table(*several, by="|").encode(),
        table({"recip_first_name": "Zoë"}).encode("latin-1"), table({}).replace("recip_dob", "dob").encode(),
        (table({}) + "E9\tI\n\n").encode(), table({}, {}, {"vax_refusal": "YES", "lot_number": "L1"}).encode(), b"",
        b"\x00\x01\x02", table({"recip_first_name": "=1+1"}).encode(),
    ]  # fmt: skip


def _fhir() -> list[bytes]:
    who = {
        "resourceType": "Patient",
        "id": "m1",
        "name": [{"family": "Roe", "given": ["Ann"]}],
        "birthDate": "1980-01-01",
    }
    other, device = {**who, "id": "m2"}, {"resourceType": "Device", "id": "d1"}
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": each} for each in (who, other, device)],
    }
    lines = [json.dumps(each) for each in (who, other, device)]
    return [
        json.dumps(who).encode(), "\n".join(lines).encode(), json.dumps(bundle, indent=1).encode(),
        "\n".join([lines[0], lines[1][:40], lines[2]]).encode(), b"\xef\xbb\xbf" + lines[0].encode(), b'{"hello": "world"}',
        json.dumps({**who, "id": None}).encode(), "\r\n".join(lines).encode(), json.dumps([who, other]).encode(), b"[1, 2",
    ]  # fmt: skip
