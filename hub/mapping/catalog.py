"""The hub's own mapping programs, one object each: pyproject.toml names them in entry-point group `hub.programs`, like anyone's.

Looked up by name in hub/connectors/installed.py.
"""

from __future__ import annotations

from hub.mapping.labs import Labs
from hub.mapping.program import Program
from hub.mapping.screenings import Screenings
from hub.mapping.shelters import Shelters
from hub.mapping.tracing import Tracing
from hub.mapping.vaccinations import Vaccinations

__all__ = ["LABS", "SCREENINGS", "SHELTERS", "TRACING", "VACCINATIONS"]

LABS: Program = Labs()
VACCINATIONS: Program = Vaccinations()
TRACING: Program = Tracing()
SHELTERS: Program = Shelters()
SCREENINGS: Program = Screenings()
