"""Bad records planted on purpose, counted so that a reader that loses one, or keeps one, is caught.

Reasons are families: what is wrong with the record, in the county's own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from random import Random
from typing import NamedTuple

from hub.synthetic.cvrs import CVRS_COLUMNS
from hub.synthetic.facts import Stay
from hub.synthetic.places import LABS

__all__ = ["Planted", "broken_message", "broken_monitoree", "broken_night", "broken_row"]


class Planted(NamedTuple):
    """`records` bad records of one kind in the delivery of that connector and name."""

    connector: str
    reason: str
    delivery: str
    records: int = 1


def broken_message(number: int, day: date, rng: Random) -> tuple[str, bytes]:
    """Reason family and bytes of something on the laboratory line that is no HL7 message."""
    lab = LABS[rng.randrange(len(LABS))]
    patient = f"{900000 + number}^^^{lab.name}&{lab.clia}&CLIA^MR"
    if number % 2 == 0:
        return "not-a-message", f"PID|1||{patient}||NOBODY^NO\rOBX|1|CWE|94500-6^^LN||260373001^^SCT\r".encode()
    sender = f"LIS|{lab.name}^{lab.clia}^CLIA|HUB|COUNTY|{day:%Y%m%d}"
    return "bad-separators", f"MSH|^^^^|{sender}||ORU^R01^ORU_R01|X{number}|P|2.5.1\rPID|1||{patient}\r".encode()


def broken_row(number: int, row: Sequence[str]) -> tuple[str, list[str]]:
    """Reason family and values of a CVRS row with a column too few or too many, made of a good one under an event id of its own."""
    broken = [f"TNIIS-BAD{number:04d}", *row[1:]]
    if number % 2 == 0:
        return "short-row", broken[: len(CVRS_COLUMNS) - 4]
    return "long-row", [*broken, "one column too many"]


def broken_monitoree(line: bytes) -> tuple[str, bytes]:
    """Reason family and line of a resource cut off in the middle."""
    return "not-json", line[: len(line) // 2].rstrip() + b"\n"


def broken_night(number: int, stay: Stay) -> tuple[str, dict[str, object]]:
    """Reason family and Services row of a bed night on a day that no calendar has."""
    return "bad-date", {
        "ServicesID": f"BAD-{number}",
        "EnrollmentID": stay.enrollment_id,
        "PersonalID": stay.sid.local_id,
        "DateProvided": "2021-02-30",
        "RecordType": 200,
        "TypeProvided": 200,
        "DateCreated": "2021-02-28 21:00:00",
        "DateUpdated": "2021-02-28 21:00:00",
        "UserID": "12",
    }
