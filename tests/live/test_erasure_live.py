"""A privacy officer erases a person on a running stack: what was said of them is taken back on every topic, of others nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.bus.dead_letter import STREAM_REJECTED_TOPIC
from hub.bus.topics import LINK_TOPIC, NEED_TOPIC, delivery_topic
from hub.commands.identity import identity
from hub.domain.disclosure import DISCLOSURE_TOPIC
from hub.wiring_bus import ids_of
from tests.live.records import Made, dose, doses, export, night, result
from tests.live.town import CVRS, HMIS, LAB, Town

pytestmark = pytest.mark.live

AS_OF = date(2021, 2, 6)
DELIVERED = delivery_topic("isolation-support")
AUTHORITY = "2.16.840.1.113883.3.0"
GONE, STAYS = Made(31, "Hermia", "Vandergelt", date(1957, 3, 8)), Made(32, "Jasper", "Oldacre", date(1969, 11, 23))


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    found = Town(tmp_path / "instance")
    try:
        found.start()
        yield found
    finally:
        found.end()


def tokens(town: Town, who: Made) -> set[str]:
    ids = ids_of(town.settings)
    return {
        ids.source_person(LAB, AUTHORITY, f"L{who.number}"),
        ids.source_person(HMIS, "PersonalID", who.client),
        ids.source_person(CVRS, "recip_id", f"R{who.number}"),
    }


def said(town: Town, *line: str) -> dict[str, Any]:
    ended = CliRunner().invoke(identity, [*line, "--json", "--instance", str(town.instance)])
    assert ended.exit_code == 0, (ended.output, ended.exception)
    found: dict[str, Any] = json.loads(ended.output)
    return found


def test_who_is_erased_leaves_links_needs_and_recipients_and_nobody_else_does(town: Town) -> None:
    town.tick(AS_OF)
    both = (GONE, STAYS)
    town.send([result(each) for each in both])
    town.send([doses(date(2021, 2, 4), map(dose, both))])
    town.send([export("said", [night(each, date(2021, 2, 1)) for each in both], clients=both)])
    town.settle()
    owners = {key.decode(): link["person_key"] for key, link in town.newest(LINK_TOPIC).items()}
    (person,) = {owners[token] for token in tokens(town, GONE)}
    delivered, totals = town.newest(DELIVERED), town.totals()
    assert {told["local_id"] for told in delivered.values()} == {GONE.client, STAYS.client}

    answer = said(town, "erase", min(tokens(town, GONE)), "--purpose", "asked by the person", "--yes")
    assert (answer["source_persons"], answer["sources"]) == (3, {CVRS: 1, HMIS: 1, LAB: 1})
    while len(town.newest(DELIVERED)) > 1 or said(town, "erased")["waiting"]:
        town.pause()
    town.settle()

    assert {key.decode() for key in town.newest(LINK_TOPIC)} == tokens(town, STAYS)
    assert {need["state"] for need in town.newest(NEED_TOPIC).values() if need["person_key"] == person} == {"withdrawn"}
    assert town.newest(DELIVERED) == {key: told for key, told in delivered.items() if told["local_id"] == STAYS.client}
    assert sum(town.totals().values()) * 2 == sum(totals.values()) > 0
    told = said(town, "erased")
    assert (told["keys"], told["waiting"], told["again"], told["registry"]["rows"]["source_person"]) == (3, 0, 0, 3)
    (entry,) = [each for each in town.read(DISCLOSURE_TOPIC) if each["action"] == "erase"]
    assert not [token for token in tokens(town, GONE) if token in str(entry)]
    assert town.read(STREAM_REJECTED_TOPIC) == []
