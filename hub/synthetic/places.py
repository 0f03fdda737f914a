"""The made-up county's places: areas, laboratories, shelters, vaccination sites, screening facilities. None exists.

County codes 47901-47905 are inside a real state's range and assigned to no county, so nothing here can be read as a
claim on a real one.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

__all__ = [
    "AREAS",
    "CONGREGATE",
    "FACILITIES",
    "FIRST_DAY",
    "ISOLATION_PROJECT",
    "LABS",
    "LAST_DAY",
    "OUTREACH_PROJECT",
    "PROJECTS",
    "STATE",
    "STATE_NAME",
    "UTC_OFFSET",
    "VACCINATION_SITES",
    "Area",
    "Facility",
    "Lab",
    "Project",
    "VaccinationSite",
]

FIRST_DAY = date(2021, 1, 1)
LAST_DAY = date(2021, 3, 31)
STATE, STATE_NAME = "TN", "Tennessee"
UTC_OFFSET = "-05:00"


class Area(NamedTuple):
    """A county of the region: FIPS code, share of the people, and how they identify (weights by group)."""

    fips: str
    name: str
    share: float
    cities: tuple[tuple[str, str], ...]  # (city, ZIP)
    groups: dict[str, float]
    access: float  # how easily vaccine is reached here, 1 = average


AREAS: tuple[Area, ...] = (
    Area(
        "47901",
        "Alder County",
        0.6,
        (("Alderton", "37991"), ("Mill Bend", "37992"), ("Eastgate", "37993")),
        {"white": 50, "black": 26, "hispanic": 13, "asian": 5, "aian": 1, "nhpi": 0.8, "multiracial": 4.2},
        1.1,
    ),
    Area(
        "47903",
        "Birch County",
        0.27,
        (("Birchfield", "37994"), ("Larks Crossing", "37995")),
        {"white": 71, "black": 10, "hispanic": 11, "asian": 4, "aian": 0.7, "nhpi": 0.3, "multiracial": 3},
        1.0,
    ),
    Area(
        "47905",
        "Cedar County",
        0.13,
        (("Cedar Gap", "37996"),),
        {"white": 79, "black": 6, "hispanic": 9, "asian": 1, "aian": 2, "nhpi": 0.2, "multiracial": 2.8},
        0.7,
    ),
)


class Lab(NamedTuple):
    """A performing laboratory; `upper`: its system writes names in capitals without accents."""

    name: str
    clia: str
    loinc: str
    test: str
    kind: str  # pcr | antigen
    method: str
    upper: bool


_PCR = "SARS-CoV-2 (COVID-19) RNA [Presence] in Respiratory specimen by NAA with probe detection"
_AG = "SARS-CoV-2 (COVID-19) Ag [Presence] in Respiratory specimen by Rapid immunoassay"
LABS: tuple[Lab, ...] = (
    Lab(
        "Alderton Regional Laboratory",
        "44D9900101",
        "94500-6",
        _PCR,
        "pcr",
        "Made-up PCR One_Example Diagnostics_EUA",
        False,
    ),
    Lab(
        "Three Rivers Diagnostics",
        "44D9900102",
        "94559-2",
        "SARS-CoV-2 (COVID-19) ORF1ab region [Presence] in Respiratory specimen by NAA with probe detection",
        "pcr",
        "Made-up PCR Two_Example Diagnostics_EUA",
        True,
    ),
    Lab(
        "Birchfield Quick Test",
        "44D9900103",
        "97097-0",
        "SARS-CoV-2 (COVID-19) Ag [Presence] in Upper respiratory specimen by Rapid immunoassay",
        "antigen",
        "Made-up Rapid Card_Example Devices_EUA",
        False,
    ),
    Lab("Shelter Health Van", "44D9900104", "94558-4", _AG, "antigen", "Made-up Rapid Card_Example Devices_EUA", False),
)


class Project(NamedTuple):
    """An HMIS project. Types (HUD): 0 emergency shelter entry-exit, 1 night-by-night, 4 street outreach."""

    project_id: str
    organization_id: str
    name: str
    type: int
    beds: int
    es_bed_type: int
    families: bool = False


PROJECTS: tuple[Project, ...] = (
    Project("2101", "210", "Harbor Light Night Shelter", 1, 90, 1),
    Project("2102", "211", "Mill Bend Winter Shelter", 1, 60, 3),
    Project("2103", "211", "Mill Bend House", 0, 40, 1),
    Project("2104", "212", "Larks Family Shelter", 0, 64, 1, families=True),
    Project("2109", "213", "Riverside Isolation Rooms", 0, 30, 2),
    Project("2120", "210", "Harbor Light Street Outreach", 4, 0, 0),
)
ORGANIZATIONS: tuple[tuple[str, str], ...] = (
    ("210", "Harbor Light Mission"),
    ("211", "Mill Bend Housing Alliance"),
    ("212", "Larks Family Services"),
    ("213", "Alder County Health Department"),
)
ISOLATION_PROJECT = "2109"
OUTREACH_PROJECT = "2120"
CONGREGATE = frozenset(p.project_id for p in PROJECTS if p.type in (0, 1) and p.project_id != ISOLATION_PROJECT)


class Facility(NamedTuple):
    """Where social-needs screenings are done."""

    facility_id: str
    name: str
    organization_type: str
    address: str
    city: str
    zip_code: str


FACILITIES: tuple[Facility, ...] = (
    Facility("ALDSCN", "Alder Social Care Network", "SCN", "12 Foundry Row", "Alderton", "37991"),
    Facility("BIRCHC", "Birchfield Community Health Center", "FQHC", "400 Orchard Lane", "Birchfield", "37994"),
)


class VaccinationSite(NamedTuple):
    """Who gives vaccine: `admin_type` as in CVRS (3 community health center, 17 pharmacy, 19 public health clinic)."""

    organization: str
    name: str
    pin: str
    admin_type: str
    address: str
    city: str
    fips: str
    zip_code: str


VACCINATION_SITES: tuple[VaccinationSite, ...] = (
    VaccinationSite(
        "Alder County Health Department",
        "Fairground Drive-Through",
        "ALD001",
        "19",
        "1 Fairground Road",
        "Alderton",
        "47901",
        "37991",
    ),
    VaccinationSite(
        "Example Pharmacy Group",
        "Example Pharmacy Birchfield",
        "EXP014",
        "17",
        "77 Main Street",
        "Birchfield",
        "47903",
        "37994",
    ),
    VaccinationSite(
        "Cedar Gap Community Health", "Cedar Gap Clinic", "CED002", "3", "5 Ridge Road", "Cedar Gap", "47905", "37996"
    ),
)
