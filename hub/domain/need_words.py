"""The words of the need vocabulary: categories (Gravity), and how a need became known.

Source: HL7 SDOH Clinical Care 3.0.0, SDOHCC-CodeSystemTemporaryCodes (social-standards.md §3.1); signals: requirement 10.
"""

from __future__ import annotations

from typing import Literal

__all__ = ["NEED_CATEGORIES", "UNMAPPED", "Signal"]

Signal = Literal["reported", "screened", "inferred"]
"""Somebody said so (the person, or who cares for them); an answer of a screening tool; a guess from what was done. A guess may
lead to an offer, never to a record of need."""

UNMAPPED = "unmapped"
"""What no row of the table decides: kept, counted, and no need."""

NEED_CATEGORIES = frozenset({
    "digital-access", "digital-literacy", "educational-attainment", "elder-abuse", "employment-status", "financial-insecurity",
    "food-insecurity", "health-insurance-coverage-status", "homelessness", "housing-instability", "inadequate-housing",
    "incarceration-status", "intimate-partner-violence", "language-access", "material-hardship", "medical-cost-burden",
    "personal-health-literacy", "protective-factor", "sdoh-category-unspecified", "social-connection", "stress",
    "transportation-insecurity", "utility-insecurity", "veteran-status",
})  # fmt: skip
