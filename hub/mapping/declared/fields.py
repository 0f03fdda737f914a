"""One rule for one field: compiled against the type that the event model gives the field, then run on each record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast, get_args
from zoneinfo import ZoneInfo

from hub.domain.code_names import name_of_code
from hub.domain.events import Absence, Coded, RaceGroup
from hub.mapping.codes import code_of, cvx_code, ndc_code, provider_pin
from hub.mapping.declared.codes import Row, Table, folded
from hub.mapping.declared.format import Look, NotAValue, Record
from hub.mapping.declared.model import Rule
from hub.mapping.declared.parsing import BadRule, BadValue, Parse, parser
from hub.mapping.declared.targets import Around, Hook, Notes, Step, Target, Unmapped
from hub.mapping.program import NotMapped
from hub.mapping.race import report

__all__ = ["SEX_WORDS", "FieldRule"]

_PARSE = {"bool": "boolean", "int": "integer", "date": "date", "time": "datetime"}
_OF_BLOCK = {"phone": "phone", "email": "email", "postal_code": "postal-code", "state": "state", "ssn": "digits"}
_FITS: Mapping[str, frozenset[str]] = {
    "bool": frozenset({"boolean", "covid-vaccine"}), "int": frozenset({"integer"}), "date": frozenset({"date"}),
    "time": frozenset({"datetime"}), "word": frozenset({"text", "yes-no"}), "coded": frozenset({"text"}),
    "race": frozenset({"text"}), "token": frozenset({"text", "digits"}),
}  # fmt: skip
_NOT_TEXT = frozenset({"boolean", "covid-vaccine", "integer", "date", "datetime", "yes-no"})
_SHAPES: Mapping[str, Callable[[str], str | None]] = {
    "loinc": code_of,
    "cvx": cvx_code,
    "ndc": ndc_code,
    "provider_pin": provider_pin,
}
_PLAIN_RULE = Rule(value="")
_YES_NO = ("yes", "no", "unknown")
SEX_WORDS = ("F", "M", "X", "O", "U", "female", "male", "other", "unknown")
"""What linking and every standard read by the hub know of a sex (HL7 table 0001 and FHIR); case does not matter."""
_SEXES = frozenset(word.casefold() for word in SEX_WORDS)


class FieldRule:
    """A compiled rule. BadRule when it can never work; BadTable words name the row of a table that does not fit."""

    def __init__(self, rule: Rule, into: Target, around: Around) -> None:
        self.rule, self.into = rule, into
        self._ignore = around.ignore | {word.casefold() for word in rule.ignore}
        self._on_error = rule.on_error or around.on_error
        needed = len(rule.from_) == 1 or rule.join is not None
        self.looks: list[tuple[str, Look]] = [(path, around.opened.look(path, needed=needed)) for path in rule.from_]
        if into.clear and into.kind == "str" and rule.from_ and rule.codes is None and into.name not in _SHAPES:
            raise BadRule("", f"{into.name} travels in the clear: give `codes`, so that only decided words pass")
        self._table = self._code_table(around)
        self._folded = self._by_fold()
        self._hook = self._named_hook(around)
        self._parse = self._parser(around)
        self._paths = " | ".join(rule.from_)
        self._constant = None if rule.value is None else self._fixed("value", rule.value)
        self._default = None if rule.default is None else self._fixed("default", rule.default)

    def value(self, record: Record, notes: Notes) -> Any:
        """The field, None where it stays empty. NotMapped when the record cannot become this event."""
        if self.rule.value is not None:
            found = self._tokenized(self._constant, notes)
            self._explain(notes, (), "", found, "")
            return found
        texts = self._texts(record)
        code, note = "", ""
        found = None
        try:
            given = [text for _, _, text in texts]
            if given and self.rule.join is not None:
                given = [self.rule.join.join(given)]
            if given:
                found, code = self._read(given, notes)
            if found is None and not code:
                found, note = self._absent(notes)
        except BadValue as bad:
            note = f"{bad.reason}.{self.into.name}"
            if self._on_error == "reject" or not self.into.nullable:
                self._explain(notes, texts, code, None, f"rejected: {note}")
            self.refuse(bad.reason, notes)
        self._explain(notes, texts, code, found, note)
        return found

    def refuse(self, reason: str, notes: Notes) -> None:
        """Leave the field empty with an issue, as `on_error` says. NotMapped where the record is to be refused for it."""
        note = f"{reason}.{self.into.name}"
        if self._on_error == "reject" or not self.into.nullable:
            raise NotMapped(note, field=self._paths) from None
        notes.issues.append(note)

    def _absent(self, notes: Notes) -> tuple[Any, str]:
        if self._default is not None:
            return self._tokenized(self._default, notes), "default"
        if self.rule.required or not self.into.nullable:
            raise NotMapped(f"missing.{self.into.name}", field=self._paths)
        return None, ""

    def _texts(self, record: Record) -> list[tuple[str, str, str]]:
        """(path, text as sent, text as the hook made it) of what counts: the first path that holds something, or all of them."""
        every = self.rule.join is not None or self.into.kind == "race"
        found: list[tuple[str, str, str]] = []
        for path, read in self.looks:
            try:
                here = [text for text in read(record) if text.casefold() not in self._ignore]
            except NotAValue:
                raise NotMapped(f"not-a-value.{self.into.name}", field=path) from None
            found += [(path, text, made) for text in here if (made := self._hooked(text))]
            if found and not every:
                break
        return found

    def _hooked(self, text: str) -> str | None:
        if self._hook is None:
            return text
        try:
            made = self._hook(text)
        except (Exception, SystemExit):  # somebody's own code; its exception may hold the value
            raise NotMapped(f"hook-failed.{self.into.name}", field=self._paths) from None
        if made is not None and not isinstance(made, str):
            raise NotMapped(f"hook-failed.{self.into.name}", field=self._paths)
        return made

    def _read(self, texts: Sequence[str], notes: Notes) -> tuple[Any, str]:
        """The value and the words about its code row; (None, "") where a row says to ignore it."""
        if self.into.kind == "race":
            return self._race(texts, notes)
        if len(set(texts)) > 1:
            raise BadValue("several-values")
        if self._table is None:
            return self._typed(texts[0], notes), ""
        row = self._row(texts[0], notes)
        if self.into.kind == "coded":
            return self._coded(texts[0], row)
        if row is None:
            raise BadValue("unmapped-code")
        words = f"{self._table.name}.csv row {row.number}: {row.status}"
        if row.status == "ignore":
            return None, ""
        if row.status == "mapped":
            return self._typed(row.target, notes), f"{words} → {row.target}"
        if row.status in self.into.words:
            return row.status, words
        if not self.into.nullable:
            raise BadValue(f"code-{row.status}")
        return None, words

    def _coded(self, text: str, row: Row | None) -> tuple[Any, str]:
        table = cast(Table, self._table)
        if row is None:
            return _undecided(text), f"{table.name}.csv has no decided row for it: kept as unmapped"
        if row.status == "ignore":
            return None, ""
        words = f"{table.name}.csv row {row.number}: {row.status}"
        if row.status == "mapped":
            return Coded(
                code=row.target,
                system=row.system or None,
                display=name_of_code(row.target),
                original=text,
                mapped=row.target,
            ), f"{words} → {row.target}"
        return Coded(original=text), words

    def _row(self, text: str, notes: Notes) -> Row | None:
        table, text = cast(Table, self._table), text.strip()
        row = table.rows.get(text)
        near = self._folded.get(folded(text), "") if row is None and self._folded else ""
        if near and self.rule.match == "fold":
            return table.rows[near]
        if row is None:
            notes.unmapped.append(Unmapped(table.name, self.into.name, text, near))
        return row

    def _race(self, texts: Sequence[str], notes: Notes) -> tuple[Any, str]:
        rows = [self._row(text, notes) for text in texts]
        told = [row for row in rows if row is not None and row.status != "ignore"]
        if None not in rows and not told:
            return None, ""
        groups = [row.target for row in told if row.status == "mapped"]
        absences = [cast(str, row.status) for row in told if row.status != "mapped"]
        if None in rows:
            notes.issues.append("unmapped-code.race_ethnicity")
        words = "; ".join(
            "no decided row: kept as unmapped"
            if row is None
            else f"row {row.number}: {row.status} {row.target}".strip()
            for row in rows
        )
        return report(groups, absences or ["unknown"], "administrative"), f"{cast(Table, self._table).name}.csv {words}"

    def _typed(self, text: str, notes: Notes) -> Any:
        if self.into.kind == "word" and self.rule.parse is None and not self._is_yes_no():
            return self._word(text)
        if self.into.kind == "word" and text in self.into.words:
            return text
        if self.into.kind == "coded":
            return _undecided(text)
        if self.into.clear and self.rule.codes is None and (shape := _SHAPES.get(self.into.name)):
            if shape(text) is None:
                raise BadValue("not-a-code")
            return text
        return self._tokenized(self._parse(text), notes)

    def _word(self, text: str) -> str:
        if text not in self.into.words:
            raise BadValue("not-a-known-word")
        return text

    def _is_yes_no(self) -> bool:
        return self.into.words == _YES_NO

    def _tokenized(self, value: Any, notes: Notes) -> Any:
        if self.into.kind != "token" or not isinstance(value, str):
            return value
        return notes.stamp.site(value) if self.into.name == "site" else notes.stamp.token(self.into.name, value)

    def _explain(self, notes: Notes, texts: Sequence[tuple[str, str, str]], code: str, output: Any, note: str) -> None:
        if notes.steps is not None:
            inputs = tuple((path, sent) for path, sent, _ in texts)
            notes.steps.append(Step(self.into.name, self._words(), inputs, code, output, note))

    def _words(self) -> str:
        rule = self.rule
        if rule.value is not None:
            return "constant"
        parts = [" | ".join(rule.from_) if rule.join is None else " + ".join(rule.from_)]
        parts += [f"hook {rule.hook}"] if rule.hook else []
        parts += [f"codes/{rule.codes}.csv"] if rule.codes else []
        if rule.parse or self.into.kind in ("date", "time", "bool", "int"):
            parts.append(
                (rule.parse or _PARSE[self.into.kind]) + (f" {' or '.join(rule.format)}" if rule.format else "")
            )
        return ", ".join(parts)

    def _code_table(self, around: Around) -> Table | None:
        name = self.rule.codes
        if self.into.kind == "race" and name is None:
            raise BadRule("", "race_ethnicity needs `codes`: a table of what the source writes")
        if name is None:
            return None
        if name not in around.tables:
            raise BadRule(
                "codes", f"there is no codes/{name}.csv; there are {', '.join(sorted(around.tables)) or 'none'}"
            )
        table = around.tables[name]
        if self.into.name == "sex":
            _require_sexes(table)
        allowed = get_args(RaceGroup) if self.into.kind == "race" else self.into.words
        absent = (*get_args(Absence),) if self.into.kind == "race" else ()
        for value, row in table.rows.items():
            if row.status == "mapped" and allowed and row.target not in allowed:
                more = " (an absence is a status, declined or unknown)" if row.target in absent else ""
                raise BadRule("codes", f"codes/{name}.csv:{row.number}: {value} → {row.target}: {self.into.name} is one of "
                              f"{', '.join(allowed)}{more}")  # fmt: skip
        return table

    def _by_fold(self) -> Mapping[str, str]:
        """The decided value for each that differs from it by case and blanks alone; BadRule where two mean different things."""
        if self._table is None:
            if self.rule.match != "exact":
                raise BadRule("match", "is about code tables: give `codes`")
            return {}
        found: dict[str, str] = {}
        for value, row in self._table.rows.items():
            first = self._table.rows[found.setdefault(folded(value), value)]
            if self.rule.match == "fold" and first[1:] != row[1:]:
                rows = f"codes/{self._table.name}.csv: rows {first.number} and {row.number}"
                raise BadRule("match", f"{rows} differ by case alone and mean different things: take `exact`")
        return found

    def _named_hook(self, around: Around) -> Hook | None:
        name = self.rule.hook
        if name is not None and name not in around.hooks:
            raise BadRule(
                "hook", f"hooks.py has no function {name}; it has {', '.join(sorted(around.hooks)) or 'none'}"
            )
        return around.hooks[name] if name is not None else None

    def _parser(self, around: Around) -> Parse:
        rule, into = self.rule, self.into
        kind = (
            rule.parse
            or _PARSE.get(into.kind)
            or _OF_BLOCK.get(into.name)
            or ("yes-no" if self._is_yes_no() else "text")
        )
        fits = kind in _FITS[into.kind] if into.kind in _FITS else kind not in _NOT_TEXT
        if not fits:
            raise BadRule("parse", f"{into.name} cannot be read as {kind}")
        standard: str | None = around.opened.dates
        if rule.value is not None and not rule.format:
            standard = "iso"
        return parser(kind, rule, around.zone, standard)

    def _fixed(self, part: str, value: str | int | bool) -> Any:
        """A constant or default as the field's own type; BadRule when it does not fit."""
        kind = self.into.kind
        wanted = {"bool": bool, "int": int}.get(kind, str)
        if type(value) is not wanted or kind in ("coded", "race"):
            raise BadRule(part, f"{self.into.name} cannot be {value!r}")
        if kind == "word" and value not in self.into.words:
            raise BadRule(part, f"{self.into.name} is one of {', '.join(self.into.words)}, not {value}")
        if kind in ("date", "time"):
            try:
                return parser(_PARSE[kind], _PLAIN_RULE, ZoneInfo("UTC"), "iso")(str(value))
            except BadValue:
                raise BadRule(part, f"{self.into.name} must be written as 2021-03-09") from None
        return value


def _require_sexes(table: Table) -> None:
    for value, row in table.rows.items():
        if row.status == "mapped" and row.target.casefold() not in _SEXES:
            raise BadRule("codes", f"codes/{table.name}.csv:{row.number}: {value} → {row.target}: sex is one of "
                          f"{', '.join(SEX_WORDS)}")  # fmt: skip


def _undecided(text: str) -> Coded:
    """What no row decides: shown in the clear only where it has the shape of a code; the sealed original keeps the rest."""
    return Coded(original=code_of(text))
