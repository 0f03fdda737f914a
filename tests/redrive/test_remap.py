"""After a code table changed: the fact keeps its key, the changed outcome gets a higher mapping version, the rest stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hub.connectors.door import Unit
from hub.domain.events import LabResult
from hub.mapping import labs
from hub.mapping.program import Mapped
from hub.redrive.remap import Remapped, remap, unmapped
from hub.wiring_outgoing import SealedPack
from hub.wiring_rejected import Desk, Source
from tests.connectors.made_up_lab import message
from tests.redrive.desk import AT, Installation

LAB, LABS = "lab-elr-hl7v2", "hub.intake.lab-result.v1"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    made = Installation(tmp_path, monkeypatch, LAB)
    desk = made.desk()
    pack = SealedPack(LAB, made.codec(), made.vault(), now=lambda: AT)
    for n in (1, 2, 3):
        mapped = next(iter(desk.source(LAB)(Unit("u", message(n)))))
        assert mapped.event is not None
        event = desk.source(LAB).agreement.grant(mapped.event)
        desk.publish([pack.event(event), pack.original(event, message(n), Unit("u", b""), f"message {n}")])
    return made


def run(desk: Desk) -> Remapped:
    told = Remapped()
    desk.send(LAB, [event for event, _ in remap(desk.originals(LAB), desk.known(LAB), told)])
    return told


def table_changed(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """From now on, message `number` means something else."""
    honest = labs._event

    def changed(obx: object, group: object, report: labs._Report, *rest: object) -> LabResult | None:
        event = honest(obx, group, report, *rest)  # type: ignore[arg-type]
        is_meant = report.patient.local_id.endswith(str(number))
        return event.model_copy(update={"meaning": "review"}) if event and is_meant else event

    monkeypatch.setattr(labs, "_event", changed)


def test_nothing_is_published_where_nothing_changed(site: Installation) -> None:
    told = run(site.desk())
    assert (told.unchanged, told.published) == (3, 0)
    assert len(site.ids_on(LABS)) == 3


def test_a_changed_outcome_is_the_same_fact_with_a_higher_mapping_version(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    table_changed(monkeypatch, 2)
    told = run(site.desk())
    assert (told.changed, told.unchanged, told.new) == (1, 2, 0)
    events = list(site.desk().events(LAB))
    (newest,) = [event for event in events if event.mapping_version == 2]
    (before,) = [e for e in events if e.fact_key == newest.fact_key and e is not newest]
    assert isinstance(newest, LabResult)
    assert newest.meaning == "review"
    assert newest.event_id != before.event_id
    assert (newest.changed_at, newest.status_rank, newest.content_hash) == (
        before.changed_at, before.status_rank, before.content_hash,
    )  # fmt: skip
    again = run(site.desk())
    assert (again.published, again.unchanged) == (0, 3), "a second run publishes nothing"


def test_everything_is_told_anew_when_the_mapping_version_rose(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = site.desk()
    raised = desk.source(LAB)
    raised._context = replace(raised._context, mapping_version=5)
    assert run(desk).raised == 3
    desk = site.desk()
    monkeypatch.setattr(Source, "mapping_version", 5)
    assert [event.mapping_version for event in desk.events(LAB)] == [1, 1, 1, 5, 5, 5]


def test_an_original_of_an_erased_person_is_not_read_again(site: Installation) -> None:
    (first, *_) = site.desk().events(LAB)
    site.vault().erase(first.source_person or "")
    told = run(site.desk())
    assert told.not_read == {"key-erased": 1}
    assert (told.unchanged, told.published) == (2, 0)


def test_a_value_without_a_table_row_is_on_the_stewards_list(site: Installation) -> None:
    strange = message(4, answer="999999^Perhaps^SCT")
    found: list[Mapped] = list(site.desk().source(LAB)(Unit("u", strange)))
    assert [[field for field, _ in unmapped(m.event)] for m in found if m.event] == [["result"]]
    good = [m.event for m in site.desk().source(LAB)(Unit("u", message(1))) if m.event]
    assert [list(unmapped(event)) for event in good] == [[]]
