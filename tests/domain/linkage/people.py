"""Made-up people for the tests of linkage."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hub.domain.events import PersonBlock
from hub.domain.identity import Version
from hub.domain.linkage.comparable import Comparable, comparable

__all__ = ["ANA", "block", "one", "version"]

ANA: dict[str, Any] = {
    "given_name": "Ana", "middle_name": "Luz", "family_name": "Ferreyra", "birth_date": date(1984, 5, 17), "sex": "F",
    "ssn": "536-41-7702", "phone": "(555) 201-7734", "email": "ana.ferreyra@example.org", "address_line": "12 Alder Street",
    "city": "Springfield", "state": "OR", "postal_code": "97477", "county": "41039",
}  # fmt: skip


def block(**told: Any) -> PersonBlock:
    """A block of what was told and nothing else."""
    return PersonBlock(**told)


def one(**told: Any) -> Comparable:
    """A comparable of what was told and nothing else."""
    return comparable(PersonBlock(**told))


def version(number: int) -> Version:
    """The version of a source's `number`-th change."""
    return (datetime(2026, 1, 1, tzinfo=UTC).replace(microsecond=number), 0, f"{number:064d}", 1)
