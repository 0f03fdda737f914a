"""Made-up HMIS exports: one truth, written in the dialect of any year, as other people's software writes it.

The truth (people, stays, nights, answers) is written by this file alone and shares no code with the reader, so that what a reader
must find can be judged before it reads. Codes by year: social-standards.md 1.1 and 1.2.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

__all__ = ["Export", "Guest", "bom", "cells", "community", "crlf", "quoted", "trailing_tabs", "upper_headers"]

CHANGED = "2021-01-20 08:00:00"
FY2022_CODES = {"116": "16", "101": "1", "410": "10", "435": "31", "207": "7", "313": "13", "99": "99", "": ""}
Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Guest:
    """One person and their one enrollment. `sex` F or M; `races` of aian asian black nhpi white; `nights` slept."""

    number: int
    project: str = "EE"
    entry: str = "2021-01-04"
    left: str = ""
    sex: str = "F"
    races: tuple[str, ...] = ("white",)
    hispanic: bool = False
    before: str = "116"
    after: str = "410"
    nights: tuple[str, ...] = ()
    more: Mapping[str, str] = field(default_factory=dict)


PROJECTS = {"EE": "0", "NBN": "1", "TH": "2", "SO": "4", "SSO": "6", "SH": "8", "CE": "14"}
_RACES = {
    "aian": "AmIndAKNative",
    "asian": "Asian",
    "black": "BlackAfAmerican",
    "nhpi": "NativeHIPacific",
    "white": "White",
}
_VERSIONS = {2022: "FY2022", 2024: "2024 v1.3", 2026: "2026 v1.0"}


class Export:
    """An export of `guests` in the dialect of `year`. Change `tables` (name → rows) before `files` writes them."""

    def __init__(
        self, guests: Sequence[Guest], year: int = 2024, *, day: str = "2021-01-31", directive: str = "2"
    ) -> None:
        self.year = year
        used = sorted({guest.project for guest in guests})
        about = {"ExportID": f"X{day}", "ExportDate": f"{day} 23:00:00", "ExportStartDate": "2021-01-01", "ExportEndDate": day,
                 "CSVVersion": _VERSIONS[year], "ExportPeriodType": "3",
                 "ExportDirective": directive, "HashStatus": "1"}  # fmt: skip
        self.tables: dict[str, Rows] = {
            "Export": [about],
            "Organization": [
                _stamped({"OrganizationID": "O1", "OrganizationName": "Made-up Shelters", "VictimServiceProvider": "0"})
            ],
            "Project": [self._project(name) for name in used],
            "Client": [self._client(guest) for guest in guests],
            "Enrollment": [self._enrollment(guest) for guest in guests],
            "Exit": [self._exit(guest) for guest in guests if guest.left],
            "Services": [_night(guest, night) for guest in guests for night in guest.nights],
        }

    def files(self) -> dict[str, bytes | str]:
        """What a folder of it holds."""
        return {f"{name}.csv": cells(rows) for name, rows in self.tables.items() if rows}

    def code(self, code: str) -> str:
        """A living situation as this year writes it."""
        return FY2022_CODES[code] if self.year == 2022 else code

    def _project(self, name: str) -> dict[str, str]:
        kind = PROJECTS[name]
        row = {"ProjectID": name, "OrganizationID": "O1", "ProjectName": f"Made-up {name}", "OperatingStartDate": "2015-01-01",
               "OperatingEndDate": "", "ProjectType": kind, "TargetPopulation": "4"}  # fmt: skip
        if self.year == 2022:
            tracking = {"0": "0", "1": "3"}.get(kind, "")
            row |= {
                "ProjectType": "1" if kind == "0" else kind,
                "TrackingMethod": tracking,
                "HMISParticipatingProject": "1",
            }
        else:
            row |= {"RRHSubType": ""}
        return _stamped(row)

    def _client(self, guest: Guest) -> dict[str, str]:
        n, hispanic = guest.number, str(int(guest.hispanic))
        row = {"PersonalID": f"P{n}", "FirstName": f"Given{n}", "MiddleName": "", "LastName": f"Family{n}", "NameSuffix": "",
               "NameDataQuality": "1", "SSN": f"{512_000_000 + n * 7:09d}", "SSNDataQuality": "1",
               "DOB": f"{date(1960, 1, 2) + timedelta(days=n * 37)}", "DOBDataQuality": "1"}  # fmt: skip
        row |= {column: str(int(name in guest.races)) for name, column in _RACES.items()} | {"RaceNone": ""}
        woman, man = str(int(guest.sex == "F")), str(int(guest.sex == "M"))
        if self.year == 2022:
            row |= {"Ethnicity": hispanic, "Female": woman, "Male": man}
        elif self.year == 2024:
            row |= {"HispanicLatinaeo": hispanic, "MidEastNAfrican": "0", "Woman": woman, "Man": man}
        else:
            row |= {"HispanicLatinao": hispanic, "MidEastNAfrican": "0", "Sex": "0" if guest.sex == "F" else "1"}
        return _stamped({**row, "VeteranStatus": "0", **guest.more})

    def _enrollment(self, guest: Guest) -> dict[str, str]:
        return _stamped({
            "EnrollmentID": f"E{guest.number}", "PersonalID": f"P{guest.number}", "ProjectID": guest.project,
            "EntryDate": guest.entry,
            "HouseholdID": f"H{guest.number}", "RelationshipToHoH": "1", "LivingSituation": self.code(guest.before),
            "MoveInDate": "",
        })  # fmt: skip

    def _exit(self, guest: Guest) -> dict[str, str]:
        return _stamped({
            "ExitID": f"X{guest.number}", "EnrollmentID": f"E{guest.number}", "PersonalID": f"P{guest.number}",
            "ExitDate": guest.left, "Destination": self.code(guest.after),
        })  # fmt: skip


def _night(guest: Guest, night: str) -> dict[str, str]:
    return _stamped({
        "ServicesID": f"S{guest.number}-{night}", "EnrollmentID": f"E{guest.number}", "PersonalID": f"P{guest.number}",
        "DateProvided": night, "RecordType": "200", "TypeProvided": "200",
    })  # fmt: skip


def _stamped(row: dict[str, str]) -> dict[str, str]:
    return {**row, "DateCreated": CHANGED, "DateUpdated": CHANGED, "UserID": "U", "DateDeleted": "", "ExportID": "X"}


def cells(rows: Iterable[Mapping[str, str]], **dialect: object) -> str:
    """Rows as CSV, LF."""
    told = list(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(told[0]), lineterminator="\n", **dialect)  # type: ignore[arg-type]
    writer.writeheader()
    writer.writerows(told)
    return out.getvalue()


def crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def bom(text: str) -> bytes:
    return b"\xef\xbb\xbf" + text.encode()


def quoted(text: str) -> bytes:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(csv.reader(io.StringIO(text)))
    return out.getvalue().encode()


def trailing_tabs(text: str) -> bytes:
    return "".join(f"{line}\t\n" for line in text.splitlines()).encode()


def upper_headers(text: str) -> bytes:
    head, _, rest = text.partition("\n")
    return f"{head.upper()}\n{rest}".encode()


def community(people: int, *, nights: int = 5) -> list[Guest]:
    """A larger community: every third in a night shelter, every fifth met by outreach, every seventh in transitional housing; half
    of the others have left again."""
    found = []
    for n in range(1, people + 1):
        project = "NBN" if n % 3 == 0 else "SO" if n % 5 == 0 else "TH" if n % 7 == 0 else "EE"
        slept = tuple(f"2021-01-{4 + night:02d}" for night in range(nights)) if project == "NBN" else ()
        races = ("black", "white") if n % 4 == 0 else ("aian",) if n % 9 == 0 else ("white",)
        left = "2021-01-25" if project != "NBN" and n % 2 else ""
        found.append(Guest(n, project, left=left, sex="FM"[n % 2], races=races, hispanic=n % 6 == 0, nights=slept))
    return found
