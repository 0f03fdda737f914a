"""One HL7 v2 segment: fields, repetitions, components and sub-components by number, escapes decoded after splitting."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache, wraps
from operator import itemgetter
from typing import NamedTuple, TypeVar, TypeVarTuple

__all__ = ["Coded", "Segment", "Separators", "remembering"]

_T = TypeVar("_T")
_Rest = TypeVarTuple("_Rest")


class Coded(NamedTuple):
    """A CE/CWE/CNE value: the first triplet and the alternate one, empty strings where absent."""

    code: str
    display: str
    system: str
    alt_code: str
    alt_display: str
    alt_system: str


class Separators(NamedTuple):
    """MSH-1 and MSH-2; `truncation` is the fifth encoding character some senders add (2.7 habit), or empty."""

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str
    truncation: str = ""


class Segment:
    """One segment. Fields, components, sub-components and repetitions count from 1, as in the standard (also in
    MSH).
    """

    __slots__ = ("_charset", "_fields", "_separators", "line", "name")

    def __init__(self, line: str, separators: Separators, charset: str) -> None:
        self.line = line
        self._fields: list[str] | None = None  # split when first asked for: most segments never are
        self.name = line[:12].split(separators[0], 1)[0].strip()
        self._separators = separators
        self._charset = charset

    def raw(self, field: int) -> str:
        """The field as sent: all repetitions, escapes not decoded; empty when absent."""
        fields = self._fields or self._split()
        return fields[field] if field < len(fields) else ""

    def _split(self) -> list[str]:
        fields = self._fields = self.line.split(self._separators.field)
        if self.name == "MSH":
            fields.insert(1, self._separators.field)
        return fields

    def repetitions(self, field: int) -> int:
        """How many repetitions the field has; 0 when it is empty."""
        raw = self.raw(field)
        return raw.count(self._separators.repetition) + 1 if raw else 0

    def text(self, field: int, component: int = 1, sub: int = 1, repetition: int = 1) -> str:
        """One value, decoded and trimmed; empty when absent or when the sender wrote `""` (no value)."""
        fields = self._fields or self._split()  # as in `raw`: a message asks some sixty times, and a call costs
        raw = fields[field] if field < len(fields) else ""
        if not raw:
            return ""
        if raw.isalnum():  # nothing to split, decode or trim: most ids, codes and dates
            return raw if component == sub == repetition == 1 else ""
        separators = self._separators
        if separators.repetition in raw or repetition > 1:
            raw = _part(raw, separators.repetition, repetition)
        if separators.component in raw or component > 1:
            raw = _part(raw, separators.component, component)
        if separators.subcomponent in raw or sub > 1:
            raw = _part(raw, separators.subcomponent, sub)
        return _clean(raw, separators, self._charset)

    def subcomponents(self, field: int, component: int, repetition: int = 1) -> tuple[str, ...]:
        """Every sub-component of one component, as `text` gives them. Nothing when it is empty or absent."""
        separators = self._separators
        raw = self.raw(field)
        if separators.repetition in raw or repetition > 1:
            raw = _part(raw, separators.repetition, repetition)
        raw = _part(raw, separators.component, component)
        return _cleaned(raw.split(separators.subcomponent), raw, separators, self._charset)

    def may_hold(self, field: int, words: Iterable[str]) -> bool:
        """Whether one of these words (in capital letters) may stand in the field, in any case; where this is False none does."""
        raw = self.raw(field)
        if self._separators.escape in raw:
            return True
        sent = raw.upper()
        for word in words:  # noqa: SIM110 - of every message: a generator for `any` takes three times as long
            if word in sent:
                return True
        return False

    def components(self, field: int, repetition: int = 1) -> tuple[str, ...]:
        """Every component of one repetition (of each its first sub-component), decoded and trimmed: what `text` gives for
        1, 2, 3 … in one go. Nothing when the field is empty or has no such repetition."""
        raw, separators = self.raw(field), self._separators
        if separators.repetition in raw or repetition > 1:
            raw = _part(raw, separators.repetition, repetition)
        return _components(raw, separators, self._charset) if raw else ()

    def repeated(self, field: int, most: int) -> list[tuple[str, ...]]:
        """What `components` gives for each repetition, up to `most` of them; nothing when the field is empty."""
        raw, separators = self.raw(field), self._separators
        if separators.repetition in raw:
            each = raw.split(separators.repetition, most)[:most]
            return [_components(one, separators, self._charset) if one else () for one in each]
        return [_components(raw, separators, self._charset)] if raw else []

    def coded(self, field: int, repetition: int = 1) -> Coded:
        """The field as a coded value; sub-components beyond the first are left out."""
        raw = self.raw(field)
        if not raw:
            return _NOTHING
        if self._separators.repetition in raw or repetition > 1:
            raw = _part(raw, self._separators.repetition, repetition)
        if len(raw) > _MEMORABLE:
            return _coded(raw, self._separators, self._charset)
        return _coded_before(raw, self._separators, self._charset)


_REMEMBERED = 4_096  # readings under the same separators and character set; then it begins anew
_ENCODINGS = 4  # such pairs; senders of one connector have one or two

Reading = Callable[["Segment", *_Rest], _T]


def remembering(*fields: int) -> Callable[[Reading[*_Rest, _T]], Reading[*_Rest, _T]]:
    """For a function of a segment that looks at these fields alone (and at arguments that can be hashed): what it gave for the same
    texts is given again, in 1 us. Of use where senders write the same few things over and over: codes, never what tells people
    apart. Long texts are not kept: they may be a hostile sender's. What it gives must not be changed; what it raises is not
    remembered."""

    texts_of = itemgetter(0, *fields)  # of two or more it gives a tuple; field 0 is the segment's name
    last = max(fields)
    absent = [""] * (last + 1)

    def remembered(read: Reading[*_Rest, _T]) -> Reading[*_Rest, _T]:
        tables: dict[tuple[Separators, str], dict[object, _T]] = {}
        newest: tuple[Separators | None, str, dict[object, _T]] = (None, "", {})

        def table(separators: Separators, charset: str) -> dict[object, _T]:
            nonlocal newest
            known = tables.get((separators, charset))
            if known is None:
                if len(tables) >= _ENCODINGS:
                    tables.clear()
                known = tables[separators, charset] = {}
            newest = (separators, charset, known)
            return known

        @wraps(read)
        def told(segment: Segment, *rest: *_Rest) -> _T:
            separators, charset, known = newest  # nearly always those of the last message, the very same objects
            if separators is not segment._separators or charset is not segment._charset:
                known = table(segment._separators, segment._charset)
            sent = segment._fields or segment._split()
            if len(sent) <= last:  # the sender left out what stands at the end
                sent = [*sent, *absent]
            texts = texts_of(sent)
            key = (texts, rest)
            found = known.get(key)
            if found is not None:
                return found
            found = read(segment, *rest)
            if sum(map(len, texts)) <= _MEMORABLE:
                if len(known) >= _REMEMBERED:
                    known.clear()
                known[key] = found
            return found

        return told

    return remembered


_NOTHING = Coded("", "", "", "", "", "")
_MEMORABLE = 200  # characters: what a hostile sender writes is not kept in memory


def _components(raw: str, separators: Separators, charset: str) -> tuple[str, ...]:
    parts = raw.split(separators.component)
    if separators.subcomponent in raw:
        parts = [part.split(separators.subcomponent, 1)[0] for part in parts]
    return _cleaned(parts, raw, separators, charset)


def _cleaned(parts: list[str], raw: str, separators: Separators, charset: str) -> tuple[str, ...]:
    """The parts of `raw`, decoded and trimmed."""
    if separators.escape in raw or '"' in raw:
        return tuple([_clean(part, separators, charset) if part else "" for part in parts])
    return tuple(map(str.strip, parts))


def _coded(raw: str, separators: Separators, charset: str) -> Coded:
    parts = raw.split(separators.component, 6)[:6]
    if separators.subcomponent in raw:
        parts = [part.split(separators.subcomponent, 1)[0] for part in parts]
    parts = [_clean(part, separators, charset) if part else "" for part in parts]
    return Coded(*parts, *[""] * (6 - len(parts)))


_coded_before = lru_cache(maxsize=4_096)(_coded)
"""A sender uses a few hundred codes over and over: 0.4 us in place of 4, a dozen times a message."""


def _clean(value: str, separators: Separators, charset: str) -> str:
    if separators.escape in value:
        value = _unescape(value, separators, charset)
    value = value.strip()
    return "" if value == '""' else value


def _part(raw: str, separator: str, index: int) -> str:
    parts = raw.split(separator, index)
    return parts[index - 1] if index <= len(parts) else ""


@lru_cache(maxsize=64)
def _escape_pattern(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(f"{mark}(?:([FSTRE])|(\\.br)|X((?:[0-9A-Fa-f]{{2}})+)){mark}")


def _unescape(value: str, separators: Separators, charset: str) -> str:
    plain = {
        "F": separators.field,
        "S": separators.component,
        "T": separators.subcomponent,
        "R": separators.repetition,
        "E": separators.escape,
    }

    def replace(match: re.Match[str]) -> str:
        letter, line_break, digits = match.groups()
        if letter:
            return plain[letter]
        if line_break:
            return "\n"
        return bytes.fromhex(digits).decode(charset, errors="replace")

    return _escape_pattern(separators.escape).sub(replace, value)
