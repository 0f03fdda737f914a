"""Going back over a real broker, database and HTTP server: what is read again has the same ids, whatever is killed meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from hub.bus.codec import Codec
from hub.bus.position import POSITION_TOPIC, Position, position_key
from hub.bus.producer import DurableProducer
from hub.bus.schema_registry import SchemaIds
from hub.bus.topics import TOPICS
from hub.config import load_settings
from hub.domain.events import Sealed
from tests.live.pantry import FOOD, Intake, Pages, Rows

pytestmark = pytest.mark.live

SQL = "{kind: sql-poll, query: select * from boxes, cursor: changed, key: guest, batch: 5, overlap_s: 0, poll_s: 0.2}"
HTTP = "{{kind: http-poll, url: '{url}', since: {{param: since, overlap_s: 0}}, poll_s: 0.2}}"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    return Rows(tmp_path_factory.mktemp("source") / "boxes.sqlite")


@pytest.fixture(scope="module")
def pages() -> Iterator[Pages]:
    found = Pages(3)
    yield found
    found.close()


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory, rows: Rows, pages: Pages) -> Iterator[Intake]:
    found = Intake(tmp_path_factory.mktemp("rewind") / "instance")
    found.write("rows", SQL)
    found.secret("rows", "database-url", f"sqlite:///{rows.path}")
    found.write("pages", HTTP.format(url=pages.url), "json")
    rows.add(30)
    try:
        found.start()
        yield found
    finally:
        found.end()


def seen(intake: Intake, minute: int) -> int:
    """How often the row of this minute stands on the topic; the newest comes again with each round."""
    return sum(each["changed_at"].minute == minute for each in intake.events(FOOD, "rows"))


def stands(intake: Intake, rows: Rows) -> None:
    """Wait until it has read all that the source has."""
    intake.until(lambda: rows.newest in intake.shown("rows").get("positions", {}).get("all", ""))


def test_a_rewind_reads_again_from_there_under_the_same_ids(intake: Intake, rows: Rows) -> None:
    stands(intake, rows)
    ids, before, after = intake.ids("rows"), seen(intake, 19), seen(intake, 25)
    assert len(ids) == rows.count
    planned = intake.hub("rewind", "rows", "--to", "2021-02-15T00:20:00")
    assert f"stands cursor {rows.newest}; reads again from there on: cursor 2021-02-15T00:20:00" in planned.output
    assert "nothing was done" in planned.output
    done = intake.hub("rewind", "rows", "--to", "2021-02-15T00:20:00", "--yes", "--json")
    assert json.loads(done.output)["applied"] is True
    intake.until(lambda: seen(intake, 25) == after + 1)
    assert (intake.ids("rows"), seen(intake, 19)) == (ids, before)


def test_a_paused_connector_leaves_its_position_and_goes_on_from_there(intake: Intake, rows: Rows) -> None:
    stands(intake, rows)
    count = rows.count
    assert intake.hub("pause", "rows").exit_code == 0
    rows.add(5)
    once = intake.hub("run", "rows", "--once", "--json")
    receipt = json.loads(once.stdout.splitlines()[-1])
    assert (once.exit_code, receipt["whole"]) == (0, True)
    assert receipt["accepted"] >= 5
    rows.add(5)
    assert intake.hub("resume", "rows").exit_code == 0
    stands(intake, rows)
    assert (seen(intake, count + 1), seen(intake, count + 6)) == (1, 1), "it went on where `run` had left it"
    assert intake.hub("run", "rows", "--once").exit_code == 2
    assert len(intake.ids("rows")) == rows.count


def test_a_backfill_reads_a_stretch_again_beside_the_live_connector_whose_position_stands(
    intake: Intake, rows: Rows
) -> None:
    stands(intake, rows)
    ids, before = intake.ids("rows"), [seen(intake, minute) for minute in (5, 12, 30)]
    filled = intake.hub(
        "backfill", "rows", "--since", "2021-02-15T00:10:00", "--until", "2021-02-15T00:19:00", "--json"
    )
    receipt = json.loads(filled.stdout.splitlines()[-1])
    assert filled.exit_code == 0
    assert receipt["whole"] is True
    assert 10 <= receipt["accepted"] <= 15
    after = [seen(intake, minute) for minute in (5, 12, 30)]
    assert (intake.ids("rows"), after) == (ids, [before[0], before[1] + 1, before[2]])
    assert intake.told("rows")["positions"] == {"all": f"cursor {rows.newest}"}
    assert intake.hub("backfill", "pages", "--since", "2021-02-15", "--until", "2021-02-16").exit_code == 2


def test_a_rewound_http_poll_asks_its_source_from_that_time(intake: Intake, pages: Pages) -> None:
    intake.until(lambda: len(intake.ids("pages")) == 3)
    assert intake.hub("rewind", "pages", "--to", "2021-02-10", "--yes").exit_code == 0
    intake.until(lambda: "2021-02-10T00:00:00Z" in pages.asked)
    assert len(intake.ids("pages")) == 3


@pytest.mark.parametrize("moment", ["rewind", "reload"])
def test_a_kill_meanwhile_costs_no_record_and_makes_no_new_id(intake: Intake, rows: Rows, moment: str) -> None:
    stands(intake, rows)
    ids, before, restarts = intake.ids("rows"), seen(intake, 3), intake.stack.restarts["connectors"]
    if moment == "rewind":
        asked = intake.hub("rewind", "rows", "--to", "beginning", "--yes", "--wait", "0", "--json")
        assert json.loads(asked.output)["request"]
    else:
        path = intake.instance / "connectors" / "rows" / "connector.yaml"
        path.write_text(path.read_text().replace("batch: 5", "batch: 4"))
    intake.stack.kill("connectors")
    intake.until(
        lambda: intake.stack.restarts["connectors"] > restarts and intake.shown("rows").get("state") == "running"
    )
    if moment == "rewind":
        intake.until(lambda: seen(intake, 3) > before)
    stands(intake, rows)
    assert intake.ids("rows") == ids


def test_an_unreadable_position_stops_its_connector_alone_and_a_rewind_heals_it(intake: Intake, rows: Rows) -> None:
    stands(intake, rows)
    assert intake.hub("pause", "rows").exit_code == 0
    spoil(intake, "rows")
    assert intake.hub("resume", "rows").exit_code == 1, "it does not run"
    intake.until(lambda: intake.told("rows")["why"] == "position-unreadable")
    assert intake.told("pages")["state"] == "running"
    healed = intake.hub("rewind", "rows", "--to", "beginning", "--yes")
    assert (healed.exit_code, "cannot be opened" in healed.output) == (0, True)
    stands(intake, rows)
    assert len(intake.ids("rows")) == rows.count


def spoil(intake: Intake, connector: str) -> None:
    """A position that another hub sealed."""
    settings = load_settings(intake.instance)
    moved_at: Any = next(iter(intake.events(FOOD, connector)))["changed_at"]
    foreign = Position(
        connector=connector, stream="all", moved_at=moved_at, position=Sealed(key_id="x", ciphertext=b"y" * 40)
    )
    producer = DurableProducer(settings.require_bootstrap(), client_id="outsider")
    try:
        with closing(SchemaIds(settings.require_registry_url())) as ids:
            codec = Codec(ids, [topic for topic in TOPICS if topic.name == POSITION_TOPIC])
            codec.open()
            batch = producer.batch()
            batch.produce(POSITION_TOPIC, position_key(connector, "all"), codec.encode(POSITION_TOPIC, foreign), None)
            batch.wait()
    finally:
        producer.close()
