"""Shapes of messages and rows that were lost or mixed up: OUL, versions as senders write them, withheld patients, corrections."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.routing import route
from tests.mapping.made_up_lab_csv import LAB, pdi
from tests.mapping.reading import Reader
from tests.mapping.test_labs import LABS, PID, one, oru


@pytest.mark.parametrize("kind", ["OUL^R22^OUL_R22", "OUL^R23", "OUL^R24", "OUL_R22"])
def test_an_oul_is_a_report_of_results(kind: str, read: Reader, tmp_path: Path) -> None:
    message = oru().replace("ORU^R01^ORU_R01", kind)
    (event,) = read.events(LABS, {"m": message})
    assert (event.meaning, event.fact_key) == ("positive", one(read).fact_key)
    (tmp_path / "a.hl7").write_text(message, newline="")
    assert [unit.connector for unit in route(tmp_path, (LABS,))] == [LABS]


def test_the_specimens_of_an_oul_are_of_the_orders_below_them(read: Reader) -> None:
    head = oru().split("\r", 1)[0].replace("ORU^R01^ORU_R01", "OUL^R22^OUL_R22")
    spm = "SPM|{n}|^S-{n}||258500001^swab^SCT|||||||||||||2021010{n}"
    obr = "OBR|1|||94531-1^panel^LN|||||||||||||||||||20210107|||F"
    obx = "OBX|1|CWE|94500-6^RNA^LN||260373001^Detected^SCT||||||F"
    groups = [line for n in (1, 2) for line in (spm.format(n=n), obr, f"ORC|RE||F-{n}^Lab", obx)]
    first, second = read.events(LABS, {"m": "\r".join((head, PID, *groups, ""))})
    assert [event.collected_on.day for event in (first, second)] == [1, 2]
    assert first.fact_key != second.fact_key
    assert first.specimen_key != second.specimen_key


@pytest.mark.parametrize("version", ["v2.5.1", "HL7 2.5", "2.5.1", ""])
def test_a_version_as_senders_write_it(version: str, read: Reader) -> None:
    assert one(read, version=version).meaning == "positive"


def test_patients_without_id_and_name_are_told_apart_by_the_rest_of_pid(read: Reader) -> None:
    withheld = [f"PID|{n}||||||19{n}00101|F||||^^^CA^9000{n}^USA^^^06037" for n in (5, 6)]
    head, _, rest = oru().split("\r", 2)
    message = "\r".join((head, withheld[0], rest + withheld[1], rest.replace("F-1^", "F-2^")))
    events = read.events(LABS, {"m": message})
    assert [event.person.birth_date.year for event in events] == [1950, 1960]


def test_one_patient_written_above_each_order_is_one(read: Reader) -> None:
    head, pid, rest = oru().split("\r", 2)
    again = "\r".join((pid.replace("PID|1|", "PID|2|"), rest.replace("F-1^", "F-2^")))
    found = read(LABS, {"m": "\r".join((head, pid, rest + again))})
    assert ["patient" in mapped.where for mapped in found] == [False, False]


@pytest.mark.parametrize("named", ["R1", "N/A", "0"])
def test_a_row_that_names_itself_or_nobody_as_replaced_replaces_nothing(named: str, read: Reader) -> None:
    (event,) = read.events(LAB, {"f.csv": pdi({"Corrected_result_ID": named})})
    assert event.active
