"""Doses as CVRS files (what an immunization registry sends): tab separated, 45 columns, identified rows (`ext_type` I), CRLF."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from hub.synthetic.facts import Dose, Registration
from hub.synthetic.people import RACE_CODES, Person
from hub.synthetic.places import STATE, VACCINATION_SITES

__all__ = ["CVRS_COLUMNS", "cvrs_file", "cvrs_row"]

_COLUMNS = (
    "vax_event_id ext_type pprl_id recip_id recip_first_name recip_middle_name recip_last_name recip_dob "
    "recip_sex recip_address_street recip_address_street_2 recip_address_city recip_address_county "
    "recip_address_state recip_address_zip recip_race_1 recip_race_2 recip_race_3 recip_race_4 recip_race_5 "
    "recip_race_6 recip_ethnicity admin_date cvx ndc mvx lot_number vax_expiration vax_admin_site vax_route "
    "dose_num vax_series_complete responsible_org admin_name vtrcks_prov_pin admin_type admin_address_street "
    "admin_address_street_2 admin_address_city admin_address_county admin_address_state admin_address_zip "
    "vax_refusal cmorbid_status serology"
)
CVRS_COLUMNS: tuple[str, ...] = tuple(_COLUMNS.split())
_MAKERS = {"207": ("80777-273-10", "MOD"), "208": ("59267-1000-1", "PFR"), "212": ("59676-580-05", "JSN")}


def cvrs_row(dose: Dose, person: Person, record: Registration) -> list[str]:
    """The 45 values of one dose or refusal; a refusal names the product but carries no lot, maker or body site."""
    site = VACCINATION_SITES[dose.site]
    codes = ["UNK"]
    if record.race_known:
        codes = [RACE_CODES[word] for word in person.races] or ["2131-1"]
    ethnicity = "UNK" if not record.race_known else "2135-2" if person.hispanic else "2186-5"
    ndc, mvx = ("", "") if dose.refused else _MAKERS[dose.cvx]
    given = ["", "", "", "", "UNK", "UNK"]
    if not dose.refused:
        expiry = dose.day + timedelta(days=120)
        given = [dose.lot, expiry.isoformat(), "LD", "C28161", str(dose.number), "YES" if dose.complete else "NO"]
    return [
        dose.event_id,
        "I",
        "",
        record.sid.local_id,
        record.given,
        record.middle,
        record.family,
        record.birth_date.isoformat() if record.birth_date else "",
        person.sex,
        person.street,
        "",
        person.city,
        person.area.fips,
        STATE,
        person.zip_code,
        *(codes + [""] * 6)[:6],
        ethnicity,
        dose.day.isoformat(),
        dose.cvx,
        ndc,
        mvx,
        *given,
        site.organization,
        site.name,
        site.pin,
        site.admin_type,
        site.address,
        "",
        site.city,
        site.fips,
        STATE,
        site.zip_code,
        "YES" if dose.refused else "NO",
        "UNK",
        "UNK",
    ]


def cvrs_file(rows: Sequence[Sequence[str]], day: date) -> tuple[str, bytes]:
    """Name and content of the file sent on `day`; a row of another length than 45 is written as it is."""
    lines = ["\t".join(row) for row in (CVRS_COLUMNS, *rows)]
    return f"{day:%Y%m%d}_01_TNA.txt", ("\r\n".join(lines) + "\r\n").encode()
