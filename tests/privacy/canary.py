"""Canaries: made-up values that stand in every field of a person block, and a search for them wherever they must not be."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple
from urllib.parse import quote

from hub.domain.events import PersonBlock

__all__ = ["CANARIES", "CANARY_BLOCK", "Hit", "find_canaries"]

CANARY_BLOCK = PersonBlock(
    given_name="Zanzaquilla",
    middle_name="Quorvexia",
    family_name="Brumblethwaite",
    previous_family_name="Snorkelpfizz",
    suffix="Xviiithcanary",
    birth_date=date(1937, 11, 29),
    sex="Sexcanaryvalue",
    ssn="912-73-8846",
    phone="916-555-0173",
    email="zq.canary@example.invalid",
    address_line="8846 Wobblefjord Terrace",
    city="Kanarienstadt",
    state="Statecanary",
    postal_code="95814-8846",
    county="06067",
    local_id="LOCALCANARY0173",
    member_id="MEMBERCANARY8846",
    hashed="hub-clk-1:HASHEDCANARY0173",
)
"""Every field filled. County, the first five of the postal code and the birth year-month may pass the linkage zone."""

CANARIES: dict[str, str] = {
    name: str(value)
    for name, value in CANARY_BLOCK.model_dump(exclude={"birth_date_partial", "county"}, mode="json").items()
}
"""Field → the value that must be found nowhere."""


class Hit(NamedTuple):
    """A canary that got out: where, which field, written how."""

    haystack: str
    field: str
    form: str


def find_canaries(haystacks: Mapping[str, bytes | str], canaries: Mapping[str, str] = CANARIES) -> list[Hit]:
    """Every canary in every haystack (name → content), also in other case, without punctuation, or encoded."""
    hits: list[Hit] = []
    forms = [(field, form, needle) for field, value in canaries.items() for form, needle in _forms(value)]
    for name, content in haystacks.items():
        held = (content.encode() if isinstance(content, str) else content).lower()
        hits += [Hit(name, field, form) for field, form, needle in forms if needle in held]
    return hits


def _forms(value: str) -> Iterable[tuple[str, bytes]]:
    """The ways a value may be written, all in lower case (the haystack is too)."""
    plain = value.lower()
    yield "plain", plain.encode()
    yield "utf-16", plain.encode("utf-16-le")
    for cased in {value, plain, value.upper()}:
        yield "hex", cased.encode().hex().encode()
    yield "url", quote(plain).encode().lower()
    for start in range(3):  # base64 at each of its three alignments; the edges, which depend on neighbours, cut off
        coded = base64.b64encode(b"\0" * start + value.encode())
        yield "base64", coded[4 if start else 0 : -4].lower()
    bare = "".join(filter(str.isalnum, plain))
    if bare != plain and len(bare) >= 8:
        yield "bare", bare.encode()
    year, dash, rest = plain.partition("-")
    if dash and len(year) == 4 and len(rest) == 5:
        yield "us-date", f"{rest[:2]}/{rest[3:]}/{year}".encode()
