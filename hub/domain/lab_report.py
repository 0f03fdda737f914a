"""What the results of one report mean together, in whatever order they stand in it.

A laboratory looks for several genes and then says by a rule of its assay what was found: where it tells that overall result, it
decides over a single gene (tables/lab_roles.csv), which is no person's result. What says nothing by itself (a cycle threshold, a
line of text, a question under a local code, the panel's code repeating its test) is passed over beside a result of the same order
that is told, and reviewed alone. No positive is lost by it: what is passed over is weaker than what stands.
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
    """What each of them means, in their order; None: passed over, the others say it."""
    standing = [one for one in findings if one.rank != RANK["withdrawn"]]
    return [_among(one, standing) for one in findings]


def reason_of(judged: Judged) -> str:
    """The reason code of what was passed over."""
    return "result-comment" if judged.beside == "line" else "beside-a-result"


def _among(one: Finding, standing: Sequence[Finding]) -> Judged | None:
    judged = one.judged
    if judged.beside:
        return None if _is_told(one, standing) else judged
    return _decided(one, standing) if is_gene(judged) else judged


def _is_told(one: Finding, standing: Sequence[Finding]) -> bool:
    """Whether the results of its order say what it could say."""
    beside = [each.judged for each in standing if each.order == one.order and not each.judged.beside]
    clear = [meaning for meaning in _CLEAR if any(judged.meaning == meaning for judged in beside)]
    what = one.judged.beside
    if what == "number":
        return not _FOUND.isdisjoint(clear)
    if what == "panel":
        return bool(clear) and clear[0] == one.judged.says
    if what == "line":
        same = (each for each in standing if each.order == one.order and each.test == one.test)
        return any(each.judged.meaning in clear for each in same)
    return bool(clear)


def _decided(one: Finding, standing: Sequence[Finding]) -> Judged:
    """A single gene that was detected, after what the overall result of its order says, else of its specimen."""
    for of_order in (True, False):
        near = [
            each
            for each in standing
            if (each.order == one.order if of_order else each.specimen and each.specimen == one.specimen)
        ]
        told = [each for each in near if _overall(each)]
        if told:
            last = max(each.rank for each in told)
            said = {_overall(each) for each in told if each.rank == last}
            overall = next(meaning for meaning in _CLEAR if meaning in said)
            genes = {each.judged.meaning for each in near if role_of(each.judged.loinc) == "target"}
            return overruled(one.judged, overall, sure=of_order or len(genes) > 1)
    return one.judged


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
