"""Made-up people of whom two wait for a reviewer."""

from __future__ import annotations

from datetime import date

from hub.domain.events import PersonBlock

__all__ = ["BRUNA", "OTTO"]

BRUNA = PersonBlock(
    given_name="Brumhilda",
    family_name="Zolaris",
    sex="F",
    birth_date=date(1980, 2, 3),
    ssn="536417702",
    local_id="mrn-7",
)
OTTO = BRUNA.model_copy(update={"given_name": "Ottokar", "sex": "M"})
"""Who may be Bruna with a name and sex changed, or somebody else: a person is asked (hub.domain.linkage.vetoes)."""
