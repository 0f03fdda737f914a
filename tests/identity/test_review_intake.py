"""Human decisions reach the people through identify, once each, whatever is killed when (equity-identity.md, requirement 27)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.domain.events import Event
from hub.domain.identity import records
from hub.domain.identity_reviews import ReviewDecision, reviewed
from hub.domain.linkage.clusters import clusters
from hub.domain.linkage.decisions import Verdict
from hub.domain.linkage.model import shipped_model
from hub.identity.database import Where, open_to_read
from hub.identity.reviews import Waiting, waiting
from hub.identity.worker import STEPS
from hub.ops.metrics import REGISTRY
from tests.identity import test_worker
from tests.identity.conftest import Places
from tests.identity.fake_log import NO_DECISION, PERSON_TOPIC, Sent, event_of
from tests.identity.test_worker import ANA, BEA, Killed, Site

ALIKE = ANA.model_copy(update={"family_name": "Quenby"})
"""Who may be Ana, or not: nobody is linked by these weights, and a person is asked."""
ASKING = replace(shipped_model(), version="asking", match=200.0, review=5.0)
FIRST: list[Event] = [event_of("a", 1, ANA), event_of("b", 1, ALIKE), event_of("c", 1, BEA), event_of("a2", 1, ANA)]


@pytest.fixture(autouse=True)
def _asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_worker, "shipped_model", lambda: ASKING)


def decided(one: str, other: str, verdict: Verdict) -> ReviewDecision:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    reason = "mistaken" if verdict == "withdrawn" else "records-compared"
    return reviewed(one, other, verdict, reason=reason, actor="r.lopez", decided_at=at)


def people(site: Site) -> set[frozenset[str]]:
    """As the rows of the person topic have it."""
    found: dict[str, set[str]] = {}
    for token, owner in site.owners().items():
        found.setdefault(owner, set()).add(token)
    return {frozenset(tokens) for tokens in found.values()}


def truth(log: Iterable[Sent]) -> frozenset[frozenset[str]]:
    """The people of the pure function."""
    told = [each for each in log if isinstance(each, Event)]
    said = [each.numbered(at + 1) for at, each in enumerate(log) if isinstance(each, ReviewDecision)]
    return clusters(records([_clear(each) for each in told]), ASKING, said).people


def _clear(event: Event) -> Event:
    return next(each for each in FIRST if each.event_id == event.event_id)


def queue(where: Where) -> list[Waiting]:
    engine = open_to_read(where)
    with engine.connect() as connection:
        found = waiting(connection, 9)
    engine.dispose()
    return found


def test_r27_who_waits_is_made_one_person_told_apart_and_left_to_the_weights_again(
    places: Places, tmp_path: Path
) -> None:
    site = Site(tmp_path, FIRST, where=places.of(tmp_path))
    site.run_to_end()
    assert frozenset("ab") in {frozenset((each.left, each.right)) for each in queue(site.where)}
    site.recalls = False  # they come while it works
    for verdict, expected in (
        ("same", {frozenset("ab"), frozenset("c"), frozenset({"a2"})}),
        ("different", {frozenset("a"), frozenset("b"), frozenset("c"), frozenset({"a2"})}),
        ("same", {frozenset("ab"), frozenset("c"), frozenset({"a2"})}),
        ("withdrawn", {frozenset("a"), frozenset("b"), frozenset("c"), frozenset({"a2"})}),
    ):
        site.log.incoming.append(decided("b", "a", verdict))  # type: ignore[arg-type]
        site.run_to_end()
        assert people(site) == expected == truth(site.log.incoming)
        standing = {frozenset((each.left, each.right)) for each in queue(site.where)}
        assert (frozenset("ab") in standing) is (verdict == "withdrawn")
    told = [(said["grade"], said["actor"], said["evidence"]) for _, said in site.log.said("hub.identity.decision.v1")]
    assert [each for each in told if each[1] == "reviewer"] == [
        ("merge", "reviewer", ("human",)),
        ("split", "reviewer", ("decided-different",)),
        ("merge", "reviewer", ("human",)),
        ("split", "reviewer", ("decision-withdrawn",)),
    ]


@pytest.mark.parametrize("moment", STEPS)
def test_r27_killed_at_each_moment_a_decision_takes_effect_once(places: Places, tmp_path: Path, moment: str) -> None:
    for recalls in (False, True):  # read by the group again, or with all others at the next start
        (folder := tmp_path / str(recalls)).mkdir()
        site = Site(folder, FIRST, where=places.emptied(folder))
        site.run_to_end()
        site.recalls = False
        site.log.incoming.append(decided("a", "b", "same"))
        before = _counted("same")
        killed = iter([True])

        def step(name: str, site: Site = site, recalls: bool = recalls, killed: object = killed) -> None:
            if name == moment and next(killed, False):  # type: ignore[call-overload]
                site.recalls = recalls
                raise Killed

        site.run_to_end(step)
        assert site.restarts == 1
        assert people(site) == truth(site.log.incoming) >= {frozenset("ab")}
        moves = [said for _, said in site.log.said("hub.identity.decision.v1") if said["actor"] == "reviewer"]
        assert len({said["decision"] for said in moves}) == 1  # said again perhaps, under its number
        revisions = {said["revision"] for _, said in site.log.said(PERSON_TOPIC) if said["kind"] == "membership"}
        assert revisions == {2}
        assert site.log.committed == len(FIRST) + 1
        assert _counted("same") <= before + 1


def _counted(verdict: str) -> float:
    return REGISTRY.get_sample_value("hub_review_decisions_total", {"verdict": verdict}) or 0.0


def test_r27_an_empty_registry_that_reads_all_again_has_the_same_people(places: Places, tmp_path: Path) -> None:
    said = [decided("a", "b", "same"), decided("a2", "c", "same"), decided("c", "a2", "different")]
    (tmp_path / "first").mkdir()
    first = Site(tmp_path / "first", FIRST, where=places.of(tmp_path / "first"))
    first.recalls = False
    for each in said:
        first.run_to_end()
        first.log.incoming.append(each)
    first.run_to_end()
    (tmp_path / "again").mkdir()
    again = Site(tmp_path / "again", FIRST, where=places.of(tmp_path / "again"))
    again.log.incoming += said
    again.run_to_end()
    assert people(again) == people(first) == truth(again.log.incoming)
    assert frozenset("ab") in people(again)
    split = [told for _, told in again.log.said("hub.identity.decision.v1") if told["grade"] in ("merge", "split")]
    assert split == []  # it knew the decisions before anybody came


def test_r27_a_decision_on_who_has_not_come_yet_waits_for_them(places: Places, tmp_path: Path) -> None:
    site = Site(tmp_path, FIRST[1:], batch=1, where=places.of(tmp_path))
    site.recalls = False
    site.log.incoming.insert(0, decided("b", "a", "same"))
    site.log.incoming.append(decided("c", "a", "different"))
    site.run_to_end()
    assert people(site) == {frozenset("b"), frozenset("c"), frozenset({"a2"})}
    site.log.incoming.append(site.vault.seal_person(FIRST[0]))
    site.run_to_end()
    assert people(site) == {frozenset("ab"), frozenset("c"), frozenset({"a2"})} == truth(site.log.incoming)


def test_a_number_that_another_decision_has_sets_the_later_one_aside(tmp_path: Path) -> None:
    """A topic that was lost and made anew begins to number again: the registry doesn't take one decision for another."""
    site = Site(tmp_path, FIRST)
    site.log.incoming.append(decided("a", "b", "same"))
    site.run_to_end()
    site.log.incoming[-1] = decided("a", "c", "different")
    site.log.committed -= 1
    site.recalls = False
    site.run_to_end()
    assert _letters(site) == [(4, "fold", "number-taken")]
    assert frozenset("ab") in people(site)


def test_what_is_refused_where_the_group_reads_no_more_is_set_aside_at_the_next_start(tmp_path: Path) -> None:
    """The topic made anew is as long already as the group had read of the lost one: it goes on behind what was said meanwhile."""
    site = Site(tmp_path, FIRST)
    site.log.incoming.append(decided("a", "b", "same"))
    site.run_to_end()
    site.log.incoming[-1] = decided("a", "c", "different")
    before = _rejected()
    for starts in (1, 2):
        site.run_to_end()
        assert _letters(site) == [(4, "fold", "number-taken")] * starts  # under one id
        assert _rejected() == before + starts
    assert frozenset("ab") in people(site)


def test_a_record_that_is_no_decision_is_set_aside_at_start_too(tmp_path: Path) -> None:
    site = Site(tmp_path, FIRST)
    site.log.incoming += [NO_DECISION, decided("a", "b", "same")]
    site.log.committed = len(site.log.incoming)
    site.run_to_end()
    assert _letters(site) == [(4, "decode", "bad-bytes")]


def test_what_is_said_at_start_is_counted(tmp_path: Path) -> None:
    """What people decided, and what it changed; then the moves of another model."""
    site = Site(tmp_path, FIRST)
    site.run_to_end()
    site.log.incoming.append(decided("a", "b", "same"))
    said, merged = _counted("same"), _moves("merge")
    site.log.committed = len(site.log.incoming)  # the group read it, and ended before the registry did
    site.run_to_end()
    assert (_counted("same"), _moves("merge")) == (said + 1, merged + 1)


def test_what_another_model_changes_at_start_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(tmp_path, [event_of("a", 1, ANA), event_of("b", 1, ANA)])
    monkeypatch.setattr(test_worker, "shipped_model", shipped_model)
    site.run_to_end()
    before = _moves("split"), REGISTRY.get_sample_value("hub_unlinks_total") or 0.0
    monkeypatch.setattr(test_worker, "shipped_model", lambda: ASKING)
    site.run_to_end()
    assert (_moves("split"), REGISTRY.get_sample_value("hub_unlinks_total")) == (before[0] + 1, before[1] + 1)


def _letters(site: Site) -> list[tuple[int, str, str]]:
    return [(said["offset"], said["stage"], said["reason"]) for _, said in site.log.said("hub.stream.rejected.v1")]


def _moves(grade: str) -> float:
    return REGISTRY.get_sample_value("hub_link_decisions_total", {"grade": grade}) or 0.0


def _rejected() -> float:
    labels = {"stage": "fold", "reason": "number-taken", "topic": "hub.identity.review.v1"}
    return REGISTRY.get_sample_value("hub_stream_rejected_total", labels) or 0.0
