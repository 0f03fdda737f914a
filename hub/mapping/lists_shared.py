"""Ids that one list gives to two people (social-standards.md R3): nobody can say whose their rows are, so none of them is taken."""

from __future__ import annotations

from hub.mapping.lists import Line
from hub.mapping.lists_person import Somebody
from hub.mapping.lists_values import plain_word
from hub.mapping.program import NotMapped
from hub.mapping.same_person import two_people

__all__ = ["SharedIds"]

_NAMES = ("given", "family", "born")


class SharedIds:
    """Of one file: shown every row by `look` before any is mapped. Of given name, family name and birth date two must differ; one
    that differs is a correction."""

    def __init__(self) -> None:
        self._people: dict[tuple[str, str], dict[str, str]] = {}
        self._shared: set[tuple[str, str]] = set()

    def look(self, who: Somebody) -> None:
        """Note who a row says its id is."""
        if not who.key[0] or who.block is None:
            return
        told = (who.block.given_name, who.block.family_name, who.block.birth_date)
        named = {name: plain_word(f"{value or ''}") for name, value in zip(_NAMES, told, strict=True)}
        known = self._people.setdefault(who.key, named)
        if two_people(known, named, _NAMES):
            self._shared.add(who.key)
        else:
            self._people[who.key] = {name: known[name] or named[name] for name in _NAMES}

    def one_person(self, line: Line, who: Somebody, *fields: str) -> None:
        """NotMapped (`duplicate-key`, at the column of the first of `fields` that is there) where the id is two people's."""
        if who.key in self._shared:
            raise NotMapped("duplicate-key", field=line.column(*fields or ("person",)))
