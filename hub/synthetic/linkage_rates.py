"""How often a source gets something of a person wrong or leaves it out, by source, group and housing: the errors that
linkage meets.

Where the rates come from (reference: equity-identity.md B3): what is missing differs by group — missing SSNs cost > 18 % of
the links of Hispanic and Asian or Pacific people and about 10 % of those of white people (Miller 2017, PMC5398181); HMIS
keeps full SSNs, last fours and refusals, preferred names and approximate birth dates; pantries keep a first name, a last
name or its initial, and an e-mail. The sources give directions and ratios, seldom a rate for one field: each number below
is chosen so, none is measured on people.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["GROUP_SSN", "SOURCES", "SPELLED_OTHERWISE", "SWAPPED_NAMES", "Source"]


class Source(NamedTuple):
    """Shares of records of a source in which a field is there (`ssn`: for a person who tells it elsewhere), and in
    which it is off."""

    seen: float  # of people, who have a record there
    ssn: float = 0.0
    last_four: float = 0.0  # of the SSNs told, of which only the last four are
    phone: float = 0.7
    email: float = 0.1
    address: float = 0.8
    middle: float = 0.4
    sex: float = 0.97
    birth_date: float = 0.995
    short_name: float = 0.03
    estimated: float = 0.0  # of birth dates, that are 1 January of about the year
    slips: float = 1.0  # multiplies typing errors


SOURCES: dict[str, Source] = {
    "lab": Source(0.75, ssn=0.1, phone=0.75, email=0.04, middle=0.4),
    "immunization-registry": Source(0.65, phone=0.7, email=0.3, address=0.85, middle=0.5, sex=0.99),
    "medicaid": Source(0.35, ssn=0.97, phone=0.6, address=0.95, middle=0.5, sex=0.995, short_name=0.01, slips=0.6),
    "tracing": Source(0.3, phone=0.9, email=0.35, address=0.75, middle=0.2, sex=0.9, short_name=0.1, slips=1.6),
    "hmis": Source(
        0.1, ssn=0.75, last_four=0.3, phone=0.3, email=0.05, address=0.3, middle=0.25, sex=0.85, birth_date=0.97,
        short_name=0.09, estimated=0.05, slips=1.4,
    ),
    "pantry": Source(
        0.18, phone=0.6, email=0.3, address=0.45, middle=0.03, sex=0.5, birth_date=0.85, short_name=0.12, estimated=0.02, slips=1.6,
    ),
}  # fmt: skip
"""People without a home are seen in `hmis` instead at UNHOUSED_SEEN of linkage_records."""

GROUP_SSN = {
    "white": 1.0,
    "black": 0.93,
    "hispanic": 0.68,
    "asian": 0.7,
    "aian": 0.85,
    "nhpi": 0.72,
    "multiracial": 0.95,
}
"""Of the SSNs that a source asks for, those that people of the group tell (ratio after Miller 2017; level chosen)."""

SPELLED_OTHERWISE = {
    "arabic": 0.13, "east-african": 0.13, "chinese": 0.07, "korean": 0.12, "south-asian": 0.06, "slavic": 0.1, "vietnamese": 0.02,
    "latin": 0.04, "pacific": 0.03, "native": 0.03, "haitian": 0.05,
}  # fmt: skip
"""A name of the origin written in another spelling; chosen."""

SWAPPED_NAMES = {"chinese": 0.025, "korean": 0.025, "vietnamese": 0.025, "east-african": 0.015}
"""Family and given name in each other's field; elsewhere 0.004. Chosen."""
