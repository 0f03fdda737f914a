"""Reading files through a program in tests: one context, made-up people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.connectors.installed import programs
from hub.domain.events import Event
from hub.domain.facts import AnyFact
from hub.domain.history import decode_row
from hub.domain.ids import Ids
from hub.mapping.program import Mapped, MappingContext, Unit


@dataclass(frozen=True)
class MadeUpAgreement:
    agreement_id: str = "test-agreement"
    purposes: tuple[str, ...] = ("isolation-support",)
    labels: tuple[str, ...] = ("R",)


class Reader:
    """Reads files through the program of a connector."""

    def __call__(self, connector: str, files: Mapping[str, bytes | str], **options: Any) -> list[Mapped]:
        content = {name: data.encode() if isinstance(data, str) else data for name, data in files.items()}
        context = MappingContext(connector, MadeUpAgreement(), Ids(b"k" * 32), options=options)
        return list(programs()[connector].read(Unit("unit", content), context))

    def events(self, connector: str, files: Mapping[str, bytes | str], **options: Any) -> list[Any]:
        """The events alone (typed Any: tests name the fields of the kind they made)."""
        found = self(connector, files, **options)
        assert [m.reason for m in found if m.outcome == "rejected"] == []
        return [mapped.event for mapped in found if mapped.event is not None]


def counted(found: list[Mapped]) -> dict[str, dict[str, int]]:
    """Events by type, rejected and ignored by reason: what `hub connector try --summary` shows."""
    return {
        "events": dict(Counter(m.type or "" for m in found if m.outcome == "event")),
        "rejected": dict(Counter(m.reason or "" for m in found if m.outcome == "rejected")),
        "ignored": dict(Counter(m.reason or "" for m in found if m.outcome == "ignored")),
    }


def identity(event: Event) -> tuple[str, str]:
    return event.fact_key, event.event_id


def facts_of(events: Iterable[Event]) -> dict[str, AnyFact]:
    """What one person's row holds after these events of theirs, told one after the other."""
    row = decode_row(None)
    for offset, event in enumerate(events):
        fields = {name: getattr(event, name) for name in type(event).model_fields if name != "person"}
        if event.race_ethnicity is not None:
            fields["race_ethnicity"] = event.race_ethnicity.model_dump()
        row.apply("p", offset, {**fields, "kind": type(event).kind, "county": None, "link_revision": 0})
    return {key: fact for sub in row.subs.values() for key, fact in sub.facts.items()}
