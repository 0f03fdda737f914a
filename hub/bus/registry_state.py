"""What the schema registry knows, as plain data: no socket, no Kafka.

State is a fold over the records of the registry's topic (`apply`); a request first asks for the record it would need
(`register`, `configure`), the caller writes that record, and only then is it applied. So memory never holds what the
log does not. Ids are global: one canonical text has one id in all subjects.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from hub.bus.avro_parse import parse
from hub.bus.avro_types import AvroType, InvalidSchema, canonical, with_sorted_extras
from hub.bus.compatibility import LEVELS, broken_rules

DEFAULT_LEVEL = "BACKWARD"

LogRecord = tuple[bytes, bytes]
"""Key and value of a record for the registry's topic, both JSON."""


class RegistryError(Exception):
    """An answer that is not a success: HTTP `status`, Confluent's `code`, and words."""

    def __init__(self, status: int, code: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.code = code
        self.words = words


@dataclass(frozen=True)
class Version:
    """One version of a subject."""

    subject: str
    version: int
    id: int
    text: str

    def as_json(self) -> dict[str, Any]:
        return {"subject": self.subject, "version": self.version, "id": self.id, "schema": self.text}


@dataclass
class RegistryState:
    """Subjects, schemas and compatibility levels."""

    subjects: dict[str, dict[int, Version]] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    levels: dict[str | None, str] = field(default_factory=dict)

    def apply(self, key: bytes | None, value: bytes | None) -> None:
        """Fold one record of the topic; the same record twice changes nothing."""
        what = json.loads(key or b"{}")
        if value is None:
            return
        content = json.loads(value)
        if what.get("type") == "SCHEMA":
            made = Version(what["subject"], what["version"], content["id"], content["schema"])
            self.subjects.setdefault(made.subject, {})[made.version] = made
            self.texts[made.id] = made.text
            self.ids[made.text] = made.id
        elif what.get("type") == "CONFIG":
            self.levels[what["subject"]] = content["compatibility"]

    def register(self, subject: str, text: str) -> tuple[int, LogRecord | None]:
        """The id of a canonical `text` in `subject`, and the record that must be written first (None: it is there).

        Raises 409 where the subject's level forbids it.
        """
        known = self._find(subject, text)
        if known:
            return known.id, None
        versions = self.versions(subject)
        broken = broken_rules(self.level(subject), read(text), (read(each.text) for each in versions))
        if broken:
            words = f"incompatible with an earlier schema of subject {subject!r}: {'; '.join(broken)}"
            raise RegistryError(409, 409, words)
        number = max((each.version for each in versions), default=0) + 1
        new_id = self.ids.get(text) or max(self.texts, default=0) + 1
        key = {"type": "SCHEMA", "subject": subject, "version": number}
        return new_id, _record(key, {"id": new_id, "schema": text})

    def configure(self, subject: str | None, level: str) -> LogRecord:
        """The record that sets the level of a subject, or of all (None). Raises 42203 for an unknown level."""
        if level not in LEVELS:
            raise RegistryError(422, 42203, f"Invalid compatibility level. Valid values are {', '.join(LEVELS)}")
        return _record({"type": "CONFIG", "subject": subject}, {"compatibility": level})

    def level(self, subject: str | None) -> str:
        """The level that holds for a subject: its own, else the global one."""
        return self.levels.get(subject) or self.levels.get(None) or DEFAULT_LEVEL

    def own_level(self, subject: str) -> str:
        """The level set on the subject itself. Raises 40408 where there is none."""
        if subject not in self.levels:
            words = f"Subject '{subject}' does not have subject-level compatibility configured"
            raise RegistryError(404, 40408, words)
        return self.levels[subject]

    def versions(self, subject: str) -> list[Version]:
        """Versions of a subject, oldest first; none for an unknown one."""
        return [version for _, version in sorted(self.subjects.get(subject, {}).items())]

    def version(self, subject: str, number: str) -> Version:
        """Version `number` (or `latest`, `-1`) of a subject. Raises 40401, 40402 or 42202."""
        known = self.require(subject)
        if number in ("latest", "-1"):
            return known[-1]
        if not (number.isascii() and number.isdigit() and 0 < int(number) < 2**31):
            raise RegistryError(422, 42202, f"The specified version '{number[:20]}' is not a valid version id.")
        found = self.subjects[subject].get(int(number))
        if found is None:
            raise RegistryError(404, 40402, f"Version {number} not found.")
        return found

    def require(self, subject: str) -> list[Version]:
        """Versions of a subject that must be known. Raises 40401."""
        known = self.versions(subject)
        if not known:
            raise RegistryError(404, 40401, f"Subject '{subject}' not found.")
        return known

    def lookup(self, subject: str, text: str) -> Version:
        """The version of `subject` with this canonical text. Raises 40401 or 40403."""
        self.require(subject)
        found = self._find(subject, text)
        if found is None:
            raise RegistryError(404, 40403, "Schema not found")
        return found

    def text(self, schema_id: int) -> str:
        """The canonical text of an id. Raises 40403."""
        if schema_id not in self.texts:
            raise RegistryError(404, 40403, f"Schema {schema_id} not found")
        return self.texts[schema_id]

    def uses(self, schema_id: int) -> list[Version]:
        """Versions, of any subject, that have this id. Raises 40403."""
        self.text(schema_id)
        return [each for name in sorted(self.subjects) for each in self.versions(name) if each.id == schema_id]

    def compatible(self, subject: str, text: str, against: Iterable[Version]) -> list[str]:
        """Why `text` may not follow `against` under the subject's level; empty when it may."""
        return broken_rules(self.level(subject), read(text), [read(each.text) for each in against])

    def _find(self, subject: str, text: str) -> Version | None:
        same = (each for each in self.versions(subject) if each.text == text)
        return next(same, None)


def canonical_text(text: str, *, normalize: bool = False) -> str:
    """The text under which a schema is kept; `normalize` sorts attributes unknown to Avro. Raises 42201."""
    try:
        schema = parse(text)
        return canonical(with_sorted_extras(schema) if normalize else schema)
    except InvalidSchema as wrong:
        raise RegistryError(422, 42201, f"Invalid schema: {wrong}") from wrong
    except RecursionError as wrong:
        raise RegistryError(422, 42201, "Invalid schema: nested too deep") from wrong


@lru_cache(maxsize=4_096)
def read(text: str) -> AvroType:
    """The type of a canonical text."""
    return parse(text)


def _record(key: dict[str, Any], value: dict[str, Any]) -> LogRecord:
    return json.dumps(key, sort_keys=True).encode(), json.dumps(value, sort_keys=True).encode()
