"""Made-up records in the true formats of the sources, one function a source: only what the tests need to say.

Whoever stands in them is a `Made` person: local ids come of `number`, so that nobody shares one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from hub.mapping.vaccinations import COLUMNS
from tests.live.town import CVRS, HMIS, LAB, Unit

__all__ = ["ISOLATION", "SHELTER", "Made", "dose", "doses", "export", "night", "result"]

SHELTER, ISOLATION = "2101", "2109"
"""Projects of the made-up county: a night-by-night shelter, and rooms to isolate in."""
_SAID = "2021-01-02 03:04:05"
_TESTED = "20210203090000+0000"
_DIAGNOSTIC = (
    "94500-6^SARS-CoV-2 (COVID-19) RNA [Presence] in Respiratory system specimen by NAA with probe detection^LN"
)


@dataclass(frozen=True)
class Made:
    """Somebody who does not exist."""

    number: int
    given: str
    family: str
    born: date = date(1980, 1, 2)

    @property
    def client(self) -> str:
        """Their number at the shelters."""
        return f"H{self.number:05}"


def result(who: Made, *, status: str = "F", reported: str = "20210204080000+0000", congregate: str = "Y") -> Unit:
    """A positive PCR of 2021-02-03; the same order and specimen whenever it is told again."""
    lines = (
        f"MSH|^~\\&|LAB^2.16.840.1.113883.3.0^ISO|Made-up Lab^00D0000000^CLIA|HUB|COUNTY|{reported}||ORU^R01^ORU_R01"
        f"|M{who.number}-{status}-{reported[:14]}|P|2.5.1",
        f"PID|1||L{who.number}^^^Made-up Lab&2.16.840.1.113883.3.0&ISO^PI||{who.family}^{who.given}||{who.born:%Y%m%d}|F||"
        "2028-9^Asian^HL70005|1 Nowhere St^^Alderton^TN^37991^USA^^^47901",
        f"OBR|1||F{who.number}^LAB|{_DIAGNOSTIC}|||{_TESTED}|||||||||||||||{reported}|||{status}",
        f"OBX|1|CWE|{_DIAGNOSTIC}||260373001^Detected^SCT||||||{status}|||{_TESTED}",
        f"OBX|2|CWE|95421-4^Resides in a congregate care setting^LN||{congregate}^^HL70136||||||F||||||||||||||||||QST",
    )
    return Unit(LAB, f"{who.number}-{reported}.hl7", "\r".join((*lines, "")).encode())


def dose(who: Made, *, recipient: str = "") -> list[str]:
    """A CVRS row: one dose on 2021-01-20. `recipient`: the registry knows them under another number too."""
    told = {
        "vax_event_id": f"V{who.number}{recipient}",
        "ext_type": "I",
        "recip_id": f"R{who.number}{recipient}",
        "recip_first_name": who.given,
        "recip_last_name": who.family,
        "recip_dob": who.born.isoformat(),
        "recip_sex": "F",
        "recip_address_county": "47901",
        "recip_address_state": "TN",
        "recip_address_zip": "37991",
        "recip_race_1": "2028-9",
        "recip_ethnicity": "2186-5",
        "admin_date": "2021-01-20",
        "cvx": "208",
        "dose_num": "1",
        "vax_refusal": "NO",
    }
    return [told.get(column, "") for column in COLUMNS]


def doses(day: date, rows: Iterable[Sequence[str]]) -> Unit:
    """The registry's file of that day."""
    lines = ["\t".join(row) for row in (COLUMNS, *rows)]
    return Unit(CVRS, f"{day:%Y%m%d}_01_TNA.txt", ("\r\n".join(lines) + "\r\n").encode())


def night(who: Made, day: date) -> tuple[Made, date]:
    """A bed night in the shelter."""
    return who, day


def export(
    name: str,
    nights: Iterable[tuple[Made, date]] = (),
    *,
    clients: Iterable[Made] = (),
    rooms: Iterable[tuple[Made, date]] = (),
    updated: str = _SAID,
) -> Unit:
    """An HMIS export: bed nights in the shelter, and from which day on somebody has a room to isolate in.

    Who `clients` are is told as of `updated`; people who are in none have no Client row yet.
    """
    slept, moved = list(nights), list(rooms)
    enrolled = dict.fromkeys((who, SHELTER, date(2021, 1, 30)) for who, _ in slept)
    enrolled |= dict.fromkeys((who, ISOLATION, day) for who, day in moved)
    files = {
        "Project": ("ProjectID,OrganizationID,ProjectType,TargetPopulation,DateUpdated", *_PROJECTS),
        "Enrollment": (
            "EnrollmentID,PersonalID,ProjectID,EntryDate,LivingSituation,DateUpdated",
            *(f"E{w.number}-{project},{w.client},{project},{day},99,{_SAID}" for w, project, day in enrolled),
        ),
        "Services": (
            "ServicesID,EnrollmentID,PersonalID,DateProvided,RecordType,TypeProvided,DateUpdated",
            *(f"S{w.number}-{day},E{w.number}-{SHELTER},{w.client},{day},200,200,{_SAID}" for w, day in slept),
        ),
        "Client": (
            "PersonalID,FirstName,LastName,NameDataQuality,DOB,DOBDataQuality,Asian,HispanicLatinaeo,DateUpdated",
            *(f"{w.client},{w.given},{w.family},1,{w.born},1,1,0,{updated}" for w in clients),
        ),
        "Export": (
            "ExportID,ExportDate,ExportStartDate,ExportEndDate,CSVVersion,ExportDirective,HashStatus",
            f"{name},2021-02-05 03:00:00,2020-10-01,2021-02-04,2024 v1.3,2,1",
        ),
    }
    return Unit(HMIS, name, {f"{table}.csv": ("\n".join(lines) + "\n").encode() for table, lines in files.items()})


_PROJECTS = (f"{SHELTER},210,1,4,{_SAID}", f"{ISOLATION},213,0,4,{_SAID}")
