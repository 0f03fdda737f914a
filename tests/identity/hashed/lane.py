"""What tests of the hashed lane share: its environment or a loud skip, a secret, made-up people."""

from __future__ import annotations

from datetime import date

import pytest

from hub.domain.linkage.comparable import Comparable
from hub.identity.hashed.file import HashKey
from hub.identity.hashed.library import installed

__all__ = ["KEY", "needs_the_lane", "person"]

KEY = HashKey("2026-11", bytes(range(32)))
needs_the_lane = pytest.mark.skipif(
    not installed(), reason="SKIPPED LOUDLY: no clkhash and anonlink: make setup-hashed"
)


def person(given: str = "maria", family: str = "villalobos", born: date | None = date(1962, 3, 19)) -> Comparable:
    return Comparable(given=(given,), family=(family,), birth_date=born, city="sanantonio", postal_code="78207")
