"""Tallies: how many people of one source partition stand in each stratum.

Each partition publishes absolute partial totals, never differences, so a repeat changes nothing; readers keep the
highest `version` per stratum and partition and add the partitions up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field

from hub.domain.events import Model
from hub.domain.race_views import TOLD_BY
from hub.domain.vaccine_series import series_rules_version

__all__ = ["PartitionTally", "Tally", "TallyBoard"]

_JUDGED_BY_RULES = ("series-complete", "series-not-judged")
_BY_SERIES_RULES = tuple(f"{told}{indicator}|" for indicator in _JUDGED_BY_RULES for told in ("", TOLD_BY))


class Tally(Model):
    """One partial total on `hub.equity.tally.v1`, keyed `<stratum>#<partition>`."""

    kind: ClassVar[str] = "tally"

    stratum: str
    partition: int
    count: int
    version: int
    rule: str | None = Field(
        default=None,
        description="of series-complete and series-not-judged: table, version and hash of the rules that judged it",
    )

    @property
    def key(self) -> str:
        """The record key: compaction keeps the newest per stratum and partition."""
        return f"{self.stratum}#{self.partition}"


class PartitionTally:
    """Running totals of one source partition, kept by the worker that owns it, rebuilt from its rows on every gain."""

    def __init__(self, partition: int, contributions: Iterable[Iterable[str]] = ()) -> None:
        self._partition = partition
        self._counts: Counter[str] = Counter()
        for strata in contributions:
            self._counts.update(strata)

    def move(self, gained: Iterable[str], lost: Iterable[str]) -> set[str]:
        """One person now stands in `gained` and no more in `lost`; the strata whose total changed hands."""
        touched = {*gained, *lost}
        self._counts.update(gained)
        self._counts.subtract(lost)
        return touched

    def totals(self, strata: Iterable[str], version: int) -> list[Tally]:
        """The absolute totals of `strata`, zeros included; `version` is the highest person-topic offset folded."""
        return [
            Tally.model_construct(
                stratum=stratum,
                partition=self._partition,
                count=self._counts[stratum],
                version=version,
                rule=_rule(stratum),
            )
            for stratum in sorted(strata)
        ]

    def strata(self) -> set[str]:
        """Every stratum this partition has a total for."""
        return set(self._counts)


def _rule(stratum: str) -> str | None:
    return series_rules_version() if stratum.startswith(_BY_SERIES_RULES) else None


class TallyBoard:
    """A reader's view: the newest partial total per stratum and partition."""

    def __init__(self) -> None:
        self._newest: dict[tuple[str, int], tuple[int, int]] = {}

    def put(self, stratum: str, partition: int, count: int, version: int) -> bool:
        """Take a partial total; False when a newer one is known already (equal versions: the later record stands)."""
        known = self._newest.get((stratum, partition))
        if known is not None and known[0] > version:
            return False
        self._newest[(stratum, partition)] = (version, count)
        return True

    def versions(self) -> dict[tuple[str, int], int]:
        """The newest version of each partial total, by stratum and partition; zeros too."""
        return {where: version for where, (version, _) in self._newest.items()}

    def totals(self) -> dict[str, int]:
        """Sum over partitions, strata with nobody left out."""
        sums: Counter[str] = Counter()
        for (stratum, _), (_, count) in self._newest.items():
            sums[stratum] += count
        return {stratum: count for stratum, count in sorted(sums.items()) if count}
