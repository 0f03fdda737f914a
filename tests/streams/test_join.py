"""The join by itself: a record that would spoil a person's row is refused when it comes, not when another record needs the row."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime
from typing import Any

import pytest

from hub.domain.history import LINK_REVISIONS, SubHistory, encode_sub_history
from hub.domain.needs import SupportNeed
from hub.domain.projection import Projector
from hub.errors import Reject
from hub.streams.join import JoinProcessor, Published, Wire
from hub.streams.processor import Effects, Record
from tests.builders import IDS, a_person, belongs
from tests.simulation.world import RULES

KEY = b"person-a"
AVRO_LONG = 2**63
FIRST, SECOND = "2020-12-01", "2020-12-02"
"""Days on which two sources have a positive result of the same person: the need stands on the first."""


class Table:
    """One partition of the join and its rows; every need it says can be written as the Avro schema demands."""

    def __init__(self) -> None:
        def encode_need(need: SupportNeed) -> bytes:
            if not -AVRO_LONG <= need.revision < AVRO_LONG:
                raise Reject("not-encodable", "encode")
            return pickle.dumps(need.model_dump())

        def decode(value: bytes) -> tuple[str, dict[str, Any]]:
            fields = pickle.loads(value)
            return fields["kind"], fields

        wire = Wire(decode, encode_need, pickle.dumps, pickle.dumps, "needs", "tallies", "person")
        self.join = JoinProcessor(Projector(IDS, RULES), wire, lambda _: Published(frozenset(), -1))
        self.rows: dict[bytes, bytes | None] = {}
        list(self.join.open(0, []))
        self.offset = 0
        self.take({"kind": "tick", "as_of": date(2020, 12, 5)})

    def take(self, fields: dict[str, Any]) -> Effects:
        """One record in a list of its own."""
        effects = self.join.fold(0, [Record(KEY, pickle.dumps(fields), self.offset, [], 0)], self.rows.get)
        self.offset += 1
        self.rows.update(effects.rows)
        return effects


def positive(source_person: str, on: str, **changes: Any) -> dict[str, Any]:
    """A result of somebody who lives where many do, and so needs a room."""
    return {**a_person(source_person).tested(on=on).records[0], "congregate": "yes", **changes}


def poison(kind: str, revision: int) -> dict[str, Any]:
    """A record of the second source with this link revision."""
    if kind == "membership":
        return belongs("second", revision, KEY.decode())
    if kind == "carry":
        history = encode_sub_history(SubHistory(1, KEY.decode(), {}, {}))
        return {**belongs("second", revision, KEY.decode()), "kind": kind, "sub_history": history}
    return positive("second", SECOND, link_revision=revision)


def needs(effects: Effects) -> list[dict[str, Any]]:
    return [pickle.loads(output.value) for output in effects.outputs if output.topic == "needs" and output.value]


@pytest.mark.parametrize("revision", [LINK_REVISIONS, 2**62, -1])
@pytest.mark.parametrize("kind", ["membership", "carry", "lab-result"])
def test_a_link_revision_that_no_need_can_be_written_with_is_refused_though_no_need_stands_on_it(
    kind: str, revision: int
) -> None:
    table = Table()
    assert not table.take(positive("first", FIRST)).rejected
    assert not table.take(positive("second", SECOND)).rejected
    assert [reason for _, reason in table.take(poison(kind, revision)).rejected] == ["fold-failed"]
    gone = table.take(positive("first", FIRST, active=False, changed_at=datetime(2021, 1, 2, tzinfo=UTC)))
    assert not gone.rejected
    assert {need["state"] for need in needs(gone)} == {"open", "superseded"}, (
        "it stands on the second source's word now"
    )


def test_a_need_is_written_with_the_highest_link_revision_there_is() -> None:
    [need, *_] = needs(Table().take(poison("lab-result", LINK_REVISIONS - 1)))
    assert need["revision"] < AVRO_LONG
