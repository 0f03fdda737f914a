"""The part of every HMIS export that is about places: organizations, projects, participation, beds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time

from hub.synthetic.places import ORGANIZATIONS, PROJECTS

__all__ = ["COC", "SITES", "Row", "stamped"]

Row = Mapping[str, object]
COC = "TN-599"


def stamped(day: date) -> dict[str, object]:
    """The columns that say who entered a row and when: the evening of `day`."""
    at = datetime.combine(day, time(21))
    return {"DateCreated": at, "DateUpdated": at, "UserID": "12"}


_OPENED = date(2019, 11, 1)
SITES: dict[str, list[Row]] = {
    "Organization": [
        {
            "OrganizationID": key,
            "OrganizationName": name,
            "VictimServiceProvider": 0,
            "OrganizationCommonName": name,
            **stamped(_OPENED),
        }
        for key, name in ORGANIZATIONS
    ],
    "Project": [
        {
            "ProjectID": p.project_id,
            "OrganizationID": p.organization_id,
            "ProjectName": p.name,
            "ProjectCommonName": p.name,
            "OperatingStartDate": _OPENED,
            "ContinuumProject": 1,
            "ProjectType": p.type,
            "HousingType": 1 if p.beds else "",
            "TargetPopulation": 4,
            **stamped(_OPENED),
        }
        for p in PROJECTS
    ],
    "HMISParticipation": [
        {
            "HMISParticipationID": f"P-{p.project_id}",
            "ProjectID": p.project_id,
            "HMISParticipationType": 1,
            "HMISParticipationStatusStartDate": _OPENED,
            **stamped(_OPENED),
        }
        for p in PROJECTS
    ],
    "Inventory": [
        {
            "InventoryID": f"I-{p.project_id}",
            "ProjectID": p.project_id,
            "CoCCode": COC,
            "HouseholdType": 3 if p.families else 1,
            "Availability": 1,
            "UnitInventory": 0,
            "BedInventory": p.beds,
            "OtherBedInventory": p.beds,
            "ESBedType": p.es_bed_type,
            "InventoryStartDate": _OPENED,
            **stamped(_OPENED),
        }
        for p in PROJECTS
        if p.beds
    ],
}
