"""What the options of a list connector may name: a mistyped one would leave a column unread, or somebody in a bed, in silence.

Fields are those with a row in tables/lists_columns.csv; a label of `words` may mean what a row of tables/lists_words.csv means for
its field, and for few fields more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hub.domain.need_words import NEED_CATEGORIES
from hub.mapping.lists_hashed import wrong_hashed
from hub.mapping.lists_values import ORDERS
from hub.mapping.tables import keyed, rows
from hub.suggest import did_you_mean

__all__ = ["OF_ALL", "text_of", "wrong_options"]

OF_ALL = frozenset({"columns", "words", "date_order", "timezone", "state", "hashed"})
"""Options of every list connector."""
_ANY_TEXT = {("case-line-list", "race"), ("case-line-list", "ethnicity")}
"""Fields whose labels mean words that other tables read: a project's `1` is its `White`."""
_AS_STATUS = {("referral-csv", "outcome"), ("referral-csv", "reason")}
"""Fields whose words are those of a status, unless they have rows of their own."""


def wrong_options(
    program: str, own: Iterable[str], options: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is wrong with the options of a connector: the way to each, and why. `own`: options that this program has beside those
    of all lists."""
    for name in options:
        yield from _unknown("option", str(name), OF_ALL | set(own), (str(name),))
    if (order := options.get("date_order", ORDERS[0])) not in ORDERS:
        yield ("date_order",), f"is {order}: it is one of {', '.join(ORDERS)}"
    yield from wrong_hashed(options.get("hashed"))
    fields = {row["field"] for row in rows("lists_columns") if options and row["program"] == program}
    for name in ("columns", "words"):
        given = options.get(name) or {}
        if not isinstance(given, Mapping):
            yield (name,), "names fields, each with what it holds"
        else:
            for field, value in given.items():
                at = (name, text_of(field))
                yield from (
                    _unknown("field", at[1], fields, at) if name == "columns" else _wrong_words(program, at, value)
                )


def _wrong_words(program: str, at: tuple[str, ...], labels: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    field = at[1]
    codes = _codes(program, field)
    if codes is None:
        known = {row["field"] for row in rows("lists_words") if row["program"] == program}
        yield from _unknown(
            "field with words", field, known | {f for p, f in _ANY_TEXT | _AS_STATUS if p == program}, at
        )
    elif not isinstance(labels, Mapping):
        yield at, "names labels, each with what it means"
    elif codes:
        for label, code in labels.items():
            yield from _unknown("word of the hub's", text_of(code), codes, (*at, text_of(label)))


def _codes(program: str, field: str) -> frozenset[str] | None:
    """What a label of this field may mean; empty where that may be any text, None where labels of it are never read."""
    if (program, field) in _ANY_TEXT:
        return frozenset()
    also = "status" if (program, field) in _AS_STATUS else field
    found = {r["code"] for r in rows("lists_words") if r["program"] == program and r["field"] in (field, also)}
    if (program, field) == ("referral-csv", "category"):
        found |= set(NEED_CATEGORIES)
    elif (program, field) == ("case-line-list", "closed_reason"):
        found |= {"Other", *keyed("closure_reasons", "reason", "version")}
    return frozenset(found) or None


def _unknown(what: str, word: str, known: Iterable[str], at: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    there = sorted(known)
    if word not in there:
        meant = did_you_mean(word, there)
        yield at, f"{word} is no {what}; {meant or 'there are ' + ', '.join(there)}"


def text_of(value: Any) -> str:
    """A word of YAML 1.1, which takes yes, no, on and off for truth."""
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
