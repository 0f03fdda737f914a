"""health-standards §8 R18 to R21: the real corrections among the samples end as judged (tests/samples/corrections.py), whatever the
order, however often each message comes and however late its original; read, mapped and folded by the code of the live way."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hub.domain.isolation as isolation
from hub.domain.events import Event, LabResult, Vaccination
from hub.domain.measures import Denominators
from hub.domain.moved import corrections
from hub.preview import Preview
from hub.privacy.agreements import example_agreement
from hub.wiring_reading import OFFLINE_IDS, Taken, catalogue, taken
from tests.mapping.reading import facts_of
from tests.samples.corrections import STORIES, End, Story

pytestmark = pytest.mark.samples
RULES = isolation.load_rules((Path(isolation.__file__).parent / "tables" / "isolation_rules.csv").read_text())

Message = list[Taken]
"""What one message becomes."""


@pytest.fixture(scope="module")
def told(shared_samples: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Message]]:
    """Of each story its messages, each read as a file of its own."""
    connectors, folder = catalogue(), tmp_path_factory.mktemp("told")
    found: dict[str, list[Message]] = {}
    for number, story in enumerate(STORIES):
        agreement = example_agreement(story.connector)
        for step, message in enumerate(story.messages(shared_samples)):
            path = folder / f"{number}-{step}-{Path(story.sample).name}"
            path.write_bytes(message)
            read = list(taken(connectors[story.connector], agreement, OFFLINE_IDS, path))
            assert not [outcome.reason for outcome in read if outcome.outcome == "rejected"]
            found.setdefault(story.name, []).append(read)
    return found


def ended(story: Story, messages: Iterable[Message]) -> End:
    """What stands of a story once these messages came, one after the other."""
    preview = Preview(OFFLINE_IDS, RULES, Denominators({}, "none"))
    events: list[Event] = []
    for message in messages:
        preview.take(message)
        events += [outcome.event for outcome in message if outcome.event is not None]
    result = preview.finish(story.as_of)
    counted = sum(count for what, count in result.totals.items() if what.split("|")[0] in ("positive", "vaccinated"))
    return End(standing(events), counted)


def standing(events: Sequence[Event]) -> tuple[str, ...]:
    """The facts of a row in words, and a check that the row holds active what is not withdrawn."""
    versions = {(event.fact_key, event.status_rank, event.content_hash[:16]): event for event in events}
    words = []
    for key, fact in facts_of([*events, *corrections(events)]).items():
        event = versions[key, fact.status_rank, fact.content]
        if isinstance(event, LabResult):
            words.append(f"{event.loinc} {event.meaning} {event.status}")
        else:
            assert isinstance(event, Vaccination)
            words.append(f"{event.cvx} {event.status} {event.occurred_on}")
        assert fact.active is (" withdrawn" not in words[-1])
    return tuple(sorted(words))


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_r19_r20_a_real_correction_ends_as_judged_in_every_order(story: Story, told: dict[str, list[Message]]) -> None:
    messages = told[story.name]
    for number, end in enumerate(story.ends, start=1):
        for order in itertools.permutations(messages[:number]):
            assert ended(story, order) == end, f"the first {number}, in another order"


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_r18_r20_repeats_and_a_late_original_change_nothing(story: Story, told: dict[str, list[Message]]) -> None:
    original, *later = messages = told[story.name]
    for order in ([*messages, *messages], [*later, *later, original, original], [*messages[::-1], *messages]):
        assert ended(story, order) == story.ends[-1]
    assert ended(story, [*messages, original, original]) == story.ends[-1]


@settings(max_examples=150)
@given(st.data())
def test_r18_r20_all_stories_at_once_each_message_twice_end_as_judged(
    told: dict[str, list[Message]], data: st.DataObject
) -> None:
    """Among each other's messages the stories end as alone: facts of different stories never touch."""
    every = [(name, message) for name, messages in told.items() for message in messages]
    order, chosen = data.draw(st.permutations(range(2 * len(every)))), data.draw(st.sampled_from(STORIES))
    mixed = [every[number % len(every)] for number in order]
    events = [outcome.event for _, message in mixed for outcome in message if outcome.event is not None]
    assert standing(events) == tuple(sorted(fact for story in STORIES for fact in story.ends[-1].facts))
    assert ended(chosen, [message for name, message in mixed if name == chosen.name]) == chosen.ends[-1]
