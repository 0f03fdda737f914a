"""Ways in which files are spoilt: bytes cut, segments and rows moved, keys and columns lost, values of another type, cycles.

Everything is a function of the seed: a mangled file that finds a fault can be made again.
"""

from __future__ import annotations

import copy
import json
import random
from typing import Any

__all__ = ["json_mangled", "lines_mangled", "places", "table_mangled"]

_JUNK: tuple[Any, ...] = (
    None, True, -1, 0, 1e300, "", " ", "null", "2021-02-30", "9" * 40, "\x00", "é" * 50, [], {}, [None], [[]], {"": None}, [1, "a"],
    {"reference": "#"}, {"coding": "x"}, {"coding": [None, 1, "a", {}]}, {"extension": [{"url": 1}]}, [{"value": {}}], "Patient/1",
)  # fmt: skip
_MOST = 400_000  # characters: mangling may double, and a test must end


def lines_mangled(data: bytes, seed: int, end: bytes = b"\r") -> bytes:
    """HL7: segments dropped, repeated, swapped; fields emptied, filled and moved; bytes cut and flipped."""
    dice = random.Random(seed)
    lines = data.replace(b"\r\n", b"\r").replace(b"\n", b"\r").split(b"\r")
    for _ in range(dice.randint(1, 4)):
        at, to = dice.randrange(len(lines)), dice.randrange(len(lines))
        match dice.randrange(7):
            case 0 if len(lines) > 1:
                lines.pop(at)
            case 1:
                lines.insert(to, lines[at])
            case 2:
                lines[at], lines[to] = lines[to], lines[at]
            case 3:
                lines[at] = lines[at][: dice.randint(0, len(lines[at]))]
            case 4:
                lines[at] += b"|" * dice.randint(1, 60)
            case _:
                lines[at] = _field(lines[at], dice)
    return _bytes(end.join(lines)[:_MOST], dice)


def table_mangled(data: bytes, seed: int) -> bytes:
    """CVRS: columns dropped, doubled, swapped in the header or in a row; cells filled with anything; rows repeated."""
    dice = random.Random(seed)
    rows = [line.split(b"\t") for line in data.replace(b"\r\n", b"\n").split(b"\n")]
    for _ in range(dice.randint(1, 4)):
        row = rows[0] if dice.random() < 0.2 else dice.choice(rows)
        at = dice.randrange(len(row))
        match dice.randrange(5):
            case 0:
                row.pop(at) if len(row) > 1 else None
            case 1:
                row.insert(at, row[dice.randrange(len(row))])
            case 2:
                row[at] = dice.choice(
                    [b"", b'"', b"\xff", b"9" * 60, b"2021-02-30", b"0", b"YES", b"-1", b"208.0", b"\x00", b"None"]
                )
            case 3:
                rows.insert(dice.randrange(len(rows) + 1), list(row))
            case _:
                to = dice.randrange(len(row))
                row[at], row[to] = row[to], row[at]
    end = dice.choice([b"\r\n", b"\n", b"\r"])
    return _bytes(end.join(b"\t".join(row) for row in rows)[:_MOST], dice)


def json_mangled(data: bytes, seed: int) -> bytes:
    """FHIR: keys and entries dropped, doubled, swapped, of another type; references bent into cycles; nested deep; long lists."""
    dice = random.Random(seed)
    try:
        document = json.loads(data)
    except ValueError:
        return _bytes(data, dice)
    for _ in range(dice.randint(1, 5)):
        spots = places(document)
        if not spots:
            break
        holder, key = dice.choice(spots)
        match dice.randrange(8):
            case 0:
                holder.pop(key)
            case 1:
                holder[key] = copy.deepcopy(dice.choice(_JUNK))
            case 2:
                other, name = dice.choice(spots)
                holder[key] = json.loads(json.dumps(other[name])) if _has(other, name) else None
            case 3:
                holder[key] = [copy.deepcopy(holder[key]) for _ in range(dice.choice([2, 3, 200]))]
            case 4:
                holder[key] = _deep(dice.choice([5, 70, 150]))
            case 5 if isinstance(holder, dict):
                holder[
                    dice.choice(["value", "id", "resourceType", "contained", "valueString", "hasMember", "subject"])
                ] = copy.deepcopy(dice.choice(_JUNK))
            case 6:
                _bend(spots, dice)
            case _:
                if isinstance(holder, list):
                    holder.insert(key, copy.deepcopy(holder[key]))
    return _bytes(json.dumps(document).encode()[:_MOST], dice)


def places(document: Any) -> list[tuple[Any, Any]]:
    """Every member and item of a document, with what holds it."""
    found: list[tuple[Any, Any]] = []
    waiting = [document]
    while waiting and len(found) < 5_000:
        node = waiting.pop()
        inside = (
            list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
        )
        found += [(node, key) for key, _ in inside]
        waiting += [value for _, value in inside if isinstance(value, dict | list)]
    return found


def _has(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else key < len(holder)


def _bend(spots: list[tuple[Any, Any]], dice: random.Random) -> None:
    """A reference that points somewhere else of the same document: often to what refers to it."""
    references = [
        (holder, key) for holder, key in spots if key == "reference" and isinstance(holder, dict) and key in holder
    ]
    if len(references) > 1:
        (one, _), (other, _) = dice.sample(references, 2)
        one["reference"] = copy.deepcopy(other["reference"])


def _deep(levels: int) -> Any:
    made: Any = "x"
    for level in range(levels):
        made = [made] if level % 2 else {"a": made}
    return made


def _field(line: bytes, dice: random.Random) -> bytes:
    fields = line.split(b"|")
    at = dice.randrange(len(fields))
    match dice.randrange(4):
        case 0:
            fields[at] = b""
        case 1:
            fields[at] = dice.choice(
                [
                    b"^^^^^^",
                    b"~~~",
                    b"&&^&",
                    b"\\T\\",
                    b"20219999",
                    b"0",
                    b"-1",
                    b"\xc3",
                    b"a" * 300,
                    b"^" * 300,
                    b"~" * 500,
                ]
            )
        case 2:
            to = dice.randrange(len(fields))
            fields[at], fields[to] = fields[to], fields[at]
        case _:
            fields.insert(at, fields[at])
    return b"|".join(fields)


def _bytes(data: bytes, dice: random.Random) -> bytes:
    """Now and then bytes are cut off, flipped, or put in."""
    if not data or dice.random() < 0.7:
        return data
    at = dice.randrange(len(data))
    return dice.choice([
        data[:at], data[at:], data[:at] + bytes([dice.randrange(256)]) + data[at:], data[:at] + b"\x00" + data[at + 1 :],
        data + data,
    ])  # fmt: skip
