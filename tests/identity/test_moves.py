"""The worker tells those who lose a fact; in every order of arrival, in every cut into batches, the rows end as preview's do."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from hub.domain.history import decode_row
from tests.domain.test_moved import STORIES
from tests.identity.fake_log import PERSON_TOPIC
from tests.identity.test_worker import Site


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("batch", [1, 3])
def test_r19_a_fact_that_moves_is_withdrawn_from_whom_it_was_told_first(story: str, batch: int, tmp_path: Path) -> None:
    """health-standards.md §8 R19."""
    events, expected = STORIES[story]
    for number, order in enumerate(permutations(events)):
        folder = tmp_path / str(number)
        folder.mkdir()
        site = Site(folder, [*order, order[0]], batch)
        site.run_to_end()
        row = decode_row(None)
        for _, said in site.log.said(PERSON_TOPIC):
            if said["kind"] != "membership":
                row.apply("all", 0, said)
        standing = {who for who, sub in row.subs.items() if any(fact.active for fact in sub.facts.values())}
        assert standing == expected


def test_what_is_taken_from_somebody_goes_to_the_person_they_are(tmp_path: Path) -> None:
    events, _ = STORIES["corrected under the right patient"]
    site = Site(tmp_path, events)
    site.run_to_end()
    said = [(key, each) for key, each in site.log.said(PERSON_TOPIC) if each["kind"] == "lab-result"]
    owners = site.owners()
    assert [(each["source_person"], each["active"]) for _, each in said] == [("a", True), ("a", False), ("b", True)]
    assert all(key == owners[each["source_person"]] for key, each in said)


@pytest.mark.parametrize("rebuilt", [False, True], ids=["read-again", "a-registry-made-anew"])
def test_a_fact_that_was_moved_to_who_is_erased_since_does_not_come_back(tmp_path: Path, rebuilt: bool) -> None:
    """It never was the first patient's: a replay must not isolate them by it."""
    events, expected = STORIES["corrected under the right patient"]
    assert expected == {"b"}
    for number, order in enumerate(permutations(events)):
        (folder := tmp_path / str(number)).mkdir()
        site = Site(folder, order)
        site.run_to_end()
        site.vault.erase("b")
        site.run_to_end()
        if rebuilt:
            site.where = folder / "anew.sqlite"
        site.log.committed, site.log.out = 0, {}
        site.run_to_end()
        row = decode_row(None)
        for _, said in site.log.said(PERSON_TOPIC):
            if said["kind"] != "membership":
                row.apply("all", 0, said)
        assert row.subs.keys() == {"a"}
        assert not any(fact.active for fact in row.subs["a"].facts.values())
