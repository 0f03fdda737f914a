"""The files as their readers will meet them; read here with the standard library alone, never with the hub's own readers."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from hub.synthetic import County, Delivery
from hub.synthetic.cvrs import CVRS_COLUMNS
from hub.synthetic.hmis_columns import HMIS_COLUMNS


def _bytes(deliveries: list[Delivery], connector: str) -> Iterator[tuple[str, bytes]]:
    for delivery in deliveries:
        if delivery.connector == connector:
            assert isinstance(delivery.payload, bytes)
            yield delivery.name, delivery.payload


def _sets(deliveries: list[Delivery], connector: str) -> Iterator[tuple[str, dict[str, bytes]]]:
    for delivery in deliveries:
        if delivery.connector == connector:
            assert not isinstance(delivery.payload, bytes)
            yield delivery.name, dict(delivery.payload)


def test_deliveries_come_in_simulated_order_within_the_three_months(deliveries: list[Delivery]) -> None:
    assert [d.at for d in deliveries] == sorted(d.at for d in deliveries)
    assert all(date(2021, 1, 1) <= d.day <= date(2021, 3, 31) and d.day == d.at.date() for d in deliveries)
    assert len({(d.connector, d.name) for d in deliveries}) == len(deliveries)


def test_the_load_of_two_thousand_people_is_modest(deliveries: list[Delivery]) -> None:
    rows = 0
    for delivery in deliveries:
        if isinstance(delivery.payload, bytes):
            rows += 1 if delivery.connector == "lab-elr-hl7v2" else delivery.payload.count(b"\n")
        else:
            rows += sum(content.count(b"\n") for content in delivery.payload.values())
    assert 15_000 < rows < 60_000


def test_every_laboratory_message_has_its_segments_and_fields(deliveries: list[Delivery]) -> None:
    ids = set()
    for name, content in _bytes(deliveries, "lab-elr-hl7v2"):
        if name.startswith("line-noise"):
            continue
        text = content.decode()
        assert "\n" not in text
        segments = [segment.split("|") for segment in text.rstrip("\r").split("\r")]
        assert [s[0] for s in segments[:5]] == ["MSH", "SFT", "PID", "ORC", "OBR"]
        assert segments[-1][0] == "SPM"
        msh, pid, orc, obr = segments[0], segments[2], segments[3], segments[4]
        assert (msh[8], msh[11], msh[17]) == ("ORU^R01^ORU_R01", "2.5.1", "UNICODE UTF-8")
        assert msh[10] in ("P", "T")
        ids.add(msh[9])
        assert orc[3] == obr[3]
        assert pid[3].split("^")[3].split("&")[1] == obr[3].split("^")[2]
        assert pid[11].split("^")[8] in ("47901", "47903", "47905")
        result = segments[5]
        assert result[0] == "OBX"
        assert result[11] in ("F", "P", "C", "W")
        assert result[5].endswith("^SCT")
        assert all(s[29] == "QST" for s in segments[6:-1])
        assert len(result[14]) == len("20210111080000-0500")
        assert segments[-1][17] == result[14]
    assert len(ids) == sum(not name.startswith("line-noise") for name, _ in _bytes(deliveries, "lab-elr-hl7v2"))


def test_corrections_are_whole_new_messages_on_the_same_order(deliveries: list[Delivery]) -> None:
    said: dict[str, list[tuple[str, str]]] = {}
    for name, content in _bytes(deliveries, "lab-elr-hl7v2"):
        if not name.startswith("line-noise"):
            segments = [segment.split("|") for segment in content.decode().split("\r")]
            said.setdefault(segments[4][3], []).append((segments[4][22], segments[5][11]))
    changed = [reports for reports in said.values() if len(reports) > 1]
    assert {reports[-1][1] for reports in changed} >= {"C", "W", "F"}
    assert all(reports == sorted(reports) and len(set(reports)) == len(reports) for reports in changed)


def test_cvrs_files_are_tab_separated_with_45_columns(county: County, deliveries: list[Delivery]) -> None:
    events: list[str] = []
    short = Counter[int]()
    for name, content in _bytes(deliveries, "iis-cvrs"):
        assert name.endswith("_01_TNA.txt")
        header, *rows = content.decode().removesuffix("\r\n").split("\r\n")
        assert tuple(header.split("\t")) == CVRS_COLUMNS
        for row in rows:
            cells = row.split("\t")
            short[len(cells)] += 1
            if len(cells) == 45:
                values = dict(zip(CVRS_COLUMNS, cells, strict=True))
                events.append(values["vax_event_id"])
                assert values["ext_type"] == "I"
                assert values["recip_dob"] < values["admin_date"] < name[:4] + "-" + name[4:6] + "-" + name[6:8]
                assert (values["vax_refusal"] == "YES") == (values["lot_number"] == "")
    assert len(CVRS_COLUMNS) == 45
    assert len(events) == len(set(events)) == len(county.ledger.doses)
    planted = county.truth.rejected["iis-cvrs"]
    assert short == {45: len(events), 41: planted["short-row"], 46: planted["long-row"]}


def test_monitorees_are_one_resource_a_line(county: County, deliveries: list[Delivery]) -> None:
    broken = 0
    resources = Counter[str]()
    for name, content in _bytes(deliveries, "sara-alert"):
        for line in content.decode().splitlines():
            try:
                resource = json.loads(line)
            except ValueError:
                broken += 1
                continue
            resources[resource["resourceType"]] += 1
            assert name.startswith(resource["resourceType"])
            assert resource["meta"]["lastUpdated"].endswith("+00:00")
            if resource["resourceType"] == "Patient":
                values = {e["url"].rpartition("/")[2]: e for e in resource["extension"]}
                assert values["isolation"]["valueBoolean"] in (True, False)
                assert resource["active"] != ("closed-at" in values)
    assert broken == county.truth.rejected["sara-alert"]["not-json"]
    assert resources["Patient"] > 400
    assert resources["Observation"] > 50


def test_hmis_exports_repeat_what_they_said_before(county: County, deliveries: list[Delivery]) -> None:
    before: dict[str, set[str]] = {}
    dated_wrong = 0
    for _, files in _sets(deliveries, "hmis-csv"):
        assert set(files) == {f"{name}.csv" for name in HMIS_COLUMNS}
        for name, content in files.items():
            rows = list(csv.reader(io.StringIO(content.decode())))
            columns = HMIS_COLUMNS[name.removesuffix(".csv")]
            assert tuple(rows[0]) == columns
            assert all(len(row) == len(columns) for row in rows)
            if name == "Services.csv":
                dated_wrong += sum(row[3] == "2021-02-30" for row in rows)
            if name in ("Client.csv", "Enrollment.csv", "Exit.csv", "Project.csv"):
                now = {"|".join(row[:-1]) for row in rows}
                assert before.get(name, set()) <= now
                before[name] = now
    assert dated_wrong == county.truth.rejected["hmis-csv"]["bad-date"]


def test_hmis_rows_refer_to_each_other(deliveries: list[Delivery]) -> None:
    _, last = list(_sets(deliveries, "hmis-csv"))[-1]
    table = {name: list(csv.DictReader(io.StringIO(content.decode()))) for name, content in last.items()}
    clients = {row["PersonalID"] for row in table["Client.csv"]}
    enrollments = {row["EnrollmentID"]: row for row in table["Enrollment.csv"]}
    projects = {row["ProjectID"] for row in table["Project.csv"]}
    assert {row["PersonalID"] for row in enrollments.values()} == clients
    assert {row["ProjectID"] for row in enrollments.values()} <= projects
    assert len(enrollments) == len(table["Enrollment.csv"])
    for row in table["Services.csv"]:
        if row["DateProvided"] != "2021-02-30":
            assert row["DateProvided"] >= enrollments[row["EnrollmentID"]]["EntryDate"]
    exits = {row["EnrollmentID"]: row["ExitDate"] for row in table["Exit.csv"]}
    assert all(day > enrollments[key]["EntryDate"] for key, day in exits.items())
    assert len({row["ServicesID"] for row in table["Services.csv"]}) == len(table["Services.csv"])


@pytest.mark.samples
def test_hmis_headers_are_those_of_real_exports(shared_samples: Path) -> None:
    folder = shared_samples / "social" / "hmis-fy2024-datalab"
    for name in HMIS_COLUMNS:
        if name != "IncomeBenefits":  # the sample has none of this year
            first = (folder / f"{name}.csv").read_text().splitlines()[0]
            assert tuple(next(csv.reader([first]))) == HMIS_COLUMNS[name], name


@pytest.mark.samples
def test_screening_and_cvrs_headers_are_those_of_real_files(shared_samples: Path, deliveries: list[Delivery]) -> None:
    real = (shared_samples / "health" / "cdc-iis-open-tools" / "CVRS_testgood.txt").read_text().splitlines()[0]
    assert tuple(real.split("\t")) == CVRS_COLUMNS
    _, files = next(_sets(deliveries, "hrsn-screening"))
    for name, content in files.items():
        sample = next((shared_samples / "social" / "ny-1115-hrsn").glob(f"{name.split('_made')[0]}_*.csv"))
        assert content.decode().splitlines()[0] == sample.read_text().splitlines()[0]


def test_screening_sets_join_on_the_patient_and_say_no_where_consent_is_missing(
    county: County, deliveries: list[Delivery]
) -> None:
    refused = 0
    for _, files in _sets(deliveries, "hrsn-screening"):
        tables = {}
        for name, content in files.items():
            rows = list(csv.DictReader(io.StringIO(content.decode()), delimiter="|"))
            assert all(None not in row and None not in row.values() for row in rows)
            tables[name.partition("_made")[0]] = rows
        people = {(row["PAT_MRN_ID"], row["FACILITY_ID"]) for row in tables["DEMOGRAPHIC_DATA"]}
        assert len(people) == len(tables["DEMOGRAPHIC_DATA"])
        for other in ("QE_ADMIN_DATA", "SCREENING"):
            assert {(row["PAT_MRN_ID"], row["FACILITY_ID"]) for row in tables[other]} == people
        unwilling = {(r["PAT_MRN_ID"], r["FACILITY_ID"]) for r in tables["DEMOGRAPHIC_DATA"] if r["CONSENT"] == "N"}
        refused += len(unwilling)
        refused += sum((row["PAT_MRN_ID"], row["FACILITY_ID"]) in unwilling for row in tables["SCREENING"])
        assert {row["SCREENING_STATUS_CODE"] for row in tables["SCREENING"]} <= {"final", "unknown"}
    assert refused == county.truth.rejected["hrsn-screening"]["no-consent"] > 0


@pytest.mark.parametrize("connector", ["lab-elr-hl7v2", "iis-cvrs", "sara-alert", "hmis-csv", "hrsn-screening"])
def test_every_door_gets_something_good_and_something_bad(
    county: County, deliveries: list[Delivery], connector: str
) -> None:
    names = {d.name for d in deliveries if d.connector == connector}
    bad = [p for p in county.truth.planted if p.connector == connector]
    assert bad
    assert {p.delivery for p in bad} <= names
    assert sum(p.records for p in bad) == sum(county.truth.rejected[connector].values())


def test_names_of_deliveries_hold_nothing_of_a_person(county: County, deliveries: list[Delivery]) -> None:
    words = " ".join(d.name.casefold() for d in deliveries)
    assert not any(p.family.casefold() in words for p in county.people if len(p.family) > 3)
