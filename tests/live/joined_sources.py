"""What sources of tracing, shelter, food, screening, referral and supply say of a few made-up people, as files: the samples that
the connectors ship, which speak of each other's people, and rows that join them to a laboratory and a bed."""

from __future__ import annotations

from pathlib import Path

import yaml

from hub.connectors.catalog import SHIPPED
from tests.live.town import TABLES, Town, Unit

__all__ = ["joined_units", "take_files"]

POLLED = ("commcare", "godata", "sara-alert-api")
"""Sources that the hub fetches from: what they would answer, as files."""
LISTS = (
    "case-line-list",
    "consent",
    "food-benefits",
    "food-pantry",
    "referral-csv",
    "shelter-roster-csv",
    "vaccine-supply",
)
RESOURCES = ("gravity-referral", "hrsn-fhir", "iis-fhir")

RESULTS = """Last Name,First Name,DOB,Zip,LOINC,Result,Collection Date,Date Reported,Accession
Vega,Marisol,03/09/1984,37402,94500-6,Detected,02/12/2021,02/13/2021,J-1
Haddad,Nour,08/14/1995,37404,94500-6,Positive,02/12/2021,02/13/2021,J-2
Farah,Amina,10/10/1971,37405,94500-6,Detected,02/13/2021,02/14/2021,J-3
Brandt,Jonas,09/17/1966,37402,94500-6,Not Detected,02/13/2021,02/14/2021,J-4
Testford,Amina,03/09/1984,37402,94500-6,Detected,02/13/2021,02/14/2021,J-5
"""
BEDS = """Shelter,Night,Guest ID,Last Name,First Name,DOB,Bed,Status
Harbor House,02/14/2021,G-1,Vega,Marisol,03/09/1984,1,present
Harbor House,02/14/2021,G-2,Haddad,Nour,08/14/1995,2,present
Harbor House,02/14/2021,G-3,Farah,Amina,10/10/1971,3,left
Harbor House,02/14/2021,,,,,4,empty
"""
VISITS = """Client ID,First Name,Last Name,DOB,Visit Date,Service
V-1,Nour,Haddad,08/14/1995,02/15/2021,Food Pantry
V-2,Amina,Farah,10/10/1971,02/15/2021,Food Pantry
"""
HELP = """Referral ID,First Name,Last Name,Date of Birth,Service Type,Status,Referral Date,Closed Date
J-R1,Marisol,Vega,03/09/1984,Emergency Shelter,Got Help,02/15/2021,02/16/2021
J-R2,Nour,Haddad,08/14/1995,Emergency Shelter,Accepted,02/15/2021,
"""
RELEASES = """Client ID,First Name,Last Name,DOB,ROI Status,Signed Date,Revoked Date
J-C1,Amina,Farah,10/10/1971,Revoked,02/01/2021,02/14/2021
"""
ROWS = (
    (TABLES, "joined-results.csv", RESULTS), ("shelter-roster-csv", "joined-beds.csv", BEDS),
    ("food-pantry", "joined-visits.csv", VISITS), ("referral-csv", "joined-help.csv", HELP),
    ("consent", "joined-releases.csv", RELEASES),
)  # fmt: skip


def joined_units() -> list[Unit]:
    """A file or folder each."""
    found = [Unit(who, name, text.encode()) for who, name, text in ROWS]
    for who in (*POLLED, *LISTS, *RESOURCES, "hsds-directory"):
        for path in sorted((SHIPPED / who / "samples").iterdir()):
            inner = {each.name: each.read_bytes() for each in sorted(path.iterdir())} if path.is_dir() else None
            found.append(Unit(who, path.name, inner if inner is not None else path.read_bytes()))
    return found


def take_files(town: Town) -> None:
    """Let what is polled come through an inbox; before the stack starts."""
    for name in POLLED:
        path: Path = town.instance / "connectors" / name / "connector.yaml"
        declared = yaml.safe_load(path.read_text())
        declared |= {"enabled": True, "door": {"kind": "file-drop", "unit": "file", "poll_s": 0.02, "stable_s": 0.0}}
        path.write_text(yaml.safe_dump(declared))
