"""measures, delivery and clock as `hub run` runs them, on a real broker and registry: short lives, one after another."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.bus.cloud_events import event_id_of
from hub.bus.codec import Codec
from hub.bus.consumer import Incoming, latest_by_key, read_to_end
from hub.bus.dead_letter import STREAM_REJECTED_TOPIC
from hub.bus.producer import DurableProducer
from hub.bus.topics import (
    CLOCK_TOPIC,
    MEASURE_TOPIC,
    NEED_TOPIC,
    PERSON_TOPIC,
    SITE_TOPIC,
    SUPPLY_TOPIC,
    TALLY_TOPIC,
    delivery_topic,
    intake_topic,
)
from hub.config import Settings, today
from hub.domain.capacity import FreeBeds, free_beds
from hub.domain.consents import recipient_parts, refused_at
from hub.domain.events import Model, Site, VaccineSupply
from hub.domain.person_events import Tick
from hub.domain.supply import SupplyMeasure
from hub.domain.tallies import Tally
from hub.ops.ports import free_port
from hub.outlets.clock import TICK_KEY
from hub.privacy.secrets import make_secret
from hub.wiring_bus import all_topics, ids_of, open_codec, prepare
from hub.wiring_delivery import run as run_delivery_role
from hub.wiring_outlets import run_clock_role, run_measures_role
from tests.conftest import Broker
from tests.domain.test_capacity import site
from tests.domain.test_supply import lines, told
from tests.fixtures_registry import RunningRegistry
from tests.outlets.test_delivery import AGREEMENT, need
from tests.role_in_thread import running

pytestmark = pytest.mark.live

OUT = delivery_topic("shelters")
WHITE = "vaccinated|47065|race_ethnicity|white"
PATIENCE = 1_200


class Installation:
    """An instance directory on the session's broker; roles live in threads of this process."""

    def __init__(self, directory: Path, bootstrap: str, registry_url: str) -> None:
        (directory / "agreements").mkdir(parents=True)
        for name in ("kek", "hmac"):
            make_secret(directory / "secrets" / name)
        ports = {role: free_port() for role in ("measures", "delivery", "clock")}
        self.settings = Settings(instance=directory, bootstrap=bootstrap, registry_url=registry_url, ports=ports)
        self.agree("support", "until")
        prepare(self.settings)
        self.pause = threading.Event()

    def agree(self, *fields: str, **changes: object) -> None:
        terms = {**AGREEMENT.model_dump(), "own_source": None, "fields": fields, "valid_until": date(2099, 12, 31)}
        path = self.settings.instance / "agreements" / "shelters.yaml"
        path.write_text(yaml.safe_dump({**terms, **changes}))

    def codec(self) -> closing[Codec]:
        return closing(open_codec(self.settings, all_topics(self.settings)))

    def put(self, topic: str, **values: Model | bytes) -> None:
        with self.codec() as codec, closing(DurableProducer(self.settings.require_bootstrap())) as producer:
            for key, value in values.items():
                producer.produce(topic, key.encode(), codec.encode(topic, value) if isinstance(value, Model) else value)
            producer.flush()

    def latest(self, topic: str) -> dict[str, dict[str, Any]]:
        found = latest_by_key(self.settings.require_bootstrap(), topic)
        with self.codec() as codec:
            return {key.decode(): codec.decode_dict(record.value)[1] for key, record in found.items()}

    def whole(self, topic: str) -> list[Incoming]:
        return list(read_to_end(self.settings.require_bootstrap(), topic))

    def page(self, role: str, path: str) -> dict[str, Any]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.settings.port(role), timeout=60)) as connection:
            connection.request("GET", path)
            found: dict[str, Any] = json.loads(connection.getresponse().read())
        return found

    @contextmanager
    def life(self, role: Callable[[Settings, threading.Event], None], name: str) -> Iterator[None]:
        """Run a role while the block runs, from ready to its end; what it fails with fails the test."""
        with running(role, self.settings, name) as failed:
            self.until(lambda: failed() is not None or self._is_ready(name))
            assert failed() is None, failed()
            yield

    def until(self, true: Callable[[], bool]) -> None:
        for _ in range(PATIENCE):
            if true():
                return
            self.pause.wait(0.1)
        raise AssertionError("it never came")

    def _is_ready(self, name: str) -> bool:
        try:
            return bool(self.page(name, "/readyz")["ready"])
        except OSError:
            return False


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, broker: Broker, registry: RunningRegistry) -> Installation:
    return Installation(tmp_path_factory.mktemp("outlets") / "instance", broker.bootstrap, registry.url)


def letters_of(hub: Installation, topic: str) -> list[str]:
    with hub.codec() as codec:
        found = [codec.decode_dict(record.value)[1] for record in hub.whole(STREAM_REJECTED_TOPIC)]
    return [letter["reason"] for letter in found if letter["topic"] == topic]


def test_delivery_tells_what_is_agreed_and_follows_the_agreement_over_restarts(hub: Installation) -> None:
    hub.put(NEED_TOPIC, n1=need(1), secret=need(2, labels=("V",)), junk=b"junk")
    with hub.life(run_delivery_role, "delivery"):
        assert hub.latest(OUT).keys() == {"n1"}
        hub.put(NEED_TOPIC, n3=need(3), junk2=b"junk")
        hub.until(lambda: hub.latest(OUT).keys() == {"n1", "n3"} and len(letters_of(hub, NEED_TOPIC)) == 2)
        hub.put(NEED_TOPIC, n1=need(1, revision=2, state="helped"))
        hub.until(lambda: hub.latest(OUT).keys() == {"n3"})
        assert hub.page("delivery", "/livez")["checks"] == {"shelters": "ok"}
        assert hub.page("delivery", "/readyz")["checks"] == {"shelters": "ok"}
    hub.agree("support")
    with hub.life(run_delivery_role, "delivery"):
        assert hub.latest(OUT) == {"n3": {"support": "place"}}
    hub.agree("support", valid_until=date(2021, 12, 31))
    with hub.life(run_delivery_role, "delivery"):
        assert hub.latest(OUT) == {}
    told = hub.whole(OUT)
    assert b"secret" not in {record.key for record in told}, "that a need was refused is nobody's business"
    assert len({event_id_of(record.headers) for record in told}) == len(told) == 5


def test_r23_delivery_takes_back_what_a_person_refuses_to_this_subscriber_and_to_no_other(hub: Installation) -> None:
    token = ids_of(hub.settings).token
    us, others = (
        refused_at("consent", token("consent", *recipient_parts(name)))
        for name in ("Organization/shelters", "Organization/landlord")
    )
    hub.agree("support", known_as={"consent": ("Organization/shelters",)})
    hub.put(NEED_TOPIC, ours=need(5, revision=1), theirs=need(6, revision=1), refused=need(7, refused_to=(us,)))
    with hub.life(run_delivery_role, "delivery"):
        hub.until(lambda: {"ours", "theirs"} <= hub.latest(OUT).keys())
        hub.put(
            NEED_TOPIC, ours=need(5, revision=2, refused_to=(us,)), theirs=need(6, revision=2, refused_to=(others,))
        )
        hub.until(lambda: "ours" not in hub.latest(OUT))
        assert "theirs" in hub.latest(OUT)
    assert b"refused" not in {record.key for record in hub.whole(OUT)}, "it never left, nor does a tombstone tell of it"
    hub.agree("support", valid_until=date(2021, 12, 31))
    with hub.life(run_delivery_role, "delivery"):
        assert hub.latest(OUT) == {}, "as the other tests expect it"


def test_measures_says_takes_back_and_sets_aside(hub: Installation) -> None:
    hub.put(TALLY_TOPIC, a=Tally(stratum=WHITE, partition=0, count=3, version=1), junk=b"junk")
    with hub.life(run_measures_role, "measures"):
        assert hub.latest(MEASURE_TOPIC)[WHITE]["numerator"] == 3
        hub.put(TALLY_TOPIC, a=Tally(stratum=WHITE, partition=0, count=4, version=2))
        hub.until(lambda: hub.latest(MEASURE_TOPIC)[WHITE]["numerator"] == 4)
    said = len(hub.whole(MEASURE_TOPIC))
    with hub.life(run_measures_role, "measures"):
        assert len(hub.whole(MEASURE_TOPIC)) == said, "nothing changed: nothing is said"
    hub.put(TALLY_TOPIC, a=Tally(stratum=WHITE, partition=0, count=0, version=3))
    with hub.life(run_measures_role, "measures"):
        assert hub.latest(MEASURE_TOPIC) == {}
    assert len(letters_of(hub, TALLY_TOPIC)) == 3, "once in each life, under one id"
    ids = [event_id_of(record.headers) for record in hub.whole(MEASURE_TOPIC)]
    assert len(ids) == len(set(ids)) == 6


def test_measures_says_of_supply_what_preview_says(hub: Installation) -> None:
    supply, seen = intake_topic(VaccineSupply.kind), "dose-seen|4512|provider|1"
    shipped = told("shipped", doses_delivered=300, county="47065")
    given = told("given", pin="004512", doses_administered=180)
    hub.put(supply, s=shipped)
    hub.put(TALLY_TOPIC, a=Tally(stratum=seen, partition=0, count=100, version=1))
    with hub.life(run_measures_role, "measures"):
        assert hub.latest(SUPPLY_TOPIC)["provider|4512"]["unused"] == 200
        hub.put(supply, s=given)
        hub.put(TALLY_TOPIC, b=Tally(stratum=seen, partition=1, count=70, version=1))
        batch = {key: line.model_dump() for key, line in lines([given, shipped], {seen: 170}).items()}
        hub.until(lambda: {key: _as_told(line) for key, line in hub.latest(SUPPLY_TOPIC).items()} == batch)


def test_social_14_measures_says_of_free_beds_what_preview_says(hub: Installation) -> None:
    night, sites = date(2021, 2, 3), intake_topic(Site.kind)
    first = site(known_as_of=night, current_until=night)
    late = site(site="s2", fact_key="g", known_as_of=night, current_until=None, unread=2)
    hub.put(sites, s1=first)
    hub.put(CLOCK_TOPIC, day=Tick(as_of=night))
    hub.put(TALLY_TOPIC, a=Tally(stratum="present|s1|site|congregate", partition=0, count=4, version=1))
    with hub.life(run_measures_role, "measures"):
        assert hub.latest(SITE_TOPIC)["s1"]["free"] == 16
        hub.put(sites, s2=late)
        hub.put(TALLY_TOPIC, b=Tally(stratum="last-seen|s1|site|congregate", partition=1, count=1, version=1))
        totals = {"present|s1|site|congregate": 4, "last-seen|s1|site|congregate": 1}
        batch = {row.site: row for row in free_beds([late, first], totals, night)}
        hub.until(
            lambda: (
                {key: FreeBeds.model_validate(row, strict=False) for key, row in hub.latest(SITE_TOPIC).items()}
                == batch
            )
        )
        assert hub.latest(SITE_TOPIC)["s2"]["unknown"] == "rows-not-read"
        hub.put(CLOCK_TOPIC, day=Tick(as_of=date(2021, 2, 4)))
        hub.until(lambda: hub.latest(SITE_TOPIC)["s1"]["unknown"] == "out-of-date")


def _as_told(line: dict[str, Any]) -> dict[str, Any]:
    return SupplyMeasure.model_validate(line, strict=False).model_dump()


def test_the_clock_ticks_every_partition(hub: Installation) -> None:
    days = {today(hub.settings)}
    with hub.life(run_clock_role, "clock"):
        ticks = [record for record in hub.whole(PERSON_TOPIC) if record.key == TICK_KEY]
    assert {record.partition for record in ticks} == set(range(hub.settings.partitions))
    with hub.codec() as codec:
        assert {codec.decode_dict(record.value)[1]["as_of"] for record in ticks} <= days | {today(hub.settings)}
