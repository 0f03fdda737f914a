"""Every program by the name of its connector."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hub.mapping.labs import Labs
from hub.mapping.program import Program
from hub.mapping.screenings import Screenings
from hub.mapping.shelters import Shelters
from hub.mapping.tracing import Tracing
from hub.mapping.vaccinations import Vaccinations

__all__ = ["PROGRAMS"]

PROGRAMS: Mapping[str, Program] = MappingProxyType(
    {program.name: program for program in (Labs(), Vaccinations(), Tracing(), Shelters(), Screenings())}
)
