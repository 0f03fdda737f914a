"""Can a reader's Avro schema read what a writer's schema wrote? And may a subject take this next schema?

Verdicts equal those of Apache Avro's `SchemaCompatibility` (1.12.0) on each of the 18,154 pairs of
tests/corpora/avro-compatibility/table.json. PyPI's `avro` 1.12.2 has the same checker, but on that table it gives
another verdict for 22 pairs (aliases in a namespace) and raises for 139 (`error` records), and it takes 12 schemas that
Avro refuses and refuses 11 that it takes: hence this code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hub.bus.avro_types import PRIMITIVES, AvroField, AvroType

LEVELS = ("NONE", "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE")
_PROMOTIONS = {
    "long": frozenset({"int"}),
    "float": frozenset({"int", "long"}),
    "double": frozenset({"int", "long", "float"}),
    "bytes": frozenset({"string"}),
    "string": frozenset({"bytes"}),
}


@dataclass(frozen=True)
class Incompatibility:
    """One reason: `kind` is Avro's own code (`TYPE_MISMATCH`, …), `where` a path in the reader's schema."""

    kind: str
    where: str
    words: str

    def __str__(self) -> str:
        return f"{self.kind} at {self.where or '/'}: {self.words}"


def incompatibilities(reader: AvroType, writer: AvroType) -> list[Incompatibility]:
    """Why `reader` cannot read data written as `writer`; empty when it can."""
    return _Check().compare(reader, writer, "")


def can_read(reader: AvroType, writer: AvroType) -> bool:
    """Avro's verdict: compatible or not."""
    return not incompatibilities(reader, writer)


def broken_rules(level: str, new: AvroType, earlier: Iterable[AvroType]) -> list[str]:
    """Why a subject at compatibility `level` must not take `new` after `earlier` (oldest first); empty when it may.

    BACKWARD: the new schema reads old data; FORWARD: old schemas read new data; FULL: both. Asked of the last version
    only, or of all under a `_TRANSITIVE` level.
    """
    if level not in LEVELS:
        raise ValueError(level)
    if level == "NONE":
        return []
    known = list(earlier)
    against = known if level.endswith("_TRANSITIVE") else known[-1:]
    found: list[str] = []
    for old in reversed(against):
        if not level.startswith("FORWARD"):
            found += [f"new cannot read old: {why}" for why in incompatibilities(new, old)]
        if not level.startswith("BACKWARD"):
            found += [f"old cannot read new: {why}" for why in incompatibilities(old, new)]
    return found


@dataclass
class _Check:
    """One comparison. A pair that is met again inside itself counts as compatible (recursion), as in Avro's checker."""

    known: dict[tuple[int, int], list[Incompatibility]] = field(default_factory=dict)

    def compare(self, reader: AvroType, writer: AvroType, where: str) -> list[Incompatibility]:
        pair = (id(reader), id(writer))
        if pair not in self.known:
            self.known[pair] = []
            self.known[pair] = list(self._judge(reader, writer, where))
        return self.known[pair]

    def _judge(self, reader: AvroType, writer: AvroType, where: str) -> Iterator[Incompatibility]:
        if writer.kind == "union":
            yield from self._writer_union(reader, writer, where)
        elif reader.kind == "union":
            if all(self.compare(branch, writer, where) for branch in reader.branches):
                yield Incompatibility("MISSING_UNION_BRANCH", where, f"reader union lacks {writer.fullname}")
        elif reader.kind != writer.kind:
            if writer.kind not in _PROMOTIONS.get(reader.kind, ()):
                yield Incompatibility("TYPE_MISMATCH", where, f"reader {reader.kind}, writer {writer.kind}")
        elif reader.kind in ("array", "map"):
            yield from self.compare(
                reader.element(), writer.element(), f"{where}/{'items' if reader.kind == 'array' else 'values'}"
            )
        elif reader.kind not in PRIMITIVES:
            yield from self._named(reader, writer, where)

    def _writer_union(self, reader: AvroType, writer: AvroType, where: str) -> Iterator[Incompatibility]:
        for number, branch in enumerate(writer.branches):
            inner = self.compare(reader, branch, where)
            if inner and reader.kind == "union":
                yield Incompatibility(
                    "MISSING_UNION_BRANCH", f"{where}/{number}", f"reader union lacks {branch.fullname}"
                )
            else:
                yield from inner

    def _named(self, reader: AvroType, writer: AvroType, where: str) -> Iterator[Incompatibility]:
        if reader.name != writer.name and writer.fullname not in reader.aliases:
            yield Incompatibility(
                "NAME_MISMATCH", f"{where}/name", f"reader {reader.fullname}, writer {writer.fullname}"
            )
        if reader.kind == "fixed" and reader.size != writer.size:
            yield Incompatibility("FIXED_SIZE_MISMATCH", f"{where}/size", f"reader {reader.size}, writer {writer.size}")
        if reader.kind == "enum" and reader.enum_default is None:
            unknown = [symbol for symbol in writer.symbols if symbol not in reader.symbols]
            if unknown:
                yield Incompatibility("MISSING_ENUM_SYMBOLS", f"{where}/symbols", ", ".join(unknown))
        for number, each in enumerate(reader.fields):
            yield from self._field(each, writer, f"{where}/fields/{number}")

    def _field(self, each: AvroField, writer: AvroType, where: str) -> Iterator[Incompatibility]:
        written = _written_field(each, writer)
        if written is not None:
            yield from self.compare(each.type, written.type, f"{where}/type")
        elif not each.has_default:
            yield Incompatibility("READER_FIELD_MISSING_DEFAULT_VALUE", where, each.name)


def _written_field(each: AvroField, writer: AvroType) -> AvroField | None:
    """The writer's field that a reader's field takes its value from: by name, else by the first alias that is there."""
    for name in (each.name, *each.aliases):
        found = writer.field_named(name)
        if found is not None:
            return found
    return None
