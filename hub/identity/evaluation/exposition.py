"""An evaluation as Prometheus metrics, in the text format that node_exporter's textfile collector reads.

No person is in it: labels are a column (`dimension`) and a group's name, at most `MOST_GROUPS` for a column. A group of fewer than
`SMALLEST` true pairs has no figures, and one whose name is no short word counts as `other`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from hub.identity.evaluation.coverage import ratios
from hub.identity.evaluation.quality import Quality
from hub.identity.evaluation.report import Evaluation

__all__ = ["MOST_GROUPS", "exposition"]

MOST_GROUPS = 20
_WORD = re.compile(r"[a-z][a-z0-9 _./-]{0,40}\Z")
_Groups = Mapping[str, Mapping[str, Quality]]


def exposition(found: Evaluation) -> bytes:
    """`hub_identity_*` gauges: precision and recall with the ends of their 95 % intervals, over all and by group, the largest gaps,
    and the coverage ratio that the links give where the true one is 1."""
    registry = CollectorRegistry()
    registry.register(_Evaluated(found))
    return generate_latest(registry)


class _Evaluated(Collector):
    def __init__(self, found: Evaluation) -> None:
        self._found = found

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = self._found
        yield from _shares(found.whole, found.groups)
        yield _gaps(found)
        yield _ratios(found)
        review = GaugeMetricFamily("hub_identity_review_pairs", "Pairs of the evaluated set that wait for a human.")
        review.add_metric([], len(found.outcome.review))
        yield review
        if found.cases is None:
            return
        cases = GaugeMetricFamily("hub_identity_cases_share", "Of records against a registry.", labels=["share"])
        for name, (part, whole) in {
            "sensitivity": found.cases.sensitivity, "ppv": found.cases.predictive_value, "specificity": found.cases.specificity,
        }.items():  # fmt: skip
            if whole:
                cases.add_metric([name], part / whole)
        yield cases


def _shares(whole: Quality, by: _Groups) -> Iterator[GaugeMetricFamily]:
    rows = [("all", "all", whole), *((column, *each) for column, groups in by.items() for each in _told(groups))]
    for name in ("precision", "recall"):
        labels = ["dimension", "group", "bound"]
        metric = GaugeMetricFamily(f"hub_identity_{name}", f"{name.title()} of evaluated pairs.", labels=labels)
        for column, group, quality in rows:
            told = quality.as_json()
            within = told[f"{name}_interval"]
            for bound, value in zip(
                ("estimate", "lower", "upper"),
                (told[name], *(within if isinstance(within, list) else ())),
                strict=False,
            ):
                if isinstance(value, (float, int)):
                    metric.add_metric([column, group, bound], value)
        yield metric


def _told(groups: Mapping[str, Quality]) -> list[tuple[str, Quality]]:
    """The groups that are large enough, the largest first, each name a word; those that share `other` add up."""
    merged: dict[str, Quality] = {}
    for group, each in sorted(groups.items(), key=lambda item: -item[1].true):
        if not each.too_small:
            name = group if _WORD.match(group) and len(merged) < MOST_GROUPS else "other"
            before = merged.get(name, Quality(0, 0, 0))
            merged[name] = Quality(before.found + each.found, before.true + each.true, before.right + each.right)
    return list(merged.items())


def _gaps(found: Evaluation) -> GaugeMetricFamily:
    metric = GaugeMetricFamily(
        "hub_identity_gap", "Highest minus lowest share among the groups.", labels=["dimension", "share"]
    )
    for column, gap in found.gaps.items():
        for name, value in (("precision", gap.precision), ("recall", gap.recall)):
            if value is not None:
                metric.add_metric([column, name], value)
    return metric


def _ratios(found: Evaluation) -> GaugeMetricFamily:
    metric = GaugeMetricFamily(
        "hub_identity_coverage_ratio",
        "Coverage over that of the largest group by the links found, where the true ratio is 1.",
        labels=["dimension", "group"],
    )
    for column, groups in found.coverage.items():
        compared = list(ratios(groups).items())[:MOST_GROUPS]
        for group, (true, linked) in compared:
            if _WORD.match(group) and true:
                metric.add_metric([column, group], linked / true)
    return metric
