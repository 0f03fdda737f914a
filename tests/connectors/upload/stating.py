"""Facts of made-up people as an upload brings them, and what the fold believes after everything that was published."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from hub.connectors.upload.kept import Kept, Taken
from hub.connectors.upload.store import UploadStore
from hub.domain.events import EVENT_TYPES, PLACE_KINDS, Event, PersonBlock
from hub.domain.facts import AnyFact
from hub.domain.history import decode_row
from hub.domain.ids import content_hash
from tests.builders import FAR_PAST, IDS

NOW = datetime(2021, 3, 1, 12, tzinfo=UTC)

_LEAST: dict[str, dict[str, Any]] = {
    "person": {},
    "lab-result": {
        "meaning": "positive", "status": "final", "processing": "production", "method": "molecular", "loinc": "94500-6",
        "observation_key": "o", "report_key": "r",
    },
    "vaccination": {"status": "administered", "cvx": "208", "covid": True},
    "case": {"isolating": True},
    "exposure": {"last_exposure_on": None},
    "shelter-stay": {"stay": "night", "presence": True, "site": "s", "site_kind": "congregate", "entered_on": NOW.date()},
    "living-situation": {"situation": "housed"},
    "site": {"site": "s", "site_kind": "congregate"},
    "food-assistance": {"program": "pantry", "enrolled": "yes", "delivered": True},
    "screening": {"category": "food", "indicates_need": "yes", "question": {}, "answer": {}, "final": True},
    "coverage": {"payer_class": "medicaid"},
    "vaccine-supply": {"site": "s", "covid": True},
    "referral": {"referral": "r", "category": "food-insecurity", "status": "sent"},
    "consent": {"status": "given"},
    "service": {"service": "s", "site": "s", "status": "active", "offered": True},
}  # fmt: skip


def an_event(
    kind: str, fact: str, content: str, *, at: datetime = FAR_PAST, person: str | None = "p1", **more: Any
) -> Event:
    """The least event of a kind, as a connector's map would give it."""
    fact_key = IDS.fact_key("pantry", kind, fact)
    model = EVENT_TYPES[kind]
    fields = {**_LEAST[kind], **more}
    if kind == "screening":
        fields |= {"question": {"code": "q"}, "answer": {"code": "a"}}
    return model.model_validate(
        {
            "event_id": IDS.event_id(fact_key, f"{content} {at.isoformat()} 0", 1), "source": "pantry",
            "source_person": None if kind in PLACE_KINDS else person, "fact_key": fact_key, "changed_at": at, "status_rank": 0,
            "content_hash": content_hash(content), "mapping_version": 1, "occurred_on": NOW.date(), "active": True,
            "agreement_id": "a", "labels": ("N",), "purposes": ("care",), **fields,
        }
    )  # fmt: skip


def a_box(fact: str, content: str, *, at: datetime = FAR_PAST, person: str = "p1", name: str = "Rosa") -> Event:
    """A food box that a person took home."""
    block = PersonBlock(given_name=name, family_name="Vega", local_id=person)
    bare = an_event("food-assistance", fact, content, at=at, person=person)
    return bare.model_copy(update={"person": block})


class Desk:
    """A store with the loop behind it: `published` is the topic. `crash_at`: so many events, then nothing more."""

    def __init__(self, store: UploadStore) -> None:
        self.store, self.published, self._uploads = store, list[Event](), 0

    def send(self, *events: Event, crash_at: int | None = None) -> str:
        self._uploads += 1
        upload_id = f"upload-{self._uploads}"
        taken = [Taken(event, row, f"row {row}".encode(), b"head") for row, event in enumerate(events, start=2)]
        self.store.begin(upload_id, "desk", "march.csv", taken, NOW)
        self.run(upload_id, crash_at)
        return upload_id

    def pull_back(self, upload_id: str, crash_at: int | None = None) -> bool:
        taken = self.store.pull_back(upload_id, "desk", NOW)
        if taken:
            self.run(upload_id, crash_at)
        return taken

    def run(self, upload_id: str, crash_at: int | None = None) -> list[Kept]:
        going = list(self.store.replay(upload_id))
        self.published += [kept.outgoing for kept in going[:crash_at]]
        if crash_at is None:
            self.store.done(upload_id, {}, NOW)
        return going

    def believed(self, events: Iterable[Event] | None = None) -> dict[str, str]:
        """What stands after the fold: content by fact, withdrawn facts left out."""
        return {key: fact.content for key, fact in self.facts(events).items() if fact.active}

    def facts(self, events: Iterable[Event] | None = None) -> dict[str, AnyFact]:
        row = decode_row(None)
        for offset, event in enumerate(self.published if events is None else events):
            record = {**event.model_dump(), "kind": type(event).kind, "link_revision": 1}
            row.apply("person", offset, record)
        return {key: fact for sub in row.subs.values() for key, fact in sub.facts.items()}


def key(fact: str, kind: str = "food-assistance") -> str:
    return IDS.fact_key("pantry", kind, fact)


def short(content: str) -> str:
    return content_hash(content)[:16]
