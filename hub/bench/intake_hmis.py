"""A made-up HMIS export of any size for `hub bench intake`: bed nights are written day by day and never held."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from hub.bench.intake_records import Records
from hub.synthetic.facts import Ledger, Registration, SourceId, Stay
from hub.synthetic.hmis import Hmis
from hub.synthetic.hmis_columns import HMIS_COLUMNS
from hub.synthetic.places import FIRST_DAY, PROJECTS

__all__ = ["ledger_of", "write_export"]

_YEAR = 365
_START = FIRST_DAY - timedelta(days=_YEAR)
_NIGHT_SHELTER = next(project.project_id for project in PROJECTS if project.type == 1)


def write_export(records: Records, folder: Path, enrollments: int, nights: int) -> None:
    """An FY2024 export of night-shelter stays of a year with `nights` bed nights in all: each stay has as many nights in a row,
    at most a year, and they begin spread over the year. The rows of Services stand by day, as a year of work leaves them."""
    each = max(1, min(_YEAR, nights // enrollments))
    ledger = ledger_of(records, enrollments, each, with_nights=False)
    export = Hmis(ledger, records.residents).export(FIRST_DAY)
    services = export.pop("Services.csv")
    for name, content in export.items():
        (folder / name).write_bytes(content)
    with (folder / "Services.csv").open("wb") as file:
        file.write(services)
        file.writelines(_nights(ledger, each, export["Export.csv"]))


def ledger_of(records: Records, enrollments: int, each: int, *, with_nights: bool = True) -> Ledger:
    """The stays, and who is in them: a stay of its own for every person, `each` nights long."""
    ledger = Ledger()
    for number in range(enrollments):
        person = records.residents[number % records.people]
        sid = SourceId("hmis-csv", "PersonalID", f"{person.index + 1_000:06d}")
        ledger.registrations[sid] = Registration(
            sid, person.index, person.given, person.middle, person.family, person.birth_date, person.index % 5 > 0
        )
        start = _START + timedelta(days=number % (_YEAR - each + 1))
        slept = [start + timedelta(days=day) for day in range(each)] if with_nights else []
        stay = Stay(sid, f"E{number:07d}", _NIGHT_SHELTER, f"H{number:07d}", True, start, 116, nights=slept)
        ledger.stays.append(stay)
    return ledger


def _nights(ledger: Ledger, each: int, about: bytes) -> Iterator[bytes]:
    """Rows of Services.csv by day and enrollment, as hub.synthetic.hmis writes them."""
    columns, header = HMIS_COLUMNS["Services"], HMIS_COLUMNS["Export"]
    export_id = about.decode().splitlines()[1].split(",")[header.index("ExportID")]
    by_day: dict[date, list[Stay]] = {}
    for stay in ledger.stays:
        by_day.setdefault(stay.entry, []).append(stay)
    for after in range(_YEAR):
        day = _START + timedelta(days=after)
        first = max(0, after - each + 1)
        present = [stay for at in range(first, after + 1) for stay in by_day.get(_START + timedelta(days=at), ())]
        row = dict.fromkeys(columns, "") | {
            "DateProvided": f"{day}", "RecordType": "200", "TypeProvided": "200", "DateCreated": f"{day} 21:00:00",
            "DateUpdated": f"{day} 21:00:00", "UserID": "12", "ExportID": export_id,
        }  # fmt: skip
        for stay in sorted(present, key=lambda each: each.enrollment_id):
            row["ServicesID"] = f"{stay.enrollment_id}-{day:%m%d}"
            row["EnrollmentID"], row["PersonalID"] = stay.enrollment_id, stay.sid.local_id
            yield (",".join(row.values()) + "\n").encode()
