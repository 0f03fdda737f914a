"""The synthetic county: made-up people, true formats, and the truth to compare with; independent of the hub's rules."""

from __future__ import annotations

from hub.synthetic.county import County, PopulationRow, Story, make_county
from hub.synthetic.deliveries import Delivery
from hub.synthetic.facts import SourceId
from hub.synthetic.faults import Planted
from hub.synthetic.reckoning import ExpectedNeed, Window
from hub.synthetic.truth import Truth

__all__ = [
    "County",
    "Delivery",
    "ExpectedNeed",
    "Planted",
    "PopulationRow",
    "SourceId",
    "Story",
    "Truth",
    "Window",
    "make_county",
]
