"""Shelter life as FY2024 HMIS CSV exports: every export is a full refresh of the whole period so far, so most of it is repeats."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from hub.synthetic.facts import Benefit, Contact, Ledger, Registration, SourceId, Stay
from hub.synthetic.hmis_columns import HMIS_COLUMNS
from hub.synthetic.hmis_sites import COC, SITES, Row, stamped
from hub.synthetic.people import Person

__all__ = ["Hmis"]

PERIOD_START = date(2020, 10, 1)
_RACES = {
    "aian": "AmIndAKNative",
    "asian": "Asian",
    "black": "BlackAfAmerican",
    "nhpi": "NativeHIPacific",
    "white": "White",
}
_FLAGS = (*_RACES.values(), "HispanicLatinaeo", "MidEastNAfrican")
_GENDERS = ("Woman", "Man", "NonBinary", "CulturallySpecific", "Transgender", "Questioning", "DifferentIdentity")


class Hmis:
    """Writes exports out of the ledger; rows that do not change are the same in every export but for the ExportID."""

    def __init__(self, ledger: Ledger, people: Sequence[Person]) -> None:
        self._ledger = ledger
        self._people = people
        self._stays = sorted(ledger.stays, key=lambda stay: (stay.entry, stay.enrollment_id))
        self._first: dict[SourceId, date] = {}
        for stay in self._stays:
            self._first.setdefault(stay.sid, stay.entry)
        self._nights: list[tuple[date, Stay]] = sorted(
            ((night, stay) for stay in self._stays if not stay.entry_exit for night in stay.nights),
            key=lambda n: (n[0], n[1].enrollment_id),
        )

    def export(self, day: date, extra: Mapping[str, Sequence[Row]] | None = None) -> dict[str, bytes]:
        """File names and contents of the export made in the early morning of `day`: what was known the evening before.

        `extra` rows (by file name without .csv) are written last, as they are.
        """
        export_id = f"TN{day:%y%m%d}"
        known = [stay for stay in self._stays if stay.entry < day]
        enrolled = {stay.enrollment_id for stay in known}
        rows: dict[str, list[Row]] = defaultdict(list)
        rows["Export"] = [self._header(export_id, day)]
        for stay in known:
            rows["Enrollment"].append(self._enrollment(stay))
            rows["HealthAndDV"].append(_health(stay))
            if stay.exit is not None and stay.exit < day:
                rows["Exit"].append(_exit(stay))
        rows["Client"] = [self._client(sid) for sid in dict.fromkeys(stay.sid for stay in known)]
        rows["Services"] = [_night(night, stay) for night, stay in self._nights if night < day]
        rows["CurrentLivingSituation"] = [_contact(c) for c in self._ledger.contacts if c.day < day]
        rows["IncomeBenefits"] = [_income(b) for b in self._ledger.benefits if b.enrollment_id in enrolled]
        rows.update(SITES)
        for name, more in (extra or {}).items():
            rows[name] = [*rows[name], *more]
        return {f"{name}.csv": _table(columns, rows[name], export_id) for name, columns in HMIS_COLUMNS.items()}

    def _header(self, export_id: str, day: date) -> Row:
        return {
            "ExportID": export_id,
            "SourceType": 1,
            "SourceID": "TN599",
            "SourceName": "Made-up County HMIS",
            "ExportDate": f"{day.isoformat()} 03:00:00",
            "ExportStartDate": PERIOD_START,
            "ExportEndDate": day - timedelta(days=1),
            "SoftwareName": "Made-up HMIS",
            "SoftwareVersion": "1.0",
            "CSVVersion": "2024 v1.3",
            "ExportPeriodType": 3,
            "ExportDirective": 2,
            "HashStatus": 1,
            "ImplementationID": "made-up-county",
        }

    def _client(self, sid: SourceId) -> Row:
        record = self._ledger.registrations[sid]
        person = self._people[record.person]
        row: dict[str, object] = {
            "PersonalID": sid.local_id,
            "FirstName": record.given,
            "MiddleName": record.middle,
            "LastName": record.family,
            "NameDataQuality": 1,
            "SSNDataQuality": 99,
            "DOB": record.birth_date or "",
            "DOBDataQuality": 1 if record.birth_date else 99,
            "VeteranStatus": 0,
            **_races(person, record),
            **dict.fromkeys(_GENDERS, 0),
        }
        row["Woman" if person.sex == "F" else "Man"] = 1
        return {**row, **stamped(self._first[sid])}

    def _enrollment(self, stay: Stay) -> Row:
        return {
            "EnrollmentID": stay.enrollment_id,
            "PersonalID": stay.sid.local_id,
            "ProjectID": stay.project,
            "EntryDate": stay.entry,
            "HouseholdID": stay.household,
            "RelationshipToHoH": 1 if stay.head else 4,
            "EnrollmentCoC": COC,
            "LivingSituation": stay.came_from,
            "DisablingCondition": 0,
            **stamped(stay.entry),
        }


def _races(person: Person, record: Registration) -> Row:
    if not record.race_known:
        return {"RaceNone": 99}
    flags = dict.fromkeys(_FLAGS, 0)
    for word in person.races:
        flags[_RACES[word]] = 1
    flags["HispanicLatinaeo"] = int(person.hispanic)
    return flags


def _exit(stay: Stay) -> Row:
    assert stay.exit is not None
    return {
        "ExitID": f"X{stay.enrollment_id}",
        "EnrollmentID": stay.enrollment_id,
        "PersonalID": stay.sid.local_id,
        "ExitDate": stay.exit,
        "Destination": stay.destination,
        **stamped(stay.exit),
    }


def _health(stay: Stay) -> Row:
    fleeing = int(stay.enrollment_id[-2:] in ("07", "53", "91"))
    return {
        "HealthAndDVID": f"{stay.enrollment_id}_1",
        "EnrollmentID": stay.enrollment_id,
        "PersonalID": stay.sid.local_id,
        "InformationDate": stay.entry,
        "DomesticViolenceSurvivor": fleeing,
        "WhenOccurred": 1 if fleeing else "",
        "CurrentlyFleeing": fleeing or "",
        "DataCollectionStage": 1,
        **stamped(stay.entry),
    }


def _night(night: date, stay: Stay) -> Row:
    return {
        "ServicesID": f"{stay.enrollment_id}-{night:%m%d}",
        "EnrollmentID": stay.enrollment_id,
        "PersonalID": stay.sid.local_id,
        "DateProvided": night,
        "RecordType": 200,
        "TypeProvided": 200,
        **stamped(night),
    }


def _contact(contact: Contact) -> Row:
    sid, contact_id, enrollment_id, day, code = contact
    return {
        "CurrentLivingSitID": contact_id,
        "EnrollmentID": enrollment_id,
        "PersonalID": sid.local_id,
        "InformationDate": day,
        "CurrentLivingSituation": code,
        **stamped(day),
    }


def _income(benefit: Benefit) -> Row:
    sid, enrollment_id, day, snap, wic = benefit
    return {
        "IncomeBenefitsID": f"{enrollment_id}_1",
        "EnrollmentID": enrollment_id,
        "PersonalID": sid.local_id,
        "InformationDate": day,
        "IncomeFromAnySource": 99,
        "BenefitsFromAnySource": int(snap or wic),
        "SNAP": int(snap),
        "WIC": int(wic),
        "InsuranceFromAnySource": 99,
        "DataCollectionStage": 1,
        **stamped(day),
    }


def _table(columns: Sequence[str], rows: Sequence[Row], export_id: str) -> bytes:
    lines = [",".join(columns)]
    lines += [
        ",".join(_cell(row.get(column, "")) if column != "ExportID" else export_id for column in columns)
        for row in rows
    ]
    return ("\n".join(lines) + "\n").encode()


def _cell(value: object) -> str:
    """Dates and times print as HMIS wants them; a text with a comma or a quote is quoted."""
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text
