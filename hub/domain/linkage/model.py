"""The weights: how much each level of each field speaks for one person, and where links begin. Data with a version, not code.

A weight is log2(m/u): m the share of pairs of one person that compare so, u the share of pairs of strangers (Fellegi and Sunter,
"A Theory for Record Linkage", JASA 64, 1969). Term frequencies come from the model, never from the stream, so that a weight does
not depend on what has arrived.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from math import log2
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.domain.linkage.comparisons import LEVELS
from hub.domain.tables import document

__all__ = ["LinkModel", "for_population", "read_model", "shipped_model"]

_Share = Annotated[float, Field(gt=0, le=1)]
_Bits = Annotated[float, Field(ge=-60, le=60)]
_COMMON_NAMES = ("given", "family")
_FEWEST = 1_000
"""Fewer people are a sample of a larger population, not one by themselves."""
_SEEN = 20_000
"""Among so few people whoever else may be meant has a record too, and the margin rule sees him: nobody unseen is doubted about."""
_FLOOR = 1.0
"""Bits that an agreement on a name says at least, however common the name is."""


class _Document(BaseModel):
    """What a model document must hold; see `read_model`."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    version: Annotated[str, Field(min_length=1)]
    source: Annotated[str, Field(min_length=1)]
    weights: dict[str, dict[str, _Bits]]
    frequencies: dict[str, dict[str, _Share]] = {}
    population: Annotated[int, Field(ge=1)]
    match: _Bits
    review: _Bits
    margin: Annotated[float, Field(ge=0, le=30)]
    chain: _Bits
    contact_most: Annotated[float, Field(ge=0, le=60)]
    shared_over: Annotated[int, Field(ge=1)] = 5
    together: Annotated[float, Field(ge=0, le=10)] = 0.0
    namesakes: Annotated[float, Field(ge=0, le=10)] = 0.0
    doubt: Annotated[float, Field(ge=0, le=10)] = 0.0
    training: dict[str, Any] = {}  # what it was learnt from and how it did, for people to read

    @model_validator(mode="after")
    def _whole(self) -> _Document:
        if {field: set(levels) for field, levels in self.weights.items()} != {
            field: set(levels) for field, levels in LEVELS.items()
        }:
            raise ValueError("weights: every level of every compared field needs one, and no other")
        if not set(self.frequencies) <= set(_COMMON_NAMES):
            raise ValueError("frequencies: of given and family names alone")
        if not self.chain <= self.review <= self.match:
            raise ValueError("thresholds: chain, review and match must rise")
        return self


@dataclass(frozen=True, slots=True)
class LinkModel:
    """A validated model. Totals and thresholds are in bits (log2 odds against chance agreement)."""

    version: str
    source: str  # what it was trained on, or that it was set by hand
    weights: Mapping[str, Mapping[str, float]]
    common: Mapping[
        str, Mapping[str, float]
    ]  # by name field and name: bits that an agreement on a common name says less
    population: int  # people among whom the thresholds hold
    match: float
    review: float
    margin: float  # two candidates who are not one person and lie this close: a person decides
    chain: float  # two members of one cluster say at least this for one another
    contact_most: float  # address, place, phone and e-mail together say at most this: a household shares them
    shared_over: int  # a value used by more people than this is a service's, not a person's
    together: float = 0.0  # bits that two common names say less than each by itself: names of one community go together
    namesakes: float = 0.0  # bits that two common names say less where the birth dates are near and not equal
    doubt: float = 0.0
    """Bits above `match` that are asked where somebody unseen may be meant; 0: everybody has a record."""

    def lists(self, field: str, name: str) -> bool:
        """Whether this name (normalised) is on the model's list of common ones."""
        return name in self.common.get(field, ())

    def discount(self, field: str, name: str) -> float:
        """Bits to take from an agreement on this name (normalised); 0 for a name that the model's lists do not have as common."""
        of_field = self.common.get(field)
        return of_field.get(name, 0.0) if of_field else 0.0


def read_model(document: Mapping[str, object]) -> LinkModel:
    """A model from its JSON document. ValueError (pydantic's) where a level lacks a weight, a share is no share, or the thresholds
    do not rise; it never shows the values."""
    told = _Document.model_validate(document)
    common = {}
    for field, shares in told.frequencies.items():
        exact = told.weights[field]["exact"]
        bits = {name: exact - max(_FLOOR, -log2(share)) for name, share in shares.items()}
        common[field] = {name: max(0.0, discount) for name, discount in bits.items()}
    return LinkModel(
        version=told.version,
        source=told.source,
        weights=told.weights,
        common=common,
        population=told.population,
        match=told.match,
        review=told.review,
        margin=told.margin,
        chain=told.chain,
        contact_most=told.contact_most,
        shared_over=told.shared_over,
        together=told.together,
        namesakes=told.namesakes,
        doubt=told.doubt,
    )


def for_population(model: LinkModel, people: int) -> LinkModel:
    """The model for records drawn from this many people: match and review move by log2 of the ratio, for the odds that two records
    taken at random are one person's fall as one to the number of people (the prior odds of Fellegi and Sunter's rule). Set once for
    an installation; never from what has arrived, or links would come and go with the count. `doubt` grows with each doubling above
    20,000 people, from nothing."""
    shift = log2(max(people, _FEWEST) / model.population)
    match, review = model.match + shift, model.review + shift
    before, now = (max(0.0, log2(max(many, _FEWEST) / _SEEN)) for many in (model.population, people))
    doubt = model.doubt * now / before if before else model.doubt
    return replace(
        model, population=max(people, _FEWEST), match=match, review=review, chain=min(model.chain, review), doubt=doubt
    )


@lru_cache(maxsize=1)
def shipped_model() -> LinkModel:
    """The model that comes with the hub (tables/link_model.json)."""
    found = json.loads(document("link_model.json"))
    if not isinstance(found, dict):
        raise ValueError("link_model.json: no object")
    return read_model(found)
