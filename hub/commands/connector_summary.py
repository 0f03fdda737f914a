"""What became of the records of a trial, counted: for `hub connector try --summary` and its words for people."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hub.domain.events import Event
from hub.mapping.declared.program import Traced
from hub.mapping.declared.targets import Unmapped
from hub.mapping.program import Mapped

__all__ = ["Read", "Summary", "is_numbered", "mask", "position"]

Read = Iterable[tuple[Traced, Mapped]]
_SHOWN = 20  # rejected records, issues and unmapped values listed for people; machines ask for --json
_PLACES_KEPT = 1_000  # per issue, as in a receipt
_NUMBERED = ("item", "row", "message", "document")  # the finest first
_INDEX = re.compile(r"\[(\d+)\]")
_UNUSED = frozenset({"file-not-used"})
_TOLD = ("meaning", "status", "covid", "processing")
"""What is counted of events that have such a field: what a result means, whether it stands, and whether it is of production."""


class Summary:
    """Watches records go by. `told`: by kind of event and field, how often it says what. `issues`: what is odd about accepted
    records, by code, with where."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {
            word: Counter() for word in ("events", "rejected", "ignored", "entities")
        }
        self.told: dict[str, dict[str, Counter[str]]] = {}
        self.issues: Counter[str] = Counter()
        self.lacking = ""
        """Columns or fields that a header lacks, as the first file that was refused for it tells them."""
        self._unread: dict[str, None] = {}
        self._places: dict[str, list[dict[str, str | int]]] = {}
        self._unmapped: Counter[Unmapped] = Counter()
        self._refused: list[str] = []
        self._parsed = 0

    def watch(self, read: Read) -> Iterator[tuple[Traced, Mapped]]:
        """The same records, counted."""
        for traced, mapped in read:
            self._unmapped.update(traced.unmapped)
            self._count(mapped)
            yield traced, mapped

    @property
    def rejected(self) -> int:
        return self.counts["rejected"].total()

    @property
    def recognised(self) -> bool:
        """Whether anything in it was of the connector's kind, were it only to be refused."""
        return bool(
            self.rejected or self.counts["events"] or self.counts["entities"] or set(self.counts["ignored"]) - _UNUSED
        )

    @property
    def readable(self) -> bool:
        """Whether any record could at least be parsed."""
        return self._parsed > 0

    def as_json(self) -> dict[str, Any]:
        """One object of counts (design §8); `told`, `issues`, and `columns_not_read` and `unmapped` where there are any. Of an
        unmapped value its length only: it is the sender's text, and a name may stand there."""
        found: dict[str, Any] = {word: dict(sorted(some.items())) for word, some in self.counts.items()}
        found["told"] = {
            kind: {name: dict(sorted(some.items())) for name, some in fields.items()}
            for kind, fields in sorted(self.told.items())
        }
        found["issues"] = dict(sorted(self.issues.items()))
        if self.issues:
            found["issues_where"] = {code: self._places[code] for code in sorted(self._places)}
        if self._unread:
            found["columns_not_read"] = list(self._unread)
        if self._unmapped:
            listed = [(_masked(each)._asdict(), n) for each, n in self._unmapped.most_common()]
            found["unmapped"] = [{**{k: v for k, v in told.items() if v}, "count": n} for told, n in listed]
        return found

    def words(self, *, masked: bool = True) -> Iterator[str]:
        """For people: counts, then the first records that were rejected or are odd, then values without a code row; these in the
        clear only where not `masked`."""
        for word, some in (*self.counts.items(), ("issues", self.issues)):
            if some or word not in ("entities", "issues"):
                yield f"{word:9} {', '.join(f'{n} {what}' for what, n in sorted(some.items())) or 'none'}"
            if word == "events":
                yield from self._results()
        yield from (f"  {each}" for each in self._refused)
        if self.rejected > len(self._refused):
            yield f"  … {self.rejected - len(self._refused):,} more"
        for code, places in sorted(self._places.items()):
            rows = "; ".join(position(where) for where in places[:3])
            yield f"  accepted, but {code}: {rows}{'; …' if self.issues[code] > 3 else ''}"
        for unmapped, n in self._unmapped.most_common(_SHOWN):
            each = _masked(unmapped) if masked else unmapped
            fold = f"; it is {each.near} but for case or blanks: `match: fold` takes both for one" if each.near else ""
            yield f"unmapped  {each.value} ({n} times, field {each.field}): decide it in codes/{each.table}.csv{fold}"
        if self._unmapped and masked:
            yield "the values themselves: --show-values, on a terminal"
        if self._unread:
            names = ", ".join(list(self._unread)[:_SHOWN])
            yield f"columns that no table knows, not read: {names}{', …' if len(self._unread) > _SHOWN else ''}"

    def _results(self) -> Iterator[str]:
        """What the events say, a line for each kind and field: how many are positive, final, a test message."""
        for kind, fields in sorted(self.told.items()):
            for name, some in fields.items():
                yield f"  {kind} {name}: {', '.join(f'{n} {what}' for what, n in sorted(some.items()))}"

    def _count(self, mapped: Mapped) -> None:
        self._parsed += mapped.stage != "parse" and mapped.reason not in _UNUSED
        if mapped.entity is not None:
            self.counts["entities"][mapped.entity] += 1
        if mapped.event is not None:
            self._tell(mapped.event)
            self._unread.update(dict.fromkeys(mapped.unread))
            for code in mapped.odd:
                self.issues[code] += 1
                if len(places := self._places.setdefault(code, [])) < _PLACES_KEPT:
                    places.append(dict(mapped.where))
        elif mapped.outcome == "rejected":
            self.counts["rejected"][mapped.reason or "unspecified"] += 1
            if mapped.reason in ("unknown-header", "missing-column"):
                self.lacking = self.lacking or str(mapped.where.get("field", ""))
            if len(self._refused) < _SHOWN:
                self._refused.append(f"{position(mapped.where)}: {mapped.reason}")
        else:
            self.counts["ignored"][mapped.reason or "unspecified"] += 1

    def _tell(self, event: Event) -> None:
        kind = type(event).kind
        self.counts["events"][kind] += 1
        for name in _TOLD:
            if name in type(event).model_fields:
                told = getattr(event, name)
                word = ("yes" if told else "no") if isinstance(told, bool) else str(told)
                self.told.setdefault(kind, {}).setdefault(name, Counter())[word] += 1


def mask(text: str) -> str:
    """How much there is of a sender's text, and nothing of it."""
    return f"••• ({len(text)} character{'s' * (len(text) != 1)})"


def _masked(value: Unmapped) -> Unmapped:
    return value._replace(value=mask(value.value), near=value.near and "a row of the table")


def is_numbered(where: Mapping[str, str | int], number: int) -> bool:
    """Whether a record is the one that people call by this number: the item or entry (from 1) of a list or bundle, else the row,
    else the message or document of the file."""
    entries = _INDEX.findall(str(where.get("path", "")))
    finest = int(entries[-1]) + 1 if entries else next((where[each] for each in _NUMBERED if each in where), None)
    return finest == number


def position(where: Any) -> str:
    """`pantry.csv row 3 field DOB`."""
    return " ".join(str(part) if name == "file" else f"{name} {part}" for name, part in where.items())
