"""A field rule that remembers what a text came to: sources write the same dates, codes and words over and over.

Only what hangs on the text alone is remembered: no hook (somebody else's code), no token (it hangs on the installation's keys),
no value that left a note (an issue, an unmapped code) or that the record was rejected for, and nothing that is one person's own
(a phone number hardly recurs, and is not to stay in memory). `--explain` works everything out.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from hub.mapping.declared.fields import FieldRule
from hub.mapping.declared.format import NotAValue, Record
from hub.mapping.declared.model import Rule
from hub.mapping.declared.parsing import parser
from hub.mapping.declared.targets import Around, Notes, Target

__all__ = ["RememberingRule"]

_REMEMBERED = 4_096
"""So many texts of a field; then it begins anew."""
_MEMORABLE = 64
"""Characters: a longer text is not kept in memory."""
_OWN = frozenset({"ssn", "phone", "email", "address_line", "local_id"})
_UNKNOWN = object()
_TEXT = parser("text", Rule(value=""), ZoneInfo("UTC"), None)


class RememberingRule(FieldRule):
    """Gives what FieldRule gives."""

    def __init__(self, rule: Rule, into: Target, around: Around) -> None:
        super().__init__(rule, into, around)
        several = len(rule.from_) > 1 and (rule.join is not None or into.kind == "race")
        hangs_on_more = rule.value is not None or several or rule.hook is not None or into.kind == "token"
        self._by_text = not (hangs_on_more or into.name in _OWN)
        self._may_be_none = rule.default is None and not rule.required and into.nullable
        self._verbatim = into.kind == "str" and rule.codes is None and not into.clear and self._parse is _TEXT
        self._came_to: dict[str, Any] = {}

    def value(self, record: Record, notes: Notes) -> Any:
        """As FieldRule.value."""
        if not self._by_text or notes.steps is not None:
            return super().value(record, notes)
        texts: list[str] = []
        try:
            for _, read in self.looks:
                if texts := read(record):
                    break
        except NotAValue:
            return super().value(record, notes)
        if not texts and self._may_be_none:
            return None
        if len(texts) != 1 or (self._ignore and texts[0].casefold() in self._ignore):
            return super().value(record, notes)
        text = texts[0]
        if self._verbatim:
            return text
        found = self._came_to.get(text, _UNKNOWN)
        return found if found is not _UNKNOWN else self._worked_out(text, record, notes)

    def _worked_out(self, text: str, record: Record, notes: Notes) -> Any:
        noted = len(notes.issues) + len(notes.unmapped)
        found = super().value(record, notes)
        if len(notes.issues) + len(notes.unmapped) == noted and len(text) <= _MEMORABLE:
            if len(self._came_to) >= _REMEMBERED:
                self._came_to.clear()  # one step: another thread may read it
            self._came_to[text] = found
        return found
