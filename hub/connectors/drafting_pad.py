"""What a draft is worked out on: the sample's columns, and what was found and left open so far."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hub.connectors.drafting_samples import Sample
from hub.connectors.drafting_words import OWNERS, SHORT
from hub.mapping.declared.codes import COLUMNS

__all__ = ["MOST", "Pad", "word", "written_out"]

_FORMATS = (
    "iso",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%Y%m%d",
    "%m-%d-%Y",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%d-%b-%Y",
    "%Y-%m-%d %H:%M",
    "excel",
)
MOST = 0.8
"""The share of a column's values that must be what its name says for it to be proposed."""
_NOT_GIVEN = frozenset({"?", "-", "--", ".", "n/a", "na", "none", "null", "unknown", "unk", "not given", "tbd", "x"})
"""What people write where they have no date."""
_INITIALS = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]?", re.ASCII)
_SERIAL = re.compile(r"[1-7]\d{4}(\.\d+)?\Z", re.ASCII)
"""Days since 1899-12-30 as spreadsheets count them: 1927 to 2119."""


class Pad:
    """`words`: each column's name in lower case without marks; `codes`: tables by name; `todo`: what people must decide."""

    def __init__(self, name: str, sample: Sample) -> None:
        self.name, self.sample, self.columns = name, sample, sample.columns
        self.todo: list[str] = list(sample.todo)
        self.codes: dict[str, str] = {}
        self.words = {column: word(_last(column)) for column in self.columns}
        self.written_out = {column: written_out(_last(column)) for column in self.columns}

    def find(self, hints: Sequence[str]) -> str | None:
        """The column that is called so; else one that is once short words are written out, then without whose it is."""
        without = {column: _without_owner(each) for column, each in self.written_out.items()}
        for names in (self.words, self.written_out, without):
            found = next((column for hint in hints for column, each in names.items() if each == hint), None)
            if found is not None:
                return found
        return None

    def called(self, hints: Sequence[str]) -> list[str]:
        """Every column that is called so, written out or not: those of the first hint first."""
        return [
            column
            for hint in hints
            for column in self.columns
            if hint in (self.words[column], self.written_out[column])
        ]

    def date(self, column: str, *, required: bool = False) -> dict[str, Any] | None:
        every = self.columns[column]
        values = [value for value in every if value.casefold() not in _NOT_GIVEN]
        counted = {given: sum(_fits(value, given) for value in values) for given in _FORMATS}
        most = max(counted.values())
        if not values or most < MOST * len(values):
            self.todo.append(f"{column}: looks like a date by its name, but no format fits its values: not mapped")
            return None
        fitting = [given for given, count in counted.items() if count == most]
        if most < len(values):
            self.todo.append(f"{column}: {fitting[0]} fits {most} of {len(values)} values; what are the others?")
        if len(fitting) > 1:
            all_of_them = "every value" if most == len(values) else "as many"
            self.todo.append(f"{column}: {' and '.join(fitting)} both fit {all_of_them}; {fitting[0]} is proposed")
        ignored = sorted(set(every) - set(values))
        return {
            "from": column, "format": fitting[0], **({"ignore": ignored} if ignored else {}),
            **({"required": True} if required else {}),
        }  # fmt: skip

    def dated(self) -> list[str]:
        """Columns whose every value is a date, whatever they are called. (Bare numbers are none: an id may look like one.)"""
        formats = [given for given in _FORMATS if given not in ("excel", "%Y%m%d")]
        return [
            column for column, values in self.columns.items()
            if values and any(all(_fits(value, given) for value in values) for given in formats)
        ]  # fmt: skip

    def table(self, name: str, values: Sequence[str], known: Mapping[str, tuple[str, str]]) -> None:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for value in values:
            target, status = known.get(value, ("", ""))
            writer.writerow([value, "", target, status, "proposed, check it" if status else "TODO"])
        self.codes[name] = text.getvalue()
        if open_rows := [value for value in values if value not in known]:
            self.todo.append(f"codes/{name}.csv: {len(open_rows)} values wait for a target_code and a status")


def _last(column: str) -> str:
    """The last part of a path, `patient.birthDate`; `D.O.B.` is none."""
    return column if _INITIALS.fullmatch(column) else column.rsplit(".", 1)[-1]


def word(name: str) -> str:
    """A column's name without marks; `Client #` is a client number."""
    return re.sub(r"[^a-z0-9]", "", name.lower().replace("#", "no"))


def written_out(name: str) -> str:
    """The same with short words written out: `Coll Dt` is a collection date."""
    parts = re.findall(r"[a-z]+|[0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.replace("#", " no ")).lower())
    return "".join(SHORT.get(part, part) for part in parts)


def _without_owner(name: str) -> str:
    return next((name.removeprefix(owner) for owner in OWNERS if name.startswith(owner) and name != owner), name)


def _fits(text: str, given: str) -> bool:
    try:
        if given == "excel":
            return bool(_SERIAL.match(text))
        if given == "iso":
            datetime.fromisoformat(text)
            return "-" in text
        datetime.strptime(text, given)
    except ValueError:
        return False
    return True
