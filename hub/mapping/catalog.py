"""The hub's own mapping programs, one object each: pyproject.toml names them in entry-point group `hub.programs`, like anyone's.

Looked up by name in hub/connectors/installed.py.
"""

from __future__ import annotations

from hub.mapping.immunization_resources import ImmunizationResources
from hub.mapping.immunizations import Immunizations
from hub.mapping.labs import Labs
from hub.mapping.labs_csv import LabTables
from hub.mapping.program import Program
from hub.mapping.screenings import Screenings
from hub.mapping.shelters import Shelters
from hub.mapping.tracing import Tracing
from hub.mapping.vaccinations import Vaccinations

__all__ = [
    "IMMUNIZATIONS",
    "IMMUNIZATION_RESOURCES",
    "LABS",
    "LAB_TABLES",
    "SCREENINGS",
    "SHELTERS",
    "TRACING",
    "VACCINATIONS",
]

LABS: Program = Labs()
LAB_TABLES: Program = LabTables()
IMMUNIZATIONS: Program = Immunizations()
IMMUNIZATION_RESOURCES: Program = ImmunizationResources()
VACCINATIONS: Program = Vaccinations()
TRACING: Program = Tracing()
SHELTERS: Program = Shelters()
SCREENINGS: Program = Screenings()
