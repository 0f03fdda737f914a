from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from hub.domain import who
from hub.domain.events import Event, PersonBlock, Sealed
from hub.domain.ids import Ids
from hub.domain.linkage.model import shipped_model
from hub.errors import RetryError
from hub.identity.database import Where
from hub.identity.linking import Linking
from hub.identity.registry import Registry, mint_person_key
from hub.identity.worker import STEPS, Identify
from hub.privacy.vault import Vault
from tests.identity import test_worker
from tests.identity.conftest import Places
from tests.identity.fake_log import (
    JUNK,
    PERSON_TOPIC,
    FakeLog,
    FakeReader,
    FakeWire,
    FakeWriter,
    Sent,
    event_of,
    stay_of,
)
from tests.identity.registries import as_by_equality

IDS = Ids(b"i" * 32)
ANA = PersonBlock(
    given_name="Ana", family_name="Zolaris", birth_date=date(1980, 2, 3), county="06067", postal_code="95814-1234"
)
BEA = PersonBlock(given_name="Bea", family_name="Zolaris", birth_date=date(1981, 2, 3), county="06067")


class Killed(BaseException):
    """kill -9, as far as the worker can tell."""


class Site:
    """One installation that outlives its workers."""

    def __init__(self, directory: Path, events: Sequence[Sent], batch: int = 3, where: Where | None = None) -> None:
        self.where, self.batch = where or directory / "identity.sqlite", batch
        self.vault = Vault(directory / "keys.sqlite", b"k" * 32)
        self.clear = events
        self.log = FakeLog([self.vault.seal_person(each) if isinstance(each, Event) else each for each in events])
        self.restarts, self.recalls = 0, True

    def run_to_end(self, step: Callable[[str], None] = lambda _: None, *, restart: bool = True) -> None:
        while True:
            registry = Registry(self.where, self.vault, Linking(shipped_model(), IDS, mint_person_key))
            try:
                worker = Identify(
                    FakeReader(self.log, self.batch), FakeWriter(self.log), FakeWire(self.log), registry, self.vault,
                    step=step,
                )  # fmt: skip
                worker.drain()
                worker.load_model(lambda: step("read-again"), self.log.intake())
                if self.recalls:
                    worker.recall(self.log.decided(), lambda: None)
                while worker.work():
                    pass
                return
            except (Killed, RetryError):
                if not restart:
                    raise
                self.restarts += 1
            finally:
                registry.close()

    def owners(self) -> dict[str, str]:
        """source_person → the person whose row owns it, as the rows of the person topic would have it."""
        known: dict[str, tuple[int, str]] = {}
        for key, said in self.log.said(PERSON_TOPIC):
            claim = (said["revision"], said["owner"]) if said["kind"] == "membership" else (said["link_revision"], key)
            token = said["source_person"]
            assert claim[0] != known.get(token, (0, ""))[0] or claim == known[token]  # one owner per revision, ever
            known[token] = max(known.get(token, (0, "")), claim)
        return {token: owner for token, (_, owner) in known.items()}

    def check(self) -> None:
        """The promise: every event is on the person topic, and its rows are the people of the pure function."""
        good = [each for each in self.clear if isinstance(each, Event) and each.source_person is not None]
        said = {said["event_id"] for _, said in self.log.said(PERSON_TOPIC) if said["kind"] != "membership"}
        assert said == {each.event_id for each in good}
        truth = set(who.groups(good).values())
        people: dict[str, set[str]] = {}
        for token, owner in self.owners().items():
            people.setdefault(owner, set()).add(token)
        assert {frozenset(tokens) for tokens in people.values()} == truth
        links = {key: said["person_key"] for key, said in self.log.said("hub.identity.link.v1")}
        assert links == self.owners()
        assert self.log.committed == len(self.clear)
        decisions = [said["decision"] for _, said in self.log.said("hub.identity.decision.v1")]
        assert sorted(set(decisions)) == list(range(1, len(set(decisions)) + 1))


STORY: list[Event | bytes] = [
    event_of("lab", 1, ANA),
    stay_of("shelter", 1),
    event_of("iis", 1, ANA),
    event_of("shelter", 2, ANA),  # the client comes: merge
    JUNK,
    event_of("iis", 3, BEA),  # another name: split
    event_of(None, 1, None),
    event_of("food", 1, BEA),
    event_of("iis", 4, ANA),  # and back
    event_of("iis", 3, BEA),  # a repeat
    stay_of("shelter", 5),
]


def test_a_story_with_a_merge_a_split_and_a_return_ends_as_the_pure_function_says(tmp_path: Path) -> None:
    site = Site(tmp_path, STORY)
    site.run_to_end()
    site.check()
    assert len(set(site.owners().values())) == 2


@pytest.mark.parametrize("moment", STEPS)
def test_killed_once_at_each_moment_of_each_batch_nothing_is_lost_and_nobody_mixed_up(
    places: Places, tmp_path: Path, moment: str
) -> None:
    for visit in range(places.examples(4, 2)):
        (folder := tmp_path / str(visit)).mkdir()
        site = Site(folder, STORY, where=places.emptied(folder))
        visits = iter(range(1_000))

        def step(name: str, visit: int = visit, visits: object = visits) -> None:
            if name == moment and next(visits) == visit:  # type: ignore[call-overload]
                raise Killed

        site.run_to_end(step)
        site.check()
        assert site.restarts == 1


MISSPELT = ANA.model_copy(update={"family_name": "Zolarris"})
EQUAL_ONLY = replace(shipped_model(), version="equal-only", match=33.0, review=33.0, margin=0.0)
"""By which whoever tells the same name and birth date is one person, and who is misspelt is not."""


@pytest.mark.parametrize("killed", range(3))
def test_people_who_were_linked_by_equality_are_weighed_from_all_intake_and_keep_their_keys(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: int
) -> None:
    """Whoever is one person by both is told of no more; whoever becomes one keeps the older key."""
    site = Site(tmp_path, [*STORY, event_of("clinic", 1, MISSPELT)], where=places.emptied(tmp_path))
    with monkeypatch.context() as equality:
        equality.setattr(test_worker, "shipped_model", lambda: EQUAL_ONLY)
        site.run_to_end()
    before, said = site.owners(), len(site.log.said(PERSON_TOPIC))
    assert before["lab"] == before["shelter"] != before["clinic"]
    as_by_equality(site.where)
    steps = iter(range(1_000))

    def step(name: str) -> None:
        if name == "read-again" and next(steps) == killed:
            raise Killed

    site.run_to_end(step)
    site.check()
    assert site.restarts == 1
    moved = {token for token, owner in site.owners().items() if owner != before[token]}
    assert moved == {"clinic"}
    assert site.owners()["clinic"] == before["lab"]
    assert {told["source_person"] for _, told in site.log.said(PERSON_TOPIC)[said:]} == moved
    site.run_to_end()
    assert len(site.log.said(PERSON_TOPIC)) == said + len({before["clinic"], before["lab"]})


def test_a_story_told_half_by_equality_ends_by_weights_as_the_pure_function_says(tmp_path: Path) -> None:
    site = Site(tmp_path, STORY)
    half = site.log.incoming[:5]
    whole, site.log.incoming = site.log.incoming, half
    site.run_to_end()
    site.log.incoming = whole
    as_by_equality(site.where)
    site.run_to_end()
    site.check()


@pytest.mark.parametrize("seed", range(40))
def test_any_order_killed_again_and_again_ends_the_same(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    story = STORY * 2
    chance.shuffle(story)
    site = Site(tmp_path, story, batch=chance.randint(1, 7))

    def step(_: str) -> None:
        if chance.random() < 0.05:
            raise Killed
        if chance.random() < 0.02:
            site.log.fail_report = True

    site.run_to_end(step)
    site.check()


def test_a_person_event_has_area_and_birth_month_and_no_identifier(tmp_path: Path) -> None:
    site = Site(tmp_path, [event_of("lab", 1, ANA)])
    site.run_to_end()
    ((key, said),) = site.log.said(PERSON_TOPIC)
    assert (said["birth_year_month"], said["county"], said["postal_code"]) == ("1980-02", "06067", "95814")
    assert (said["person_key"], said["link_revision"]) == (key, 1)
    assert "person" not in said
    assert not any("Zolaris" in str(each) for topic in site.log.out.values() for each in topic)


def test_an_event_without_a_block_says_nothing_about_area(tmp_path: Path) -> None:
    site = Site(tmp_path, [event_of("shelter", 1, ANA), stay_of("shelter", 2)])
    site.run_to_end()
    said = site.log.said(PERSON_TOPIC)[1][1]
    assert (said["birth_year_month"], said["county"]) == (None, None)


def test_what_cannot_be_decoded_or_opened_is_set_aside_and_its_neighbours_go_on(tmp_path: Path) -> None:
    foreign = event_of("b", 2, None).model_copy(update={"person": Sealed(key_id="b", ciphertext=b"x" * 40)})
    moved = Vault(tmp_path / "keys.sqlite", b"k" * 32).seal_person(event_of("c", 1, ANA))
    stolen = event_of("d", 1, None).model_copy(update={"person": moved.person})
    site = Site(tmp_path, [event_of("a", 1, ANA), JUNK, event_of("b", 1, BEA), foreign, stolen, event_of("e", 1, ANA)])
    site.run_to_end()
    letters = [said for _, said in site.log.said("hub.stream.rejected.v1")]
    assert [(letter["offset"], letter["stage"], letter["reason"]) for letter in letters] == [
        (1, "decode", "bad-bytes"),
        (3, "open", "cannot-open"),
        (4, "open", "cannot-open"),
    ]
    assert {said["event_id"] for _, said in site.log.said(PERSON_TOPIC)} == {"a-1", "b-1", "e-1"}
    assert site.log.committed == 6


def test_an_erased_persons_old_events_are_set_aside_not_guessed(tmp_path: Path) -> None:
    site = Site(tmp_path, [event_of("a", 1, ANA), event_of("b", 1, BEA)])
    site.vault.erase("a")
    site.run_to_end()
    assert [said["reason"] for _, said in site.log.said("hub.stream.rejected.v1")] == ["key-erased"]
    assert [said["event_id"] for _, said in site.log.said(PERSON_TOPIC)] == ["b-1"]


def test_a_missing_report_commits_nothing_and_the_next_start_says_it_again_first(tmp_path: Path) -> None:
    site = Site(tmp_path, [event_of("a", 1, ANA)])
    site.log.fail_report = True
    with pytest.raises(RetryError):
        site.run_to_end(restart=False)
    assert site.log.committed == 0
    site.run_to_end()
    site.check()


def test_a_broker_that_is_away_ends_the_worker_with_nothing_committed(tmp_path: Path) -> None:
    site = Site(tmp_path, [event_of("a", 1, ANA)])
    site.log.away = True
    with pytest.raises(RetryError):
        site.run_to_end(restart=False)
    site.log.away = False
    site.run_to_end()
    site.check()


def test_memberships_of_a_move_stand_before_the_events_that_came_with_it(tmp_path: Path) -> None:
    site = Site(tmp_path, [event_of("a", 1, ANA), stay_of("b", 1), event_of("b", 2, ANA)], batch=1)
    site.run_to_end()
    kinds = [said["kind"] for _, said in site.log.said(PERSON_TOPIC)]
    assert kinds == ["person", "shelter-stay", "membership", "membership", "person"]


def test_what_its_source_marks_as_a_test_is_nobody_and_links_nobody(tmp_path: Path) -> None:
    """health-standards §8 R8: a made-up person of a test message would else join two real ones."""
    real = [event_of("one", 1, ANA), event_of("two", 1, BEA)]
    tests = [
        event_of("one", 2, BEA, "as-a-test").model_copy(update={"processing": "test"}),
        event_of("three", 2, ANA, "made-up").model_copy(update={"processing": "debug"}),
    ]
    site = Site(tmp_path, [*real, *tests])
    site.run_to_end()
    owners = site.owners()
    assert set(owners) == {"one", "two"}
    assert owners["one"] != owners["two"]
    said = [fields["event_id"] for _, fields in site.log.said(PERSON_TOPIC) if fields["kind"] == "person"]
    assert said == ["one-1", "two-1"]
