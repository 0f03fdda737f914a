"""Damage as the wire, editors and exporters do it, to bytes of HL7 v2 and CSV; reproducible from a seed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

_SEPARATORS = (b"|", b"^", b"~", b"&", b"\\", b"$", b"")
_FIELDS = (
    b"",
    b'""',
    b"~~",
    b"^^^",
    b"&&&",
    b"9" * 300,
    b"\\X00\\",
    b"\\XFFFE\\",
    b"20219999",
    b"0000",
    b"\xc3\x28",
    b"-1",
    b"1e309",
)
_LINES = (b"ZZZ|1", b"ADD|x", b"DSC|1", b"\x0b", b"\x1c", b"\0", b"MSH", b"MSH|", b"BTS|x", b"FHS|^~\\&", b"FTS|99")
_CELLS = (b"", b"44550", b"\0", b"\xff\xfe", b"9" * 500, b'"a\nb"', b"=1+1", b"1/1/0001", b"99/99/9999", b"NULL", "²".encode(),
          b"0001-01-01", b"00010101000000+1400", b"99991231235959-1200")  # fmt: skip
_STRUCTURE = 4
"""So many of the changes of a message leave every segment as it is: lost, told twice, in another order, of another version."""


def segments_of(data: bytes) -> list[bytes]:
    return data.replace(b"\r\n", b"\r").replace(b"\n", b"\r").split(b"\r")


def mutate_hl7(data: bytes, random: Random, *, structure_only: bool = False) -> bytes:
    """One to three changes; `structure_only`: what is in a segment stays."""
    segments = segments_of(data)
    for _ in range(random.randint(1, 3)):
        here, there = random.randrange(len(segments)), random.randrange(len(segments))
        change = random.randrange(_STRUCTURE if structure_only else 11)
        if change < _STRUCTURE:
            _restructure(segments, change, here, there, random)
        else:
            segments[here] = _damaged(segments[here], change, random)
    mixed = random.choice((b"\r", b"\n", b"\r\n", b"\r\r")).join(segments)
    return mixed[: random.randrange(len(mixed) + 1)] if not structure_only and random.random() < 0.1 else mixed


def _restructure(segments: list[bytes], change: int, here: int, there: int, random: Random) -> None:
    if change == 0 and len(segments) > 1:
        del segments[here]
    elif change == 1:
        segments.insert(there, segments[here])
    elif change == 2:
        segments[here], segments[there] = segments[there], segments[here]
    elif change == 3:
        segments[here] = segments[here].replace(b"|2.5.1", random.choice((b"|2.3", b"|2.8.2", b"|", b"|2.7^USA")), 1)


def _damaged(segment: bytes, change: int, random: Random) -> bytes:
    fields = segment.split(b"|")
    if change == 4:
        return segment[: random.randrange(len(segment) + 1)]
    if change == 5:
        return segment.replace(random.choice(_SEPARATORS[:5]), random.choice(_SEPARATORS))
    if change == 6:
        raw = bytearray(segment)
        for _ in range(random.randint(1, 4) if raw else 0):
            raw[random.randrange(len(raw))] = random.randrange(256)
        return bytes(raw)
    if change == 7:
        fields[random.randrange(len(fields))] = random.choice(_FIELDS)
    elif change == 8:
        random.shuffle(fields)
    elif change == 9:
        return segment + b"\r" + random.choice(_LINES)
    return b"|".join(fields) + b"|" * random.randrange(30)


def mutate_csv(data: bytes, random: Random) -> bytes:
    """One to three changes."""
    rows = data.split(b"\n")
    for _ in range(random.randint(1, 3)):
        random.choice(_OF_ROWS)(rows, random.randrange(len(rows)), random)
    return b"\n".join(rows)


def _lose(rows: list[bytes], here: int, random: Random) -> None:
    if len(rows) > 1:
        del rows[here]


def _repeat(rows: list[bytes], here: int, random: Random) -> None:
    rows.insert(random.randrange(len(rows)), rows[here])


def _cut(rows: list[bytes], here: int, random: Random) -> None:
    rows[here] = rows[here][: random.randrange(len(rows[here]) + 1)]


def _delimit(rows: list[bytes], here: int, random: Random) -> None:
    other = random.choice((b",", b";", b"\t", b"|"))
    rows[:] = [row.replace(b",", other) for row in rows]


def _rename(rows: list[bytes], here: int, random: Random) -> None:
    rows[0] = random.choice((rows[0].upper(), rows[0].replace(b"_", b" "), b"\xef\xbb\xbf" + rows[0]))


def _quote(rows: list[bytes], here: int, random: Random) -> None:
    rows[here] = rows[here].replace(b'"', b"") + b'"'


def _replace(rows: list[bytes], here: int, random: Random) -> None:
    cells = rows[here].split(b",")
    cells[random.randrange(len(cells))] = random.choice(_CELLS)
    rows[here] = b",".join(cells)


def _shuffle_header(rows: list[bytes], here: int, random: Random) -> None:
    names = rows[0].split(b",")
    random.shuffle(names)
    rows[0] = b",".join(names)


def _add_column(rows: list[bytes], here: int, random: Random) -> None:
    rows[:] = [row.rstrip(b"\r") + (b",extra" if n == 0 else b",1") for n, row in enumerate(rows)]


_OF_ROWS: tuple[Callable[[list[bytes], int, Random], None], ...] = (
    _lose, _repeat, _cut, _delimit, _rename, _quote, _replace, _shuffle_header, _add_column,
)  # fmt: skip
