"""The hostile pack: files as they come when something went wrong on the way, made of a good one, or of nothing.

Each case says what it promises of the events: `reasons`: whatever comes is an event or has a reason; `same`: the very same ids;
`no-new`: no id that the good file does not give; `rest`: every id that the good file gives without the record that was spoilt.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from hub.formats.lines import decode
from hub.testing.cutting import Cut, cut

__all__ = ["JUNK", "Case", "cases"]

_TABLES = ("csv", "hmis-csv")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PARTS = 20  # of a record that are spoilt one by one
_DAY = re.compile(
    rb"(?<![\d.])(?:(?P<iso>(?:19|20)\d\d-\d\d-\d\d)(?P<clock>[T ]\d\d:\d\d[\d:.]*(?:Z|[+-]\d\d:?\d\d)?)?"
    rb"|(?P<us>\d{1,2}/\d{1,2}/(?:19|20)\d\d)"
    rb"|(?P<compact>(?:19|20)\d\d[01]\d[0-3]\d)(?P<digits>\d{4,6}(?:[+-]\d{4})?)?)(?!\d)"
)
_ENDS = {  # one more day, or another zone, and there is no such date
    "the last day": (b"9999-12-31", b"T23:59:59-12:00", b"12/31/9999", b"99991231", b"235959-1200"),
    "the first day": (b"0001-01-01", b"T00:00:00+14:00", b"01/01/0001", b"00010101", b"000000+1400"),
}
"""The ends of the calendar, as ISO 8601 (day, time), with slashes, and as HL7 writes them (day, time)."""
Promise = Literal["reasons", "same", "no-new", "rest"]

JUNK: dict[str, bytes] = {
    "an empty file": b"",
    "blanks": b"\r\n\t \n",
    "binary": bytes(range(256)) * 40,
    "nuls": b"\x00" * 5_000,
    "a picture": b"\x89PNG\r\n\x1a\n" + b"\x00\x01" * 500,
    "a zip": b"PK\x03\x04" + b"\x14\x00" * 500,
    "a page": b"<!DOCTYPE html><html><body>Sign in</body></html>",
    "wrong columns": b"a,b,c\n1,2,3\n",
    "deep": b"[" * 100_000,
    "one long line": b"x" * 2_000_000,
}
"""Contents of which nothing may become an event, and which must leave a dead letter."""


class Case(NamedTuple):
    """One spoilt file. With promise `rest`, `without` is the good file less the record that was spoilt."""

    name: str
    content: bytes
    promise: Promise = "reasons"
    without: bytes | None = None


def cases(good: bytes, format_: str) -> Iterator[Case]:
    """Every case that makes sense for a file of this format; some for any file."""
    if format_ in _TABLES and good.startswith(_UTF16):  # what spoils a line needs one whose bytes are its letters
        good = good.decode("utf-16", "replace").encode()
    yield from _of_bytes(good, format_)
    found = cut(good, format_)
    table = format_ in _TABLES
    document = len(found.records) == 1
    yield Case("duplicates", _twice(good, found), "no-new")
    few = {0, len(found.records) // 2, len(found.records) - 1} if len(found.records) > 1 else set()
    of_records = [case for n in sorted(few) for case in _of_record(found, n, format_)]
    for n in [0] if document else sorted(few):
        of_records += [case._replace(promise="reasons") if document else case for case in _of_days(found, n)]
    if table and found.records:
        of_records += _of_table(good, found)
    elif format_ == "hl7v2" and found.records:
        of_records += _of_message(found)
    elif found.records:
        of_records += _of_object(found)
    for case in of_records:  # rows of HMIS are joined with others: without one, others say something else
        yield case._replace(promise="reasons") if format_ == "hmis-csv" and case.promise == "rest" else case


def _of_bytes(good: bytes, format_: str) -> Iterator[Case]:
    lines = good.splitlines(keepends=True)
    ends = (b"\n", b"\r\n")
    yield Case("truncated early", good[: len(good) // 30])
    yield Case("truncated half-way", good[: len(good) * 2 // 5])
    yield Case("truncated at the end", good[: len(good) * 97 // 100])
    marked = good.startswith(codecs.BOM_UTF8)  # as spreadsheets save CSV: then without
    yield Case("a byte order mark", good.removeprefix(codecs.BOM_UTF8) if marked else codecs.BOM_UTF8 + good, "same")
    mixed = b"".join(line.rstrip(b"\r\n") + ends[n % 2] for n, line in enumerate(lines))
    yield Case("mixed line ends", mixed, "same" if b"\x0b" not in good else "reasons")
    yield Case("latin-1 letters", good.replace(b"a", b"\xe9"))
    yield Case("UTF-16", _letters(good, format_).encode("utf-16"), "same" if format_ == "csv" else "reasons")
    yield Case("wrong dates", good.replace(b"/20", b"/29").replace(b"-01-", b"-13-").replace(b"-02-", b"-31-"))
    yield Case("nuls inside", b"".join([*lines[:1], *(line.replace(b"1", b"\x00", 1) for line in lines[1:])]))


def _letters(good: bytes, format_: str) -> str:
    """The file as text, each record decoded as the reader would: one that is not UTF-8 is Windows-1252, and alone in it."""
    if format_ not in _TABLES:
        return good.decode("utf-8", "replace")
    found = cut(good.removeprefix(codecs.BOM_UTF8), format_)
    return "".join(decode(part)[0] for part in (found.head, *found.records, found.tail))


def _twice(good: bytes, found: Cut) -> bytes:
    return found.joined(found.records * 2) if len(found.records) > 1 else good.rstrip() + b"\n" + good


def _of_record(found: Cut, n: int, format_: str) -> Iterator[Case]:
    """One bad record never rejects its batch."""
    record, others = found.records[n], found.records[:n] + found.records[n + 1 :]
    end = record[len(record.rstrip(b"\r\n")) :]
    bad = {
        "a huge field": record.rstrip(b"\r\n") + b"x" * 300_000 + end,
        "a record that is none": (b"MSH\r" if format_ == "hl7v2" else b'\x00{"\xff' + end),
        "a record cut off": record[: len(record) // 2].rstrip(b"\r\n") + end,
    }
    for name, content in bad.items():
        if content.count(b'"') % 2 and b'"' in record:
            continue  # an open quote takes the next line with it, as it must
        spoilt = found.joined((*found.records[:n], content, *found.records[n + 1 :]))
        yield Case(f"{name} (record {n + 1})", spoilt, "rest", found.joined(others))


def _of_days(found: Cut, n: int) -> Iterator[Case]:
    """A day at an end of the calendar, as senders write who mean never or unknown, in place of each day of a record."""
    record, others = found.records[n], found.records[:n] + found.records[n + 1 :]
    for day in [*_DAY.finditer(record)][:_PARTS]:
        for name, (iso, clock, us, compact, digits) in _ENDS.items():
            end = us if day["us"] else iso + (clock if day["clock"] else b"")
            if day["compact"]:
                end = compact + (digits if day["digits"] else b"")
            moved = record[: day.start()] + end + record[day.end() :]
            whole = found.joined((*found.records[:n], moved, *found.records[n + 1 :]))
            yield Case(f"{name} (record {n + 1}, byte {day.start() + 1})", whole, "rest", found.joined(others))


def _of_message(found: Cut) -> Iterator[Case]:
    """A segment that is missing, and fields that are."""
    first, rest = found.records[0], found.records[1:]
    segments = first.splitlines(keepends=True)
    without = found.joined(rest)
    for n, segment in enumerate(segments[1:_PARTS], start=1):
        name = segment[:3].decode("ascii", "replace")
        yield Case(f"no {name}", found.joined((b"".join(segments[:n] + segments[n + 1 :]), *rest)), "rest", without)
        bare = segment[:4] + segment[len(segment.rstrip(b"\r\n")) :]
        yield Case(
            f"an empty {name}",
            found.joined((b"".join([*segments[:n], bare, *segments[n + 1 :]]), *rest)),
            "rest",
            without,
        )


def _of_object(found: Cut) -> Iterator[Case]:
    """A member that is missing, null, or of another type. Of a document (a bundle, a list) nothing is promised for the rest: its
    records may refer to each other."""
    first, rest = found.records[0], found.records[1:]
    try:
        value = json.loads(first)
    except ValueError:
        return
    if not isinstance(value, dict):
        return
    without = found.joined(rest)
    for name in [*value][:_PARTS]:
        less = {key: inner for key, inner in value.items() if key != name}
        given: dict[str, object] = {
            "a null": None, "a list": [[], {"a": [1]}], "an object": {"a": {"b": [None]}}, "a huge number": 1e300, "no text": "",
        }  # fmt: skip
        spoilt_ones = {"nothing": less, **{words: {**value, name: odd} for words, odd in given.items()}}
        spoilt_ones["half a character"] = {**value, name: _halved(value[name])}
        for words, spoilt in spoilt_ones.items():
            content = found.joined((json.dumps(spoilt).encode() + b"\n", *rest))
            yield Case(f"{words} in {name}", content, "rest" if rest else "reasons", without)


def _halved(value: object) -> object:
    """The value with one half of an emoji at the end of each text, as software writes it that cuts texts by their length."""
    if isinstance(value, dict):
        return {name: _halved(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_halved(inner) for inner in value]
    return value + "\ud83d" if isinstance(value, str) else value


def _of_table(good: bytes, found: Cut) -> Iterator[Case]:
    """What only tables suffer: ragged rows, doubled headers, formula cells, empty cells where a key should be."""
    delimiter = max((b"\t", b"|", b";", b","), key=found.head.count)
    first, rest = found.records[0], found.records[1:]
    end = first[len(first.rstrip(b"\r\n")) :]
    cells = first.rstrip(b"\r\n").split(delimiter)
    without = found.joined(rest)
    yield Case("a header twice", found.head + good, "no-new")
    names = found.head.rstrip(b"\r\n").split(delimiter)
    yield Case("two columns of one name", found.joined().replace(names[-1], names[0], 1))
    yield Case("a column less", b"\n".join(delimiter.join(line.split(delimiter)[1:]) for line in good.splitlines()))
    yield Case("formula cells", good.replace(delimiter, delimiter + b"=HYPERLINK(0)", 5))
    if b'"' in first or len(cells) < 2:
        return
    yield Case("a short row", found.joined((delimiter.join(cells[:-1]) + end, *rest)), "rest", without)
    yield Case("a long row", found.joined((delimiter.join([*cells, b"x", b"y"]) + end, *rest)), "rest", without)
    for n in range(min(len(cells), _PARTS)):
        emptied = delimiter.join([*cells[:n], b"", *cells[n + 1 :]]) + end
        yield Case(f"an empty cell in column {n + 1}", found.joined((emptied, *rest)), "rest", without)
    formula = delimiter.join(b"=1+1" for _ in cells) + end
    yield Case("a row of formulas", found.joined((formula, *rest)), "rest", without)
