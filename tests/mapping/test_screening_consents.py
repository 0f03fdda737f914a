"""CONSENT from drop to drop (social-standards.md R23): a later no stops what an earlier yes let in, in whatever order they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from hub.connectors.export_memory import ExportMemory
from hub.connectors.installed import programs
from hub.domain.consents import refused_since
from hub.domain.facts import Choice, ScreenAnswer
from hub.domain.ids import Ids
from hub.mapping.program import Mapped, MappingContext, Unit
from tests.mapping.reading import MadeUpAgreement, counted, facts_of
from tests.mapping.test_screenings import HRSN, answer, drop, person

AS_OF = 738_000  # long after
Files = dict[str, bytes | str]


def begun(memory: ExportMemory, files: Files) -> Iterator[Mapped]:
    content = {name: data.encode() if isinstance(data, str) else data for name, data in files.items()}
    context = MappingContext(HRSN, MadeUpAgreement(), Ids(b"k" * 32), memory=memory)
    return programs()[HRSN].read(Unit("unit", content), context)


def read(memory: ExportMemory, files: Files) -> list[Mapped]:
    return list(begun(memory, files))


def on(day: str, consent: str, *, mrn: str = "M1") -> Files:
    said = list(answer("88122-7", "LA28397-0", mrn=mrn))
    said[5] = f"{day}T15:05:13-04:00"
    return drop(tuple(said), people=(person(consent, mrn=mrn),))


@pytest.fixture
def memory(tmp_path: Path) -> ExportMemory:
    return ExportMemory(tmp_path / "exports" / "hrsn.sqlite")


def choices(found: Sequence[Mapped]) -> list[Any]:
    return [mapped.event for mapped in found if mapped.type == "consent" and mapped.event is not None]


def event_ids(found: Sequence[Mapped]) -> list[str]:
    return [choice.event_id for choice in choices(found)]


def refused(found: Sequence[Mapped]) -> bool:
    facts = facts_of(mapped.event for mapped in found if mapped.event is not None)
    told = [(("s", key), fact) for key, fact in facts.items() if isinstance(fact, Choice) and fact.active]
    return refused_since(told, AS_OF) is not None


def test_social_23_a_later_no_stops_what_an_earlier_yes_let_in(memory: ExportMemory) -> None:
    found = read(memory, on("2021-01-06", "Y"))
    assert not choices(found)
    later = read(memory, on("2021-02-06", "N"))
    assert counted(later)["rejected"] == {"no-consent": 2}
    (choice,) = choices(later)
    assert (choice.status, str(choice.occurred_on), choice.person, choice.active) == (
        "revoked",
        "2021-02-06",
        None,
        True,
    )
    assert choice.source_person == found[0].event.source_person  # type: ignore[union-attr]
    assert refused([*found, *later])


def test_a_no_of_somebody_of_whom_nothing_was_taken_makes_no_event(memory: ExportMemory) -> None:
    assert counted(read(memory, on("2021-01-06", "N")))["events"] == {}
    assert counted(read(memory, on("2021-02-06", "N")))["events"] == {}


@pytest.mark.parametrize("word", ["", "UNK", "deferred"])
def test_a_word_that_is_no_no_refuses_nothing_and_lets_nothing_in(word: str, memory: ExportMemory) -> None:
    found = read(memory, on("2021-01-06", "Y"))
    later = read(memory, on("2021-02-06", word))
    assert counted(later)["events"] == {}
    assert not refused([*found, *later])


def test_who_consents_again_later_is_taken_in_again(memory: ExportMemory) -> None:
    found = [
        mapped
        for day, word in (("01", "Y"), ("02", "N"), ("03", "Y"))
        for mapped in read(memory, on(f"2021-{day}-06", word))
    ]
    assert [choice.status for choice in choices(found)] == ["revoked", "given"]
    assert not refused(found)
    assert counted(read(memory, on("2021-03-06", "Y")))["events"] == {"consent": 1, "person": 1, "screening": 1}


def test_of_a_yes_and_a_no_of_one_time_the_no_stands(memory: ExportMemory) -> None:
    found = read(memory, on("2021-01-06", "Y")) + read(memory, on("2021-01-06", "N"))
    assert refused(found)
    assert counted(read(memory, on("2021-01-06", "Y")))["rejected"] == {"no-consent": 2}


def test_in_any_order_of_drops_the_newest_word_decides_whether_there_is_support(tmp_path: Path) -> None:
    drops = [on("2021-01-06", "Y"), on("2021-02-06", "N"), on("2021-01-20", "Y")]
    for number, order in enumerate(permutations(drops)):
        memory = ExportMemory(tmp_path / f"{number}.sqlite")
        found = [mapped for files in order for _ in range(2) for mapped in read(memory, files)]
        facts = facts_of(mapped.event for mapped in found if mapped.event is not None)
        assert refused(found) or not any(isinstance(fact, ScreenAnswer) for fact in facts.values())


def test_a_drop_that_breaks_off_is_read_again_alike(memory: ExportMemory) -> None:
    read(memory, on("2021-01-06", "Y"))
    broken = begun(memory, on("2021-02-06", "N"))
    next(broken)
    broken.close()  # type: ignore[attr-defined]
    assert [choice.status for choice in choices(read(memory, on("2021-02-06", "N")))] == ["revoked"]
    assert [choice.status for choice in choices(read(memory, on("2021-02-06", "N")))] == ["revoked"]


def test_a_no_whose_drop_was_lost_is_told_by_the_next_drop_that_says_no(memory: ExportMemory) -> None:
    """The broker was away, and the next drop has the name of the one before: what was read is never read again."""
    found = read(memory, on("2021-01-06", "Y"))
    lost = read(memory, on("2021-02-06", "N"))
    for day in ("2021-02-06", "2021-02-07"):
        later = read(memory, on(day, "N"))
        assert refused([*found, *later])
        assert (event_ids(later) == event_ids(lost)) is (day == "2021-02-06")
    assert event_ids(read(memory, on("2021-02-06", "N"))) == event_ids(later)  # the newest no stands


@pytest.mark.parametrize(("day", "word"), [("2021-01-20", "Y"), ("2021-01-06", "Y"), ("2021-03-06", "")])
def test_a_no_whose_drop_was_lost_is_told_by_any_drop_that_has_the_person(
    day: str, word: str, memory: ExportMemory
) -> None:
    found = read(memory, on("2021-01-06", "Y"))
    (lost,) = choices(read(memory, on("2021-02-06", "N")))
    later = read(memory, on(day, word))
    assert [choice.event_id for choice in choices(later)] == [lost.event_id]
    assert refused([*found, *later])


def test_a_yes_given_anew_whose_drop_was_lost_is_told_by_the_next_drop_that_says_yes(memory: ExportMemory) -> None:
    found = read(memory, on("2021-01-06", "Y")) + read(memory, on("2021-02-06", "N"))
    read(memory, on("2021-03-06", "Y"))  # lost
    assert not refused([*found, *read(memory, on("2021-03-07", "Y"))])


def test_others_of_the_drop_are_not_asked(memory: ExportMemory) -> None:
    read(memory, on("2021-01-06", "Y", mrn="M2"))
    assert counted(read(memory, on("2021-02-06", "N")))["events"] == {}


def stands(found: Sequence[Mapped]) -> tuple[str, str]:
    """The choice that stands in the end."""
    told = choices(found)
    newest = max(told, key=lambda event: (event.changed_at, event.status_rank))
    return newest.event_id, newest.status


def test_in_any_order_of_drops_a_yes_that_is_newer_than_the_no_stands(tmp_path: Path) -> None:
    drops = [on("2021-01-06", "Y"), on("2021-02-06", "N"), on("2021-03-06", "Y")]
    ends = set()
    for number, order in enumerate(permutations(drops)):
        memory = ExportMemory(tmp_path / f"{number}.sqlite")
        found = [mapped for files in order for _ in range(2) for mapped in read(memory, files)]
        assert not refused(found)
        assert any(mapped.type == "screening" and mapped.event is not None for mapped in found)
        ends.add(stands(found))
    ((_, status),) = ends
    assert status == "given"


def unanswered(consent: str) -> Files:
    """A drop of somebody who answered nothing in it: nobody can say when they chose."""
    return drop(answer("88122-7", "LA28397-0", mrn="M2"), people=(person(consent), person("Y", mrn="M2")))


def test_a_no_without_answers_counts_from_the_yes_that_it_takes_back(memory: ExportMemory) -> None:
    found = read(memory, on("2021-01-06", "Y"))
    later = read(memory, unanswered("N"))
    again = read(memory, unanswered("N"))
    (choice,) = choices(later)
    assert (choice.status, str(choice.occurred_on)) == ("revoked", "2021-01-06")
    assert stands(later) == stands(again)
    found += later + again + read(memory, on("2021-01-06", "Y"))
    assert refused(found)
    assert counted(read(memory, on("2021-01-06", "Y")))["rejected"] == {"no-consent": 2}
    assert not refused(found + read(memory, on("2021-03-06", "Y")))


def test_who_was_let_in_before_anything_was_remembered_is_stopped_once_the_drops_are_read_again(
    memory: ExportMemory,
) -> None:
    found = [*begun_without_memory(on("2021-01-06", "Y")), *read(memory, on("2021-02-06", "N"))]
    assert not choices(found)
    found += read(memory, on("2021-01-06", "Y")) + read(memory, on("2021-02-06", "N"))
    assert stands(found)[1] == "revoked"
    assert refused(found)


def begun_without_memory(files: Files) -> list[Mapped]:
    """As releases without a memory read it."""
    nothing: Any = None
    return read(nothing, files)
