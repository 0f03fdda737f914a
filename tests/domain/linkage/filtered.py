"""Made-up people as a sector sends them: filters in place of names."""

from __future__ import annotations

from datetime import date

from hub.domain.events import PersonBlock
from hub.domain.linkage.comparable import Comparable, comparable
from hub.domain.linkage.encoding import Encoder, HashKey, Lane
from hub.domain.linkage.filter_schema import linkage_schema
from hub.domain.linkage.filters import text_of_filters

__all__ = ["BEFORE", "KEY", "LANE", "clear", "filtered", "sent"]

KEY = HashKey("2026-11", bytes(range(32)))
BEFORE = HashKey("2025-11", bytes(range(1, 33)))
_SCHEMA = linkage_schema("name-birth-1")
LANE = Lane([Encoder(_SCHEMA, KEY)])
"""Of an installation that has the secret."""


def _block(given: str, family: str, born: date | None, partial: bool) -> PersonBlock:
    return PersonBlock(
        given_name=given or None, family_name=family or None, birth_date=born, birth_date_partial=partial
    )


def sent(
    given: str, family: str, born: date | None = date(1962, 3, 19), key: HashKey = KEY, *, partial: bool = False
) -> str:
    """The text that is sent of one."""
    found = Encoder(_SCHEMA, key)(comparable(_block(given, family, born, partial)))
    assert found is not None
    return text_of_filters(found)


def filtered(
    given: str, family: str, born: date | None = date(1962, 3, 19), key: HashKey = KEY, *, partial: bool = False
) -> Comparable:
    """One who came as filters."""
    return comparable(PersonBlock(hashed=sent(given, family, born, key, partial=partial)))


def clear(
    given: str, family: str, born: date | None = date(1962, 3, 19), lane: Lane = LANE, *, partial: bool = False
) -> Comparable:
    """One in the clear, with the filters of the lane."""
    return lane(comparable(_block(given, family, born, partial)))
