"""What a subscriber is told, what is taken back, and what it can never notice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

import pytest

from hub.bus.avro_parse import parse_node
from hub.bus.avro_schema import avro_schema
from hub.bus.compatibility import can_read
from hub.bus.consumer import Incoming
from hub.bus.topics import NEED_TOPIC, delivery_topic
from hub.domain.agreement import DeliveryAgreement
from hub.domain.consents import recipient_parts, refused_at
from hub.domain.ids import Ids
from hub.domain.needs import SupportNeed
from hub.errors import RetryError
from hub.outlets.delivery import Delivery, DeliveryPorts, Subscriber, delivery_model, run_delivery
from tests.outlets.pretend import Log, Rounds

TODAY = date(2021, 3, 10)
OUT = delivery_topic("shelters")
IDS = Ids(b"s" * 32)
AGREEMENT = DeliveryAgreement(
    kind="delivery",
    agreement_id="made-up",
    subscriber="shelters",
    own_source="hmis-csv",
    topics=(NEED_TOPIC,),
    fields=("support", "until", "local_id"),
    basis="made up for tests",
    valid_from=date(2021, 1, 1),
    valid_until=date(2021, 3, 31),
    purposes=("isolation-support",),
    labels=("R",),
    retention_days=30,
)
NARROW = AGREEMENT.model_copy(update={"fields": ("support",)})


def need(number: int = 1, revision: int = 1, **changes: Any) -> SupportNeed:
    made = SupportNeed(
        need_id=f"need-{number}",
        revision=revision,
        person_key=f"person-{number}",
        support="place",
        state="open",
        urgency="urgent",
        since=date(2021, 3, 8),
        until=date(2021, 3, 18),
        reasons=("no-home",),
        evidence=("fact",),
        rule="rule",
        as_of=TODAY,
        labels=("R",),
        purposes=("isolation-support",),
    )
    return made.model_copy(update=changes)


KNOWN = AGREEMENT.model_copy(update={"known_as": {"consent": ("County  Shelters",), "roi": ()}})
US, OTHERS, ELSEWHERE, ANYBODY = (
    refused_at(source, IDS.token(source, *recipient_parts(name)))
    for source, name in (
        ("consent", "county shelters"), ("consent", "Organization/landlord"), ("hie-consent", "county shelters"), ("roi", ""),
    )
)  # fmt: skip
BEFORE = refused_at("consent", IDS.token("consent", "recipient", "County  Shelters"))
"""As the release before told a recipient: by the name as it was written."""


class Shelters:
    """The subscriber's side: the log it is served from, why it was refused, and one life of the role after another."""

    def __init__(self) -> None:
        self.log = Log()
        self.refusals: list[str] = []
        self.commits: list[list[int]] = []
        self.local_ids: dict[str, Sequence[str]] = {f"person-{number}": (f"own-{number}",) for number in range(9)}

    def put(self, made: SupportNeed | bytes, key: str = "") -> Incoming:
        return self.log.put(NEED_TOPIC, made.need_id if isinstance(made, SupportNeed) else key, made)

    def run(
        self,
        *steps: Callable[[], Iterable[Incoming]],
        agreement: DeliveryAgreement = AGREEMENT,
        days: Sequence[date] = (),
    ) -> None:
        rounds, calendar = Rounds(*(steps or (lambda: [],))), list(days or [TODAY])
        subscriber = Subscriber(
            agreement,
            lambda person, _: self.local_ids.get(person, ()),
            self.refusals.append,
            agreement.recipients(IDS.token),
        )
        ports = DeliveryPorts(
            lambda: self.log.latest(OUT),
            lambda: self.log.whole(NEED_TOPIC),
            rounds.read,
            lambda records: self.commits.append([record.offset for record in records]),
            self.log.send,
            self.log.set_aside,
        )

        def today() -> date:
            return calendar.pop(0) if len(calendar) > 1 else calendar[0]

        run_delivery(subscriber, ports, self.log.wire, IDS.token, today, rounds.stop, rounds.beat)

    def sees(self) -> dict[str, dict[str, Any]]:
        return {key.decode(): self.log.wire.decode(r.value or b"")[1] for key, r in self.log.latest(OUT).items()}


@pytest.fixture
def shelters() -> Shelters:
    return Shelters()


def test_an_open_need_is_told_in_the_agreed_fields_and_under_the_subscribers_own_id(shelters: Shelters) -> None:
    shelters.run(lambda: [shelters.put(need())])
    assert shelters.sees() == {"need-1": {"support": "place", "until": date(2021, 3, 18), "local_id": "own-1"}}


def test_r23_who_refuses_another_recipient_is_told_of_all_the_same(shelters: Shelters) -> None:
    shelters.run(lambda: [shelters.put(need(refused_to=(OTHERS,)))], agreement=KNOWN)
    assert shelters.sees().keys() == {"need-1"}


def test_r23_what_was_told_before_the_refusal_is_taken_back_and_told_again_once_it_is_lifted(
    shelters: Shelters,
) -> None:
    shelters.run(
        lambda: [shelters.put(need())],
        lambda: [shelters.put(need(revision=2, refused_to=(US,)))],
        lambda: [shelters.put(need(revision=3))],
        agreement=KNOWN,
    )
    assert [said.value is None for said in shelters.log.said] == [False, True, False]


@pytest.mark.parametrize(
    ("why", "made", "agreement"),
    [
        ("agreement-not-in-force", need(), AGREEMENT.model_copy(update={"valid_until": date(2021, 3, 9)})),
        ("topic-not-agreed", need(), AGREEMENT.model_copy(update={"topics": ("another",)})),
        ("purpose-not-agreed", need(purposes=("research",)), AGREEMENT),
        ("label-not-agreed", need(labels=("V",)), AGREEMENT),
        ("label-not-agreed", need(labels=("R", "HIV")), AGREEMENT),
        ("no-local-id", need(number=77), AGREEMENT),
        ("recipient-refused", need(refused_to=(US,)), KNOWN),
        ("recipient-refused", need(refused_to=(ANYBODY, OTHERS)), KNOWN),
        ("recipient-refused", need(refused_to=(BEFORE,)), KNOWN),
        ("recipient-refused", need(refused_to=(ELSEWHERE, US)), KNOWN),
        ("recipient-unknown", need(refused_to=(OTHERS,)), AGREEMENT),
        ("recipient-unknown", need(refused_to=(OTHERS, ELSEWHERE)), KNOWN),
        ("recipient-unknown", need(refused_to=("of-no-connector",)), KNOWN),
    ],
)
def test_by_default_nothing_leaves_not_even_a_tombstone(
    shelters: Shelters, why: str, made: SupportNeed, agreement: DeliveryAgreement
) -> None:
    shelters.run(lambda: [shelters.put(made)], agreement=agreement)
    assert shelters.log.said == []
    assert shelters.refusals == [why]
    assert shelters.commits == [[0]]


@pytest.mark.parametrize("state", ["helped", "ended", "withdrawn", "superseded"])
def test_a_need_that_was_told_and_is_open_no_more_is_taken_back_once(shelters: Shelters, state: str) -> None:
    shelters.run(
        lambda: [shelters.put(need())],
        lambda: [shelters.put(need(revision=2, state=state))],
        lambda: [shelters.put(need(revision=3, state=state))],
    )
    assert shelters.sees() == {}
    assert [said.value is None for said in shelters.log.said] == [False, True]


def test_a_need_that_was_never_told_is_never_taken_back(shelters: Shelters) -> None:
    shelters.run(
        lambda: [shelters.put(need(state="ended"))], lambda: [shelters.put(need(revision=2, state="withdrawn"))]
    )
    assert shelters.log.said == []


def test_a_need_whose_label_rises_is_taken_back(shelters: Shelters) -> None:
    shelters.run(lambda: [shelters.put(need())], lambda: [shelters.put(need(revision=2, labels=("R", "HIV")))])
    assert shelters.sees() == {}


def test_the_highest_revision_counts_not_the_last_to_come(shelters: Shelters) -> None:
    shelters.run(
        lambda: [shelters.put(need(revision=2, state="helped")), shelters.put(need(revision=1))],
        lambda: [shelters.put(need(revision=1))],
    )
    assert shelters.log.said == []


def test_a_change_has_a_new_id_even_back_to_what_it_was(shelters: Shelters) -> None:
    states = ("open", "helped", "open", "helped", "open")
    shelters.run(*(lambda n=n, s=s: [shelters.put(need(revision=n, state=s))] for n, s in enumerate(states)))
    assert [said.value is None for said in shelters.log.said] == [False, True, False, True, False]
    assert len({said.identity for said in shelters.log.said}) == 5


def test_a_crash_before_the_commit_repeats_under_the_same_id_or_says_nothing(shelters: Shelters) -> None:
    shelters.put(need())
    shelters.run()
    first = shelters.log.said[0]
    shelters.run(lambda: shelters.log.whole(NEED_TOPIC))
    assert shelters.log.said == [first], "it was confirmed: the restart sees that it was told"
    del shelters.log.records[OUT]  # it never reached the broker
    shelters.run(lambda: shelters.log.whole(NEED_TOPIC))
    assert shelters.log.said == [first, first]


def test_nobody_without_the_key_can_count_refused_needs_by_the_ids(shelters: Shelters) -> None:
    shelters.run(lambda: [shelters.put(need(1, labels=("V",))), shelters.put(need(2))])
    ours = shelters.log.said[0].identity
    other = Delivery(
        Subscriber(AGREEMENT, lambda *_: ("own-2",), shelters.refusals.append),
        shelters.log.wire, shelters.log.send, shelters.log.set_aside, Ids(b"t" * 32).token,
    )  # fmt: skip
    other.catch_up({}, shelters.log.whole(NEED_TOPIC), TODAY, lambda: None)
    assert len(ours) == 26
    assert shelters.log.said[-1].identity != ours


def test_nothing_is_committed_when_the_broker_does_not_confirm(shelters: Shelters) -> None:
    def fails() -> list[Incoming]:
        shelters.log.broken = True
        return [shelters.put(need())]

    with pytest.raises(RetryError):
        shelters.run(fails)
    assert shelters.commits == []
    shelters.log.broken = False
    shelters.run(lambda: shelters.log.whole(NEED_TOPIC))
    assert set(shelters.sees()) == {"need-1"}
    assert shelters.commits == [[0]]


def test_nothing_is_committed_when_the_linkage_zone_is_away(shelters: Shelters) -> None:
    def away(*_: str) -> Sequence[str]:
        raise RetryError("there is no registry yet")

    subscriber = Subscriber(AGREEMENT, away, shelters.refusals.append)
    rounds = Rounds(lambda: [shelters.put(need())])
    ports = DeliveryPorts(
        lambda: shelters.log.latest(OUT), lambda: [], rounds.read, lambda _: shelters.commits.append([]),
        shelters.log.send, shelters.log.set_aside,
    )  # fmt: skip
    with pytest.raises(RetryError):
        run_delivery(subscriber, ports, shelters.log.wire, IDS.token, lambda: TODAY, rounds.stop, rounds.beat)
    assert shelters.commits == []


def test_an_agreement_that_grew_delivers_older_needs_anew_and_one_that_shrank_takes_fields_back(
    shelters: Shelters,
) -> None:
    shelters.put(need())
    shelters.run(agreement=NARROW)
    assert shelters.sees() == {"need-1": {"support": "place"}}
    shelters.run()
    assert set(shelters.sees()["need-1"]) == {"support", "until", "local_id"}
    shelters.run(agreement=NARROW)
    assert shelters.sees() == {"need-1": {"support": "place"}}
    assert len({said.identity for said in shelters.log.said}) == 3


def test_a_new_agreement_delivers_needs_that_were_open_before(shelters: Shelters) -> None:
    shelters.put(need(1))
    shelters.put(need(2, state="ended"))
    shelters.run()
    assert set(shelters.sees()) == {"need-1"}
    assert [said.key for said in shelters.log.said] == [b"need-1"]


def test_an_agreement_that_is_over_takes_everything_back(shelters: Shelters) -> None:
    for number in (1, 2):
        shelters.put(need(number))
    shelters.run()
    over = AGREEMENT.model_copy(update={"valid_until": date(2021, 3, 9)})
    shelters.run(agreement=over)
    assert shelters.sees() == {}
    assert len({said.identity for said in shelters.log.said}) == 4
    shelters.run(agreement=over.model_copy(update={"valid_until": date(2022, 3, 9)}))
    assert set(shelters.sees()) == {"need-1", "need-2"}
    assert len({said.identity for said in shelters.log.said}) == 6


def test_an_agreement_that_ends_at_midnight_takes_everything_back_then(shelters: Shelters) -> None:
    shelters.put(need())
    last_day = AGREEMENT.valid_until
    shelters.run(lambda: [], lambda: [], days=[last_day, last_day])
    assert set(shelters.sees()) == {"need-1"}
    shelters.run(lambda: [], lambda: [], days=[last_day, date(2021, 4, 1)])
    assert shelters.sees() == {}


def test_an_agreement_that_begins_at_midnight_delivers_then(shelters: Shelters) -> None:
    shelters.put(need())
    shelters.run(lambda: [], lambda: [], days=[date(2020, 12, 31), AGREEMENT.valid_from])
    assert set(shelters.sees()) == {"need-1"}


def test_what_was_told_of_a_need_that_nobody_knows_any_more_is_taken_back(shelters: Shelters) -> None:
    shelters.put(need())
    shelters.run()
    shelters.log.records[NEED_TOPIC].clear()
    shelters.run()
    assert shelters.sees() == {}


def test_one_unreadable_need_is_set_aside_and_its_neighbours_are_told(shelters: Shelters) -> None:
    shelters.put(b"junk", "need-8")
    nonsense = need(7).model_copy(update={"support": 3})
    shelters.run(lambda: [shelters.put(b"junk", "need-9"), shelters.put(need(1)), shelters.put(nonsense)])
    assert set(shelters.sees()) == {"need-1"}
    assert [(offset, reason) for _, offset, reason in shelters.log.letters] == [
        (0, "undecodable"), (1, "undecodable"), (3, "invalid-event"),
    ]  # fmt: skip
    assert shelters.commits == [[1, 2, 3]]


def test_a_told_need_that_cannot_be_read_any_more_is_taken_back(shelters: Shelters) -> None:
    shelters.run(lambda: [shelters.put(need())], lambda: [shelters.put(b"junk", "need-1")])
    assert shelters.sees() == {}


def test_an_agreement_may_grow_and_shrink_and_every_reader_still_reads() -> None:
    other = AGREEMENT.model_copy(update={"fields": ("reasons", "labels", "need_id")})
    schemas = [parse_node(avro_schema(delivery_model(each))) for each in (AGREEMENT, NARROW, other)]
    assert all(can_read(reader, writer) for reader in schemas for writer in schemas)
