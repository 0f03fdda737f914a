"""Learns a link model from labelled records: m by EM, u from strangers, thresholds on one half of the people, figures from
the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from hub.domain.linkage.comparable import comparable
from hub.domain.linkage.comparisons import LEVELS
from hub.domain.linkage.model import LinkModel, for_population, read_model
from hub.identity.evaluation.labelled import UNKNOWN, LabelledSet, Pair, together
from hub.identity.evaluation.quality import Quality, by_group, quality
from hub.identity.training.choosing import chosen, linked
from hub.identity.training.em import Shares, expectation_maximization
from hub.identity.training.evidence import evidence
from hub.identity.training.guess import guess
from hub.identity.training.halves import halves
from hub.identity.training.weights import names_of, weights

__all__ = ["CARRIERS", "DRAWS", "OWN_POPULATION", "Learnt", "Report", "learn", "reported", "shares"]

DRAWS = 600_000
"""Pairs drawn at random to see how often strangers agree."""
OWN_POPULATION = 1_000_000
"""People among whom the thresholds of the document hold; an installation sets its own (`for_population`)."""
CARRIERS = 5
"""A name that fewer people of the fitting half bear is not put into the model."""
_SEED = 1


@dataclass(frozen=True, slots=True)
class Report:
    """Quality over all, and by race and ethnicity."""

    whole: Quality
    groups: Mapping[str, Quality]


@dataclass(frozen=True, slots=True)
class Learnt:
    """`document` is the model as `read_model` reads it, with what it was learnt from; `model` the same, read; `fitted`
    and `held_out` how it does on the half on which it was chosen and on the other."""

    document: Mapping[str, object]
    model: LinkModel
    fitted: Quality
    held_out: Report


def learn(
    labelled: LabelledSet, former: Mapping[str, object], *, version: str, source: str, on: date, draws: int = DRAWS
) -> Learnt:
    """A model from records whose truth is known. EM does not look at the truth; the choice of thresholds and the figures do.

    `former`: the document of the model before, whose weights stay where the records show nothing, and whose shares of names are a
    lower bound. The same records give the same model. ValueError where one half holds no pair of one person."""
    before = read_model(former)
    comparables = {record.key: comparable(record.block) for record in labelled.records}
    first, second = halves(labelled, comparables, before.shared_over)
    if not first.truth or not second.truth:
        raise ValueError("too few people: each half of them needs a pair of records that are one person's")
    fitting = {record.key: comparables[record.key] for record in first.records}
    true = _ordered(first)
    found = evidence(fitting, true, before, draws=draws, seed=_SEED)
    fit = expectation_maximization(found.candidates, LEVELS, guess)
    people = _people(first)
    names = names_of([fitting[of_one[0]] for of_one in people], CARRIERS, _shares_of(former))
    learnt = weights(fit.classes[0], found, fit.sizes[0] * sum(found.candidates.values()), names, before.weights)
    document: dict[str, object] = {
        "version": version, "source": source, "weights": learnt, "frequencies": names.shares, "together": names.together,
        "namesakes": before.namesakes, "doubt": before.doubt, "population": len(people), "match": 0.0, "review": 0.0,
        "margin": 0.0, "chain": 0.0, "contact_most": before.contact_most, "shared_over": before.shared_over,
    }  # fmt: skip
    best = chosen(fitting, true, read_model(document))
    for name in ("match", "review", "margin", "chain", "contact_most"):
        document[name] = getattr(best.model, name)
    held_out = reported(second, read_model(document))
    wider = for_population(read_model(document), OWN_POPULATION)
    document |= {"population": OWN_POPULATION, "match": round(wider.match, 2), "review": round(wider.review, 2)}
    model = read_model(document)
    document["training"] = {
        "on": on.isoformat(),
        "people": len(people),
        "records": len(labelled.records),
        "strangers_drawn": draws,
        "prior": round(fit.sizes[0], 4),
        "rounds": fit.rounds,
        "m": _rounded(fit.classes[0]),
        "fitted": shares(best.quality),
        "held_out": {**shares(held_out.whole), "groups": {k: shares(v) for k, v in held_out.groups.items()}},
    }
    return Learnt(document, model, best.quality, held_out)


def reported(labelled: LabelledSet, model: LinkModel) -> Report:
    """How a model does on labelled records, over all and by race and ethnicity."""
    comparables = {record.key: comparable(record.block) for record in labelled.records}
    found, true = linked(comparables, model), _ordered(labelled)
    groups = {record.key: record.groups.get("race_ethnicity", UNKNOWN) for record in labelled.records}
    return Report(quality(found, true), by_group(found, true, groups))


def _ordered(labelled: LabelledSet) -> frozenset[Pair]:
    return frozenset((min(pair), max(pair)) for pair in labelled.truth)


def _people(labelled: LabelledSet) -> list[list[str]]:
    return together([record.key for record in labelled.records], labelled.truth)


def _shares_of(document: Mapping[str, object]) -> Mapping[str, Mapping[str, float]]:
    found = document.get("frequencies", {})
    return found if isinstance(found, Mapping) else {}


def _rounded(of: Shares) -> dict[str, dict[str, float]]:
    return {field: {level: float(f"{share:.3g}") for level, share in levels.items()} for field, levels in of.items()}


def shares(of: Quality) -> dict[str, float | int | None]:
    """How many pairs are one person's, and precision and recall; None where there was nothing to divide by."""
    return {
        "pairs": of.true,
        "precision": None if of.precision is None else round(of.precision, 5),
        "recall": None if of.recall is None else round(of.recall, 5),
    }
