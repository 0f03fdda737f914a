"""Writers that take a model as it stands: check every value and write it in one pass, or say that they cannot tell.

`Codec.encode` dumps a model, has pydantic check the dump, and writes it: 25 us a lab event, of 350 for the whole way of a message.
A writer made here does the three at once, in 8, for values whose type is exactly what the model declares. On anything else (a
subclass, a word that is not in the list, a missing or an extra field, a clear person block, a number too large) it gives None, and
the slow way decides, so that what is refused and why stays one piece of code. tests/bus/test_model_writer.py compares the two.

Not for models with validators or constraints of their own: those give no writer at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import count, groupby
from types import NoneType, UnionType
from typing import Any, Literal, Protocol, Union, get_args, get_origin

from hub.bus.avro_compile import micros, varint
from hub.domain.events import Model, PersonBlock, Sealed

__all__ = ["WriteModel", "model_writer"]


class WriteModel(Protocol):
    """(head, model, sealed) → head and body, or None when the slow way must decide. `sealed` is written as the person of the
    model, whatever stands there; None: what stands there is."""

    def __call__(self, head: bytes, model: Model, sealed: Sealed | None = None, /) -> bytes | None: ...


_EPOCH_DAY = date(1970, 1, 1).toordinal()
_SIZES = 1_024  # an original's ciphertext and its hash have more than the 63 bytes of a length in one byte
_MEMORABLE = 64  # characters of the texts in a remembered array
_REMEMBERED = 1_024
_OF_A_SOURCE = frozenset({"agreement_id", "labels", "purposes", "stay", "presence", "site", "site_kind"})
"""Fields of events that are one object in all of a source, or of a site, as long as nothing else comes between."""
_FIVE_BYTES, _SIX_BYTES, _SEVEN_BYTES, _EIGHT_BYTES = 1 << 35, 1 << 42, 1 << 49, 1 << 56
"""The least number that does not fit into as many bytes of seven bits."""


class _Unsupported(Exception):
    pass


def model_writer(model: type[Model]) -> WriteModel | None:
    """The writer of a model's own Avro schema (hub.bus.avro_schema); None where its values need more than their types checked."""
    source = _Source()
    try:
        parts = source.record(model, "model")
    except _Unsupported:
        return None
    return source.made(parts)


@lru_cache(maxsize=8_192)
def _day(of: date) -> bytes:
    return varint(of.toordinal() - _EPOCH_DAY)


@lru_cache(maxsize=4_096)  # what is taken in together has one time; a day's rows were often changed at one time
def _time(at: datetime) -> bytes:
    """Microseconds since 1970; from 1979 to 2540 they take eight bytes, written here without a loop."""
    n = micros(at) << 1
    if not _SEVEN_BYTES <= n < _EIGHT_BYTES:
        return varint(n >> 1)
    return bytes((
        n & 127 | 128, n >> 7 & 127 | 128, n >> 14 & 127 | 128, n >> 21 & 127 | 128,
        n >> 28 & 127 | 128, n >> 35 & 127 | 128, n >> 42 & 127 | 128, n >> 49,
    ))  # fmt: skip


def _long(value: int) -> bytes:
    """A rank that counts seconds too (hub.mapping.stamp) takes six or seven bytes, written here without a loop."""
    n = value << 1
    if _FIVE_BYTES <= n < _SIX_BYTES:
        return bytes(
            (n & 127 | 128, n >> 7 & 127 | 128, n >> 14 & 127 | 128, n >> 21 & 127 | 128, n >> 28 & 127 | 128, n >> 35)
        )
    if _SIX_BYTES <= n < _SEVEN_BYTES:
        return bytes((
            n & 127 | 128, n >> 7 & 127 | 128, n >> 14 & 127 | 128, n >> 21 & 127 | 128, n >> 28 & 127 | 128,
            n >> 35 & 127 | 128, n >> 42,
        ))  # fmt: skip
    return varint(value)


def _texts(values: tuple[str, ...]) -> bytes | None:
    """An array of texts; None when one is no text."""
    if not values:
        return b"\0"
    parts = [varint(len(values))]
    for value in values:
        if value.__class__ is not str:
            return None
        encoded = value.encode()
        parts += (varint(len(encoded)), encoded)
    parts.append(b"\0")
    return b"".join(parts)


class _Arrays(dict[tuple[str, ...], bytes | None]):
    """Labels, purposes, groups: the same few tuples in every event."""

    def __missing__(self, values: tuple[str, ...]) -> bytes | None:
        written = _texts(values)
        if sum(map(len, values)) <= _MEMORABLE:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[values] = written
        return written


class _Parts(dict[int, tuple[Model, bytes]]):
    """What was written of a model within an event, by the identity of that model, which is frozen and is held here: mappings give
    the same coded value and the same report of race again and again. What is new in every event must not come here."""

    def keep(self, model: Model, parts: tuple[bytes, ...]) -> bytes:
        written = b"".join(parts)
        if len(self) >= _REMEMBERED:
            self.clear()
        self[id(model)] = (model, written)
        return written


class _Source:
    """Lines of one function. Every value becomes a local of its own, joined at the end; doubt returns None on the spot."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._numbers = count()
        self._space: dict[str, Any] = {
            "date": date, "datetime": datetime, "day": _day, "time": _time, "long": _long, "ARRAYS": _Arrays(), "varint": varint,
            "SIZE": tuple(varint(n) for n in range(_SIZES)), "SOME": tuple(b"\2" + varint(n) for n in range(_SIZES)),
        }  # fmt: skip

    def made(self, parts: list[str]) -> WriteModel:
        """The function. What is run holds only names made here and field names as quoted texts."""
        head = ["def write(head, model, sealed=None):", "    try:"]
        tail = [f"        return b''.join((head, {', '.join(parts)}))", "    except Exception:", "        return None"]
        exec("\n".join([*head, *self._lines, *tail]), self._space)  # noqa: S102
        written: WriteModel = self._space["write"]
        return written

    def record(self, model: type[Model], value: str, depth: int = 2) -> list[str]:
        """Lines that check and write the fields of `value`, an instance of exactly `model`; names of the parts, in order."""
        if _has_rules(model):
            raise _Unsupported
        kind, fields = self._named(model), f"d{next(self._numbers)}"
        self._line(depth, f"if {value}.__class__ is not {kind}: return None")
        self._line(depth, f"{fields} = {value}.__dict__")
        self._line(depth, f"if len({fields}) != {len(model.model_fields)}: return None")
        parts = []
        for alike, run in groupby(model.model_fields.items(), lambda each: _alike(each[0], each[1].annotation)):
            told = []
            for name, info in run:
                if info.metadata:
                    raise _Unsupported
                value = f"{fields}[{name!r}]"
                if PersonBlock in get_args(info.annotation):
                    value = f"{value} if sealed is None else sealed"
                told.append((info.annotation, value))
            if alike == "words" and len(told) > 1:
                parts.append(self._together(told, depth))
            elif alike == "of-a-source" and len(told) > 1:
                parts.append(self._as_before(told, depth))
            else:
                parts += [self._field(annotation, value, depth) for annotation, value in told]
        return parts

    def _together(self, told: Sequence[tuple[Any, str]], depth: int) -> str:
        """Lines for neighbouring fields that each hold a word of a list: what the same words gave is looked up at once."""
        part, key, known = f"p{next(self._numbers)}", f"v{next(self._numbers)}", self._named({})
        self._line(depth, f"{key} = {', '.join(value for _, value in told)}")
        self._line(depth, f"{part} = {known}.get({key})")
        self._line(depth, f"if {part} is None:")
        each = [self._field(annotation, value, depth + 1) for annotation, value in told]
        self._line(depth + 1, f"{part} = {known}[{key}] = b''.join(({', '.join(each)}))")
        return part

    def _as_before(self, told: Sequence[tuple[Any, str]], depth: int) -> str:
        """Lines for neighbouring fields that are mostly the very objects of the record before, whose bytes are there."""
        part, before = f"p{next(self._numbers)}", f"b{next(self._numbers)}"
        held = self._named([(object(),) * (len(told) + 1)])
        values = [f"v{next(self._numbers)}" for _ in told]
        self._line(depth, f"{before} = {held}[0]")  # read and set at once: other threads write too
        for value, (_, source) in zip(values, told, strict=True):
            self._line(depth, f"{value} = {source}")
        same = " and ".join(f"{before}[{at}] is {value}" for at, value in enumerate(values))
        self._line(depth, f"if {same}: {part} = {before}[{len(values)}]")
        self._line(depth, "else:")
        each = [self._field(told[at][0], value, depth + 1) for at, value in enumerate(values)]
        self._line(depth + 1, f"{part} = b''.join(({', '.join(each)},))")
        self._line(depth + 1, f"{held}[0] = {', '.join([*values, part])}")
        return part

    def _field(self, annotation: Any, value: str, depth: int) -> str:
        part, held = f"p{next(self._numbers)}", f"v{next(self._numbers)}"
        self._line(depth, f"{held} = {value}")
        if get_origin(annotation) in (Union, UnionType):
            others = [each for each in get_args(annotation) if each not in (NoneType, PersonBlock)]
            if len(others) != 1 or NoneType not in get_args(annotation):
                raise _Unsupported
            self._line(depth, f"if {held} is None: {part} = b'\\0'")
            self._line(depth, "else:")
            self._value(others[0], held, part, depth + 1, optional=True)
        else:
            self._value(annotation, held, part, depth, optional=False)
        return part

    def _value(self, annotation: Any, held: str, part: str, depth: int, *, optional: bool) -> None:
        """Lines that set `part` to the bytes of `held`, behind the mark of a union's second branch where it is `optional`."""
        mark = "b'\\2' + " if optional else ""
        origin = get_origin(annotation)
        if annotation in (str, bytes):
            self._line(depth, f"if {held}.__class__ is not {annotation.__name__}: return None")
            sizes = "SOME" if optional else "SIZE"
            self._line(depth, f"e = {held}.encode(); n = len(e)" if annotation is str else f"e = {held}; n = len(e)")
            self._line(depth, f"{part} = {sizes}[n] + e if n < {_SIZES} else {mark}varint(n) + e")
        elif annotation is bool:
            self._line(depth, f"if {held}.__class__ is not bool: return None")
            self._line(depth, f"{part} = {mark}(b'\\1' if {held} else b'\\0')")
        elif annotation is int:
            self._line(depth, f"if {held}.__class__ is not int: return None")
            sizes = "SOME" if optional else "SIZE"
            self._line(depth, f"{part} = {sizes}[{held}] if 0 <= {held} < {_SIZES} else {mark}long({held})")
        elif annotation in (date, datetime):
            word = {date: "day", datetime: "time"}[annotation]
            self._line(depth, f"if {held}.__class__ is not {annotation.__name__}: return None")
            self._line(depth, f"{part} = {mark}{word}({held})")
        elif _is_word(annotation):
            self._words(get_args(annotation), held, part, depth, optional=optional)
        elif origin is tuple and get_args(annotation) == (str, ...):
            self._line(depth, f"if {held}.__class__ is not tuple: return None")
            self._line(depth, f"{part} = ARRAYS[{held}]")
            self._line(depth, f"if {part} is None: return None")
            if optional:
                self._line(depth, f"{part} = {mark}{part}")
        elif origin is tuple and get_args(annotation)[1:] == (...,) and get_origin(get_args(annotation)[0]) is Literal:
            words = self._named(frozenset(get_args(get_args(annotation)[0])))
            self._line(depth, f"if not {words}.issuperset({held}): return None")
            self._value(tuple[str, ...], held, part, depth, optional=optional)
        elif origin is tuple and get_args(annotation)[1:] == (...,) and _is_model(get_args(annotation)[0]):
            each = self._named(_all_of(model_writer(get_args(annotation)[0])))
            self._line(depth, f"{part} = {each}({held})")
            self._line(depth, f"if {part} is None: return None")
            if optional:
                self._line(depth, f"{part} = {mark}{part}")
        elif _is_model(annotation):
            self._part(annotation, held, part, depth, mark.removesuffix(" + "))
        else:
            raise _Unsupported

    def _part(self, model: type[Model], held: str, part: str, depth: int, mark: str) -> None:
        """A model within the record; what recurs is written once."""
        recurs = model is not Sealed
        if recurs:
            known = self._named(_Parts())
            self._line(depth, f"seen = {known}.get(id({held}))")
            self._line(depth, f"if seen is not None and seen[0] is {held}: {part} = seen[1]")
            self._line(depth, "else:")
            depth += 1
        inner = ", ".join([*([mark] if mark else []), *self.record(model, held, depth)])
        written = f"{known}.keep({held}, ({inner},))" if recurs else f"b''.join(({inner},))"
        self._line(depth, f"{part} = {written}")

    def _words(self, words: tuple[str, ...], held: str, part: str, depth: int, *, optional: bool) -> None:
        before = b"\2" if optional else b""
        table = self._named({word: before + varint(len(word.encode())) + word.encode() for word in words})
        self._line(depth, f"if {held}.__class__ is not str: return None")
        self._line(depth, f"{part} = {table}.get({held})")
        self._line(depth, f"if {part} is None: return None")

    def _named(self, thing: Any) -> str:
        name = f"c{next(self._numbers)}"
        self._space[name] = thing
        return name

    def _line(self, depth: int, text: str) -> None:
        self._lines.append("    " * depth + text)


def _alike(name: str, annotation: Any) -> str:
    """How a field is written together with neighbours of its like; empty: alone."""
    return "of-a-source" if name in _OF_A_SOURCE else "words" if _is_word(annotation) else ""


def _is_word(annotation: Any) -> bool:
    return get_origin(annotation) is Literal and all(isinstance(word, str) for word in get_args(annotation))


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Model) and annotation is not PersonBlock


def _all_of(write: WriteModel | None) -> Callable[[tuple[Model, ...]], bytes | None]:
    """The writer of an array of models; None for values that it leaves to the slow way."""
    if write is None:
        raise _Unsupported

    def array(values: tuple[Model, ...]) -> bytes | None:
        if values.__class__ is not tuple:
            return None
        if not values:
            return b"\0"
        parts = [varint(len(values))]
        for value in values:
            written = write(b"", value)
            if written is None:
                return None
            parts.append(written)
        parts.append(b"\0")
        return b"".join(parts)

    return array


def _has_rules(model: type[Model]) -> bool:
    """Whether pydantic does more to it than check types: validators, serializers, computed fields."""
    found = model.__pydantic_decorators__
    return any(
        (found.field_validators, found.model_validators, found.validators, found.root_validators, found.field_serializers,
         found.model_serializers, found.computed_fields)
    )  # fmt: skip
