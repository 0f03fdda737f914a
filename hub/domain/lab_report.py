"""What the results of one report mean together, in whatever order they stand in it.

A laboratory looks for several genes and then says by a rule of its assay what was found: where it tells that overall result, it
decides over a single gene (tables/lab_roles.csv), which is no person's result. What says nothing by itself (a cycle threshold, a
line of text, a question under a local code, the panel's code repeating its test) is passed over beside a result of the same order
that is told, and reviewed alone. No positive is lost by it: what is passed over says nothing, or no more than what stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, cast

from hub.domain.events import Meaning
from hub.domain.lab_meaning import Judged
from hub.domain.lab_status import RANK
from hub.domain.tables import rows

__all__ = ["Finding", "Role", "is_gene", "is_open", "overruled", "reason_of", "role_of", "together"]

Role = Literal["overall", "target", ""]
_CLEAR: tuple[Meaning, ...] = ("positive", "presumptive-positive", "inconclusive", "invalid", "negative")
"""The strongest first."""
_FOUND = frozenset({"positive", "presumptive-positive", "inconclusive"})
_SETTLED = RANK["final"]


class Finding(NamedTuple):
    """A result of a report. `order` and `specimen` as far as they tell it from others, empty where nothing is told; `rank` by its
    status (hub.domain.lab_status.RANK); `test`: what tells its test from others of the order."""

    judged: Judged
    order: str
    specimen: str
    rank: int
    test: str = ""


def role_of(loinc: str | None) -> Role:
    """Whether this code is of a single gene, or of what all genes say together."""
    return _roles().get(loinc, "") if loinc else ""


@lru_cache(maxsize=1)
def _roles() -> Mapping[str, Role]:
    return {row["code"]: cast(Role, row["role"]) for row in rows("lab_roles")}


def is_open(judged: Judged) -> bool:
    """Whether what it means is for the results beside it to say: hardly ever, so ask before they are put together."""
    return judged.beside != "" or is_gene(judged)


def is_gene(judged: Judged) -> bool:
    """A single gene that was detected."""
    return judged.meaning == "positive" and role_of(judged.loinc) == "target"


def together(findings: Sequence[Finding]) -> list[Judged | None]:
    """What each of them means, in their order; None: passed over, the others say it. A preliminary result says nothing of one that
    is final."""
    near: dict[_Place, _Said] = {}
    for one in findings:
        if one.rank == RANK["withdrawn"]:
            continue
        for place in _places(one):
            for rank in range(1, min(one.rank, _SETTLED) + 1):
                near.setdefault((*place, rank), _Said()).add(one)
    return [_among(one, near) for one in findings]


def reason_of(judged: Judged) -> str:
    """The reason code of what was passed over."""
    return "result-comment" if judged.beside == "line" else "beside-a-result"


_Place = tuple[Literal["order", "specimen"], str, int]
"""An order or a specimen, and how final at least the results are that count."""


class _Said:
    """What the results of one place say. `tests`: those of which a result is clear; `genes`: what single genes say."""

    def __init__(self) -> None:
        self.clear: set[Meaning] = set()
        self.tests: set[str] = set()
        self.genes: set[Meaning] = set()
        self._overall: set[Meaning] = set()
        self._rank = 0

    def add(self, one: Finding) -> None:
        meaning = one.judged.meaning
        if meaning in _CLEAR:
            self.tests.add(one.test)
            if not one.judged.beside:
                self.clear.add(meaning)
        if role_of(one.judged.loinc) == "target":
            self.genes.add(meaning)
        overall = _overall(one)
        if overall is not None and one.rank >= self._rank:
            self._overall = {overall} if one.rank > self._rank else {*self._overall, overall}
            self._rank = one.rank

    @property
    def strongest(self) -> Meaning | None:
        return next((meaning for meaning in _CLEAR if meaning in self.clear), None)

    @property
    def overall(self) -> Meaning | None:
        """The strongest of the overall results that came last."""
        return next((meaning for meaning in _CLEAR if meaning in self._overall), None)


_NOTHING = _Said()


def _places(one: Finding) -> tuple[tuple[Literal["order", "specimen"], str], ...]:
    return (("order", one.order), ("specimen", one.specimen)) if one.specimen else (("order", one.order),)


def _among(one: Finding, near: Mapping[_Place, _Said]) -> Judged | None:
    judged, rank = one.judged, min(one.rank, _SETTLED)
    if judged.beside:
        return None if _is_told(one, near.get(("order", one.order, rank), _NOTHING)) else judged
    if is_gene(judged):
        for kind, name in _places(one):
            said = near.get((kind, name, rank), _NOTHING)
            if said.overall is not None:
                return overruled(judged, said.overall, sure=kind == "order" or len(said.genes) > 1)
    return judged


def _is_told(one: Finding, others: _Said) -> bool:
    """Whether the results of its order say what it could say."""
    what, says, strongest = one.judged.beside, one.judged.says, others.strongest
    if what == "number":
        return not _FOUND.isdisjoint(others.clear)
    if what == "panel":
        return strongest is not None and strongest == says
    if what == "line":
        return one.test in others.tests
    if strongest is None or strongest == "positive" or says == "review":
        return strongest == "positive"
    return says not in _FOUND or _CLEAR.index(strongest) <= _CLEAR.index(says)


def _overall(each: Finding) -> Meaning | None:
    judged = each.judged
    if judged.beside == "panel":
        return judged.says if judged.says in _CLEAR else None
    return judged.meaning if role_of(judged.loinc) == "overall" and judged.meaning in _CLEAR else None


def overruled(gene: Judged, overall: Meaning, *, sure: bool = True) -> Judged:
    """A single gene that was detected, under this overall result: a weaker one stands, one that contradicts it is looked at. `sure`
    False: they may be two tests of one specimen."""
    if overall == "positive" or overall not in _CLEAR:
        return gene
    meaning = "review" if overall == "negative" or not sure else overall
    return gene._replace(meaning=meaning, issues=(*gene.issues, "overall-result-decides"))
