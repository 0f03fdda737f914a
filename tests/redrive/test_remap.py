"""After a code table changed: the fact keeps its key, the changed outcome gets a higher mapping version, the rest stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from hub.bus.cloud_events import issues_of
from hub.connectors.door import Unit
from hub.connectors.originals import ToKeep
from hub.domain.events import LabResult
from hub.domain.restating import restated, withdrawn
from hub.mapping import labs
from hub.mapping.program import Mapped
from hub.redrive.remap import Read, Remapped, newest, remap, unmapped
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
    rows = []
    for n in (1, 2, 3):
        mapped = next(iter(desk.source(LAB)(Unit("u", message(n)))))
        assert mapped.event is not None
        event = desk.source(LAB).agreement.grant(mapped.event)
        desk.publish([pack.event(event)])
        rows.append(ToKeep(Unit("u", b""), event, message(n), f"message {n}"))
    shared = pack.originals(rows)
    assert len(shared) == 1
    desk.publish(shared)
    return made


def run(desk: Desk) -> Remapped:
    told = Remapped()
    desk.send(LAB, [event for event, _ in remap(desk.originals(LAB), desk.known(LAB), told)])
    return told


def table_changed(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """From now on, message `number` means something else."""
    honest = labs._event

    def changed(told: object, report: labs._Report, *rest: object) -> LabResult | None:
        event = honest(told, report, *rest)  # type: ignore[arg-type]
        is_meant = report.patient.local_id.endswith(str(number))
        return event.model_copy(update={"meaning": "review"}) if event and is_meant else event

    monkeypatch.setattr(labs, "_event", changed)


def test_nothing_is_published_where_nothing_changed(site: Installation) -> None:
    told = run(site.desk())
    assert (told.unchanged, told.published) == (3, 0)
    assert len(site.ids_on(LABS)) == 3


def test_issues_that_the_event_has_no_field_for_are_given_and_sent_with_it(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    table_changed(monkeypatch, 2)
    desk = site.desk()

    def odd(read: Read) -> Read:
        return lambda version, not_before=MappingProxyType({}): [
            mapped._replace(issues=("odd-county",)) for mapped in read(version, not_before)
        ]

    ((event, issues),) = remap([odd(read) for read in desk.originals(LAB)], desk.known(LAB), Remapped())
    assert issues == ("odd-county",)
    desk.send(LAB, [event], {event.event_id: issues})
    sent = list(site.log().read("", LABS))[-1]
    assert issues_of(sent.headers) == issues


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


def say(site: Installation, event: LabResult, n: int) -> None:
    """Publish as the upload page does: the word at its rank, with the original that stands there already."""
    pack = SealedPack(LAB, site.codec(), site.vault(), now=lambda: AT)
    site.desk().publish([pack.event(event), pack.original(event, message(n), Unit("u", b""), f"message {n}")])


def told_first(site: Installation, n: int) -> LabResult:
    """What message `n` says, as it came first."""
    [mapped] = site.desk().source(LAB)(Unit("u", message(n)))
    assert isinstance(mapped.event, LabResult)
    return site.desk().source(LAB).agreement.grant(mapped.event)


def standing(site: Installation, event: LabResult) -> LabResult:
    """The version of its fact that readers take."""
    [found] = newest(each for each in site.desk().events(LAB) if each.fact_key == event.fact_key)
    assert isinstance(found, LabResult)
    return found


def test_a_remap_wins_over_a_row_that_was_sent_again_after_it_was_taken_back(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = told_first(site, 2)
    taken_back, rank = withdrawn(event, (event.changed_at, event.status_rank))
    say(site, taken_back, 2)
    said_again = restated(event, (rank[0], rank[1] + 1))
    say(site, said_again, 2)
    assert standing(site, event).event_id == said_again.event_id
    table_changed(monkeypatch, 2)
    assert run(site.desk()).changed == 1
    now = standing(site, event)
    assert (now.meaning, now.active, now.status_rank) == ("review", True, said_again.status_rank)
    assert now.mapping_version == said_again.mapping_version + 1
    assert run(site.desk()).published == 0, "a second run publishes nothing"


def test_a_remap_does_not_say_again_what_was_taken_back(site: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    event = told_first(site, 2)
    higher = restated(event, (event.changed_at, event.status_rank + 1))
    say(site, higher, 2)
    taken_back, _ = withdrawn(higher, (higher.changed_at, higher.status_rank))
    say(site, taken_back, 2)
    table_changed(monkeypatch, 2)
    assert run(site.desk()).published == 0
    assert not standing(site, event).active


def test_a_remap_of_what_was_replaced_stays_below_its_replacement(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = told_first(site, 2)
    replaced = event.model_copy(update={"content_hash": "f" * len(event.content_hash), "event_id": "another"})
    say(site, restated(replaced, (event.changed_at, event.status_rank + 1)), 3)
    table_changed(monkeypatch, 2)
    run(site.desk())
    assert standing(site, event).content_hash == replaced.content_hash


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
