"""A hub that normalises otherwise than the one before makes every comparable anew, from all intake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from hub.bus.consumer import Incoming
from hub.domain.events import Event, PersonBlock
from hub.domain.linkage import comparable as normalising
from hub.domain.linkage.comparable import Comparable, comparable
from hub.identity import linking_taking
from tests.identity.conftest import Places
from tests.identity.fake_log import JUNK, PERSON_TOPIC, event_of, stay_of
from tests.identity.registries import registry_of
from tests.identity.test_worker import ANA, BEA, Killed, Site

LESS = ANA.model_copy(update={"county": None})
MISSPELT = ANA.model_copy(update={"family_name": "Zolarris"})
STORY: list[Event | bytes] = [
    event_of("lab", 1, BEA),
    event_of("lab", 2, ANA),
    event_of("clinic", 1, MISSPELT),
    event_of("shelter", 1, LESS, "of one version"),
    event_of("shelter", 1, ANA, "and this"),
    stay_of("shelter", 3),
    JUNK,
    event_of("food", 1, BEA),
]
COUNTS = {"lab": ANA, "clinic": MISSPELT, "shelter": LESS, "food": BEA}


def _as_before(block: PersonBlock) -> Comparable:
    """A normalisation that keeps placeholders, by which the greater of two blocks of one version is told; and loses what unites."""
    one = comparable(block)
    return replace(
        one, email="nobody@example.org", city="unknown", state="unknown", birth_date=None, given=("unknown",)
    )


def _earlier(directory: Path, monkeypatch: pytest.MonkeyPatch, places: Places) -> Site:
    """An installation whose people were linked by an earlier normalisation."""
    site = Site(directory, STORY, where=places.emptied(directory))
    with monkeypatch.context() as before:
        before.setattr(linking_taking, "comparable", _as_before)
        before.setattr(normalising, "NORMAL", normalising.NORMAL - 1)
        site.run_to_end()
    assert _stored(site) == {token: _as_before(block) for token, block in COUNTS.items()}
    return site


def _stored(site: Site) -> dict[str, Comparable]:
    with closing(registry_of(site.where, site.vault)) as registry, registry.batch() as batch:
        return batch.link_store.comparables(set(COUNTS))


@pytest.mark.parametrize("killed", [None, 0, 1, 2])
def test_after_another_normalisation_all_that_counts_is_made_anew(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: int | None
) -> None:
    site = _earlier(tmp_path, monkeypatch, places)
    steps = iter(range(1_000))

    def step(name: str) -> None:
        if name == "read-again" and next(steps) == killed:
            raise Killed

    site.run_to_end(step)
    assert site.restarts == (killed is not None)
    assert _stored(site) == {token: comparable(block) for token, block in COUNTS.items()}
    site.check()
    said = len(site.log.said(PERSON_TOPIC))
    monkeypatch.setattr(site.log, "intake", _unread)
    site.run_to_end()
    assert len(site.log.said(PERSON_TOPIC)) == said


def test_cut_short_the_hub_of_before_makes_its_own_anew_too(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = _earlier(tmp_path, monkeypatch, places)
    people = site.owners()

    def step(name: str) -> None:
        if name == "read-again":
            raise Killed

    with pytest.raises(Killed):
        site.run_to_end(step, restart=False)
    monkeypatch.setattr(linking_taking, "comparable", _as_before)
    monkeypatch.setattr(normalising, "NORMAL", normalising.NORMAL - 1)
    site.run_to_end()
    assert _stored(site) == {token: _as_before(block) for token, block in COUNTS.items()}
    assert site.owners() == people


def test_of_whom_no_intake_is_left_counts_what_did(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = _earlier(tmp_path, monkeypatch, places)
    site.log.incoming[-1] = JUNK
    site.run_to_end()
    assert _stored(site) == {token: comparable(block) for token, block in COUNTS.items()} | {"food": _as_before(BEA)}


def test_a_new_registry_reads_no_intake_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(tmp_path, STORY)
    monkeypatch.setattr(site.log, "intake", _unread)
    site.run_to_end()
    site.run_to_end()
    site.check()


def _unread() -> Iterator[Incoming]:
    return map(_refused, range(1))


def _refused(_: int) -> Incoming:
    raise AssertionError("nothing is to be read again")
