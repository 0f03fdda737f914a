"""One person of canaries through every door of a whole stack, in good and bad records and in exceptions that show them.

Nothing of it is to be found in a log, a metric, a key, a header, a value that is not ciphertext, or a file, but for what the
shelters may have by their agreement.
"""

from __future__ import annotations

import http.client
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from hub.bus.dead_letter import RAW_TOPIC, REJECTED_TOPIC
from hub.bus.topics import LINK_TOPIC, NEED_TOPIC, delivery_topic
from hub.config import ROLES
from hub.formats.mllp import frame
from hub.privacy.vault import Vault
from tests.live.canary_records import BROKEN_FRAME, SENT, SOURCES, raising_code
from tests.live.town import LAB, Town
from tests.privacy.canary import CANARIES, Hit, find_canaries

pytestmark = [pytest.mark.live, pytest.mark.slow]

DELIVERED = delivery_topic("isolation-support")
FORCED = ("mapping", "sealing", "identify", "delivery")
_SKIPPED = {"inbox", "secrets"}
"""Where senders put their files, and the keys."""
_NO_TEXT = {".index", ".timeindex", ".jar"}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A stack that has been told everything, and whose code raised where it was made to."""
    folder = tmp_path_factory.mktemp("canary")
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(raising_code(folder)), before)))
    found = Town(folder / "instance")
    try:
        found.start()
        _tell(found)
        yield found
    finally:
        found.end()
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _tell(town: Town) -> None:
    for unit in SENT:
        if unit.connector != LAB:
            town.send([unit])
    with town.connection() as line:
        for unit in SENT:
            if unit.connector == LAB and isinstance(unit.payload, bytes):
                line.sendall(frame(unit.payload))
                assert line.recv(65_536)
    with town.connection() as line:
        line.sendall(BROKEN_FRAME)
    town.tick(date(2021, 2, 6))
    town.settle()
    town.stack.wait_ready(180)
    town.settle()
    town.observe()


def the_pages(town: Town) -> dict[str, bytes]:
    """What each role says of itself."""
    found = {}
    for role in ROLES:
        if role == "clock":
            continue
        for page in ("metrics", "readyz", "livez"):
            with closing(http.client.HTTPConnection(town.settings.host, town.settings.port(role), timeout=60)) as asked:
                asked.request("GET", f"/{page}")
                found[f"{role}/{page}"] = asked.getresponse().read()
    return found


def the_topics(town: Town) -> dict[str, bytes]:
    """Keys, headers and values of everything on the broker, a topic each."""
    names = AdminClient({"bootstrap.servers": town.bootstrap}).list_topics(timeout=60).topics
    found = {}
    for name in sorted(names):
        records = town.records(name)
        parts = [part for r in records for part in (r.key, r.value, *(part for header in r.headers for part in header))]
        found[name] = b"\n".join(part if isinstance(part, bytes) else str(part).encode() for part in parts)
    return found


def the_files(town: Town) -> dict[str, bytes]:
    """Everything of the instance but the inbox and the keys: logs, RocksDB, SQLite, segments of the broker, state."""
    found = {}
    for path in sorted(town.instance.rglob("*")):
        inner = path.relative_to(town.instance)
        if path.is_file() and inner.parts[0] not in _SKIPPED and path.suffix not in _NO_TEXT:
            found[str(inner)] = path.read_bytes()
    return found


def unexpected(hits: list[Hit]) -> list[Hit]:
    """Less what the agreement with the shelters gives them: their own number of the person, on their own topic."""
    return [hit for hit in hits if not (hit.field == "local_id" and DELIVERED in hit.haystack)]


def test_the_person_of_canaries_went_the_whole_way(town: Town) -> None:
    """Or nothing below would mean anything."""
    for name in FORCED:
        assert (Path(os.environ["PYTHONPATH"].split(os.pathsep)[0]) / name).exists(), f"nothing was raised in {name}"
    assert town.stack.restarts["identify"] >= 1
    assert town.stack.restarts["delivery"] >= 1
    people = [link["person_key"] for link in town.newest(LINK_TOPIC).values()]
    assert max(map(people.count, people)) >= SOURCES, "linked by the name and birth date that all five sources told"
    places = [need["state"] for need in town.newest(NEED_TOPIC).values() if need["support"] == "place"]
    assert places.count("open") == 1
    assert {*places} <= {"open", "superseded"}, (
        "one infection: what was said of two people before they were linked gave way"
    )
    assert CANARIES["local_id"] in {fields["local_id"] for fields in town.newest(DELIVERED).values()}
    letters = [(letter["connector"], letter["reason"]) for letter in town.read(REJECTED_TOPIC)]
    assert letters.count(("iis-cvrs", "mapping-error")) == 2
    assert {connector for connector, _ in letters} == {unit.connector for unit in SENT}
    vault = Vault.from_files(town.instance / "keys.sqlite", town.instance / "secrets" / "kek")
    records = (*town.read(RAW_TOPIC), *town.read(REJECTED_TOPIC))
    kept = [each["original"] for fields in records for each in (fields, *fields.get("more", ())) if each["original"]]
    vault.close()
    assert len(kept) > 10, "originals stand on the topics, sealed"


def test_no_canary_is_in_any_log_metric_key_header_value_or_file(town: Town) -> None:
    pages, topics, files = the_pages(town), the_topics(town), the_files(town)
    hits = unexpected(find_canaries({**pages, **topics, **files}))
    assert sorted({f"{hit.field} ({hit.form}) in {hit.haystack}" for hit in hits}) == []
    assert len(pages) == 3 * (len(ROLES) - 1)
    assert {DELIVERED, NEED_TOPIC, RAW_TOPIC, "hub-join-v1-rows-changelog"} <= set(topics)
    assert {f"logs/{role}.log" for role in ROLES if role != "clock"} <= set(files)
    for place in ("identity.sqlite", "keys.sqlite", "state/", "kafka/data/hub.person.event.v1-"):
        assert any(name.startswith(place) and len(content) > 1_000 for name, content in files.items()), place


def test_the_search_would_have_found_one(town: Town) -> None:
    """Last, for it puts one there: found on the topic, and in the broker's file."""
    town.put(RAW_TOPIC, b"control", CANARIES["email"].encode())
    found = {hit.haystack.split("/")[0] for hit in find_canaries({**the_topics(town), **the_files(town)})}
    assert found >= {RAW_TOPIC, "kafka"}
