"""A connector.yaml's rules checked against the event models: a program, or every complaint with its place in the document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, get_origin
from zoneinfo import ZoneInfo

from hub.domain.events import EVENT_TYPES, Event, PersonBlock
from hub.mapping.declared.codes import Table
from hub.mapping.declared.fields import FieldRule
from hub.mapping.declared.format import Look, Reading, RecordFormat
from hub.mapping.declared.model import EventRule, Rule
from hub.mapping.declared.parsing import BadRule, zone_of
from hub.mapping.declared.program import KEYS_OF_LAB, Compiled, DeclaredProgram, Filter, Spec, Who
from hub.mapping.declared.remembered import RememberingRule
from hub.mapping.declared.targets import Around, Hook, Target, target

__all__ = ["NO_RULE_FILLS", "Complaint", "compile_map", "event_fields", "needed_fields"]

NO_RULE_FILLS = frozenset({"local_id", "hashed"})
"""Of the person block: what `identity.id` fills, and filters, whose secret is checked in lists alone (hub.mapping.lists_hashed)."""

COMMON = ("occurred_on", "changed_at", "status_rank", "active")
_COMMON_TARGETS = {
    "occurred_on": Target("occurred_on", "date"), "changed_at": Target("changed_at", "time"),
    "status_rank": Target("status_rank", "int"), "active": Target("active", "bool"),
}  # fmt: skip


class Complaint(NamedTuple):
    """`at`: way to the value in the document, (`map`, 0, `fields`, `site`)."""

    at: tuple[str | int, ...]
    why: str


def event_fields(kind: str) -> tuple[str, ...]:
    """The fields of an event that a map may set under `fields`: none that holds a list."""
    own = [
        name for name, info in EVENT_TYPES[kind].model_fields.items()
        if name not in Event.model_fields and get_origin(info.annotation) is not tuple
    ]  # fmt: skip
    return (*own, "race_ethnicity")


def needed_fields(kind: str) -> tuple[str, ...]:
    """Those without which there is no such event."""
    fields = EVENT_TYPES[kind].model_fields
    return tuple(
        name for name in event_fields(kind)
        if fields[name].is_required() and not target(EVENT_TYPES[kind], name).nullable and name not in KEYS_OF_LAB
    )  # fmt: skip


def compile_map(
    spec: Spec, format_: RecordFormat, tables: Mapping[str, Table], hooks: Mapping[str, Hook]
) -> tuple[DeclaredProgram | None, list[Complaint]]:
    """The program, or None and every complaint there is."""
    return _Compiler(spec, format_, tables, hooks).compiled()


class _Compiler:
    def __init__(
        self, spec: Spec, format_: RecordFormat, tables: Mapping[str, Table], hooks: Mapping[str, Hook]
    ) -> None:
        self._spec = spec
        self._complaints: list[Complaint] = []
        zone = ZoneInfo("UTC")
        try:
            zone = zone_of(spec.timezone)
        except BadRule as why:
            self._complaints.append(Complaint(("source", "timezone"), str(why)))
        placeholders = frozenset(word.casefold() for word in spec.identity.ignore) if spec.identity else frozenset()
        try:
            self._opened = format_.open(Reading(spec.each, tuple(spec.transport), spec.path_language))
        except BadRule as why:
            self._complaints.append(Complaint(("source", why.part), str(why)))
            self._opened = format_.open(Reading())
        self._around = Around(self._opened, zone, tables, hooks, spec.on_error)
        self._of_people = self._around._replace(ignore=placeholders)

    def compiled(self) -> tuple[DeclaredProgram | None, list[Complaint]]:
        events = [self._event(("map", n), rule) for n, rule in enumerate(self._spec.events)]
        who = self._identity()
        if self._complaints:
            return None, self._complaints
        return DeclaredProgram(self._spec.name, self._opened, [each for each in events if each], who), []

    def _complain(self, at: tuple[str | int, ...], why: str) -> None:
        self._complaints.append(Complaint(at, why))

    def _event(self, at: tuple[str | int, ...], rule: EventRule) -> Compiled | None:
        if rule.event not in EVENT_TYPES:
            self._complain(
                (*at, "event"), f"there is no event {rule.event}; there are {', '.join(sorted(EVENT_TYPES))}"
            )
            return None
        model = EVENT_TYPES[rule.event]
        known = event_fields(rule.event)
        fields: dict[str, FieldRule] = {}
        for name, given in rule.fields.items():
            if name not in known:
                self._complain((*at, "fields", name), f"{rule.event} has no field {name}; it has {', '.join(known)}")
            elif made := self._rule(
                (*at, "fields", name), given, target(model, name)._replace(clear=True), self._around
            ):
                fields[name] = made
        if missing := [name for name in needed_fields(rule.event) if name not in rule.fields]:
            self._complain((*at, "event"), f"{rule.event} needs fields: {', '.join(missing)}")
        if rule.person and self._spec.identity is None:
            self._complain((*at, "event"), f"{rule.event} is of a person: write `identity`, or `person: false`")
        common = {}
        for name in COMMON:
            given_common: Rule | None = getattr(rule, name)
            if given_common is not None and (
                made := self._rule((*at, name), given_common, _COMMON_TARGETS[name], self._around)
            ):
                common[name] = made
        required = [n for n in known if model.model_fields[n].is_required()]
        return Compiled(
            rule.event, model, self._filters(at, rule), self._key(at, rule), common, fields, rule.person, rule.labels,
            tuple(n for n in required if n not in needed_fields(rule.event)), "issues" in model.model_fields,
        )  # fmt: skip

    def _filters(self, at: tuple[str | int, ...], rule: EventRule) -> tuple[Filter, ...]:
        found = []
        for n, where in enumerate(rule.where):
            read = self._look((*at, "where", n, "path"), where.path)
            if read is not None:
                found.append(Filter(read, where.equals, where.not_equals, where.present))
        return tuple(found)

    def _key(self, at: tuple[str | int, ...], rule: EventRule) -> tuple[tuple[str, Look], ...]:
        paths, here = (rule.dedupe, (*at, "dedupe")) if rule.dedupe else (self._spec.dedupe, ("dedupe",))
        if not paths:
            self._complain(
                (*at, "event"), f"{rule.event} needs `dedupe`: the paths whose values name this fact, and no other"
            )
        return tuple((path, read) for n, path in enumerate(paths) if (read := self._look((*here, n), path)) is not None)

    def _look(self, at: tuple[str | int, ...], path: str) -> Look | None:
        try:
            return self._opened.look(path, needed=True)
        except BadRule as why:
            self._complain(at, str(why))
            return None

    def _rule(self, at: tuple[str | int, ...], rule: Rule, into: Target, around: Around) -> FieldRule | None:
        try:
            return RememberingRule(rule, into, around)
        except BadRule as why:
            self._complain((*at, why.part) if why.part else at, str(why))
            return None

    def _identity(self) -> Who | None:
        identity = self._spec.identity
        if identity is None:
            return None
        of_id = self._rule(("identity", "id"), identity.id, Target("id", "str"), self._of_people)
        authority = self._rule(
            ("identity", "authority"), identity.authority, Target("authority", "str"), self._of_people
        )
        block: dict[str, FieldRule] = {}
        for name, rule in identity.block.items():
            at = ("identity", "block", name)
            if name not in PersonBlock.model_fields or name in NO_RULE_FILLS:
                there = ", ".join(known for known in PersonBlock.model_fields if known not in NO_RULE_FILLS)
                self._complain(at, f"the person block has no {name}; it has {there}")
            elif made := self._rule(at, rule, target(PersonBlock, name), self._of_people):
                block[name] = made
        return Who(of_id, authority, block) if of_id and authority else None
