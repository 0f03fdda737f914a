"""What the hub calls a code (tables/code_names.csv, cvx.csv): a display is the hub's own, never the words of the sender."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from hub.domain.tables import keyed

__all__ = ["name_of_code", "name_of_vaccine"]


def name_of_code(code: str) -> str | None:
    """The name of a LOINC or SNOMED CT code (no code is one of both); None for a code without a name in the table."""
    return keyed("code_names", "code", "name").get(code)


def name_of_vaccine(cvx: str) -> str | None:
    """The name of a CVX code as cvx.csv writes it; None for any other."""
    return _vaccines().get(cvx)


@lru_cache(maxsize=1)
def _vaccines() -> Mapping[str, str]:
    return {cvx: name for cvx, name in keyed("cvx", "cvx", "vaccine").items() if name}
