"""Vaccinations: CVRS files (tab separated, 45 columns) to vaccination events, one per row.

A refusal row has a date and a product and is no dose. A person is known by recip_id, unless a word stands there that names nobody;
names are redacted in extract type D. The file name `yyyymmdd_NN_AAA.txt` gives the day reported, which is the only change time
there is.

`vax_event_id` is unique (BeanValidator) and names one dose: a row of the same id on another day in a later file is the correction
of the day, and replaces it. Day and product are no part of the key (health-standards.md §8 R21). Of two such rows in one file one
stands, the same one whatever their order: nothing says which is later.

Source: CDC COVID-19 Vaccination Reporting Specification (CVRS) v2; CDC_IIS_Open_Tools, BeanValidator.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

from hub.domain.events import DoseStatus, PersonBlock, Vaccination, YesNo
from hub.domain.ids import content_hash
from hub.domain.placeholders import PLACEHOLDER_ID, real_birth_date, real_id, real_names
from hub.domain.vaccines import PARTIAL_DATE, date_fault, judge, month_fault
from hub.formats.delimited import Row, RowFault, Table, open_table
from hub.formats.errors import ParseError
from hub.mapping.area import Area, area
from hub.mapping.cells import ABSENT, whole, written
from hub.mapping.codes import cvx_code, ndc_code, provider_pin
from hub.mapping.dates import as_told, civil_date, month
from hub.mapping.program import (
    CHANGED_AHEAD,
    Alone,
    Content,
    Mapped,
    MappingContext,
    NotMapped,
    Unit,
    accepted,
    guarded,
    ignored,
    is_ahead,
    unreadable,
)
from hub.mapping.race import read_race
from hub.mapping.stamp import Stamp
from hub.mapping.vaccine_codes import coded_vaccine

__all__ = ["COLUMNS", "Vaccinations"]

KIND = Vaccination.kind

COLUMNS = (
    "vax_event_id", "ext_type", "pprl_id", "recip_id", "recip_first_name", "recip_middle_name", "recip_last_name", "recip_dob",
    "recip_sex", "recip_address_street", "recip_address_street_2", "recip_address_city", "recip_address_county",
    "recip_address_state", "recip_address_zip", "recip_race_1", "recip_race_2", "recip_race_3", "recip_race_4", "recip_race_5",
    "recip_race_6", "recip_ethnicity", "admin_date", "cvx", "ndc", "mvx", "lot_number", "vax_expiration", "vax_admin_site",
    "vax_route", "dose_num", "vax_series_complete", "responsible_org", "admin_name", "vtrcks_prov_pin", "admin_type",
    "admin_address_street", "admin_address_street_2", "admin_address_city", "admin_address_county", "admin_address_state",
    "admin_address_zip", "vax_refusal", "cmorbid_status", "serology",
)  # fmt: skip

_REPORTED = re.compile(r"(?:^|/)(\d{8})_(\d{1,4})_[A-Za-z0-9]{2,8}\.")
_YES_NO: Mapping[str, YesNo] = {"YES": "yes", "Y": "yes", "NO": "no", "N": "no"}
_NAMED = 5  # columns beside the 45 that a refusal names, by their places
_NAMES = frozenset({"recip_first_name", "recip_last_name"})
_NUMBERS = ("cvx", "dose_num", "recip_address_county", "vtrcks_prov_pin")
_RACES = tuple(f"recip_race_{n}" for n in range(1, 7))


class Vaccinations:
    """Program `iis-cvrs`."""

    name = "iis-cvrs"
    alone: Alone = "headed"

    def read(self, unit: Unit, context: MappingContext) -> Iterator[Mapped]:
        """Every row of every file; a file whose header is not CVRS is one rejected outcome."""
        stamp = Stamp(context)
        for name, content in unit.files.items():
            try:
                table = _opened(content)
                _check(table.names)
            except ParseError as error:
                yield unreadable(error, {"file": name}, b"")
                continue
            mapper = _Mapper(name, stamp, context.today())
            head = table.header()
            mapped = None
            for mapped in guarded(table.rows(), mapper.map_row, mapper.locate, KIND):
                yield mapped._replace(head=head)
            if mapped is None:
                yield ignored("no-rows", {"file": name}, head, KIND)


def _opened(content: Content) -> Table:
    """CVRS quotes nothing; a file whose header is quoted all the same is read as other tables are."""
    table = open_table(content if isinstance(content, bytes) else content(), delimiters="\t|,", quoted=False)
    if table.names[0].startswith('"'):
        return open_table(content if isinstance(content, bytes) else content(), delimiters="\t|,", quoted=True)
    return table


def _check(names: tuple[str, ...]) -> None:
    """Exactly the 45 names, in any order and case."""
    if missing := set(COLUMNS) - set(names):
        where = "vax_event_id" if "vax_event_id" in missing else "header"
        raise ParseError("missing-column", where, ", ".join(sorted(missing)) if len(missing) < len(COLUMNS) else "")
    if len(names) != len(COLUMNS):
        more = [f"column {at}" for at, name in enumerate(names, 1) if name not in COLUMNS]
        raise ParseError("unknown-column", "header", ", ".join(more[:_NAMED]))


class _Mapper:
    def __init__(self, file: str, stamp: Stamp, today: date) -> None:
        self._file = file
        self._stamp = stamp
        reported, changed_at = _report_time(file)
        ahead = changed_at is not None and is_ahead(changed_at, today)
        self._changed_at = None if ahead else changed_at
        self._odd = (CHANGED_AHEAD,) if ahead else ()
        self._latest = min(reported or today, today)

    def locate(self, row: Row | RowFault) -> tuple[Mapping[str, str | int], bytes]:
        return {"file": self._file, "row": row.number}, row.raw

    def map_row(self, row: Row | RowFault) -> list[Mapped]:
        where, raw = self.locate(row)
        if isinstance(row, RowFault):
            return [unreadable(row.error, where, raw)]
        cells = row.cells if b'"' not in raw else {name: _unquoted(cell) for name, cell in row.cells.items()}
        if not ABSENT.isdisjoint(cells.values()) or b".0" in raw:
            cells = {name: cell if name in _NAMES else written(cell) for name, cell in cells.items()}
            cells.update({name: whole(cells[name]) for name in _NUMBERS})
        return [accepted(self._event(cells), where, raw)]

    def _event(self, cells: Mapping[str, str]) -> Vaccination:
        event_id = cells["vax_event_id"]
        if not event_id or not cells["recip_id"]:
            raise NotMapped("missing-key", field="recip_id" if event_id else "vax_event_id")
        status = _status(cells)
        given_on = civil_date(cells["admin_date"])
        vaccine = judge(cells["cvx"], cells["ndc"], given_on=given_on if status == "administered" else None)
        born = civil_date(cells["recip_dob"])
        counts = status == "administered" and vaccine.covid
        in_month = None if given_on else month(cells["admin_date"])
        if in_month is not None:
            fault = month_fault(in_month, born, self._latest, covid_dose=counts)
        else:
            fault = date_fault(given_on, born, self._latest, covid_dose=counts)
        if fault is not None:
            raise NotMapped(fault, field="admin_date")
        place = area(cells["recip_address_state"], cells["recip_address_zip"], cells["recip_address_county"])
        authority, recipient, odd_id = _recipient(cells, born)
        race, race_issues = read_race([cells[name] for name in _RACES], [cells["recip_ethnicity"]])
        return Vaccination(
            **self._stamp.fields(
                self._stamp.fact_key(KIND, event_id),
                source_person=self._stamp.person(authority, recipient) if recipient else None,
                changed_at=self._changed_at,
                status_rank=1,
                content=content_hash(*[cells[name] for name in COLUMNS]),
                occurred_on=given_on,
            ),
            race_ethnicity=race,
            county_source=place.county_source,
            person=_person(cells, born, place),
            status="not-administered" if vaccine.no_dose and status == "administered" else status,
            cvx=cvx_code(vaccine.cvx or ""),
            ndc=ndc_code(cells["ndc"]),
            covid=vaccine.covid,
            dose_number=int(cells["dose_num"]) if cells["dose_num"] in ("1", "2", "3", "4", "5", "6") else None,
            series_complete=_YES_NO.get(cells["vax_series_complete"].upper(), "unknown"),
            historical=in_month is not None,
            provider_pin=provider_pin(cells["vtrcks_prov_pin"]),
            issues=(
                *vaccine.issues,
                *_issues(cells),
                *self._odd,
                *([PARTIAL_DATE] if in_month else []),
                *odd_id,
                *place.issues,
                *race_issues,
            ),
            vaccine=coded_vaccine(vaccine, cells["cvx"], cells["ndc"]),
            occurred_as_told=as_told(cells["admin_date"]),
        )


def _recipient(cells: Mapping[str, str], born: date | None) -> tuple[str, str, tuple[str, ...]]:
    """What names the recipient, under which authority, and what is odd about it: recip_id; where a word stands there that names
    nobody (hub.domain.placeholders), name and birth date, else nothing."""
    if recipient := real_id(cells["recip_id"]):
        return "recip_id", recipient, ()
    names = real_names(_shown(cells["recip_last_name"]) or "", _shown(cells["recip_first_name"]) or "")
    day = real_birth_date(born)
    told = all(names) and day is not None
    known = "^".join((*(name.casefold() for name in names), f"{day}")) if told else ""
    return "name-and-birth-date", known, (PLACEHOLDER_ID,)


def _unquoted(cell: str) -> str:
    """A cell that is quoted as a whole, under a header that is not."""
    return cell[1:-1].replace('""', '"').strip() if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def _status(cells: Mapping[str, str]) -> DoseStatus:
    """A refusal is no dose; a row without any product is none either."""
    if _YES_NO.get(cells["vax_refusal"].upper()) == "yes":
        return "refused"
    return "administered" if cells["cvx"] or cells["ndc"] else "not-administered"


def _person(cells: Mapping[str, str], born: date | None, place: Area) -> PersonBlock:
    return PersonBlock(
        given_name=_shown(cells["recip_first_name"]),
        middle_name=_shown(cells["recip_middle_name"]),
        family_name=_shown(cells["recip_last_name"]),
        birth_date=born,
        sex=cells["recip_sex"].upper() or None,
        address_line=_shown(cells["recip_address_street"]),
        city=_shown(cells["recip_address_city"]),
        state=place.state,
        postal_code=place.postal_code,
        county=place.county,
        local_id=real_id(cells["recip_id"]) or None,
    )


def _shown(value: str) -> str | None:
    return None if not value or value.upper() == "REDACTED" else value


def _issues(cells: Mapping[str, str]) -> tuple[str, ...]:
    found = []
    if _YES_NO.get(cells["vax_refusal"].upper()) == "yes" and (cells["lot_number"] or cells["ndc"]):
        found.append("refusal-with-product")
    return tuple(found)


def _report_time(file: str) -> tuple[date | None, datetime | None]:
    """Day reported and change time (that day plus the sequence number in seconds) of a CVRS file name."""
    match = _REPORTED.search(file)
    reported = civil_date(match.group(1)) if match else None
    if match is None or reported is None:
        return None, None
    at = datetime(reported.year, reported.month, reported.day, tzinfo=UTC) + timedelta(seconds=int(match.group(2)))
    return reported, at
