"""Which connectors of an installation start, and what is said of those that do not."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from hub.config import Settings
from hub.connectors.catalog import SHIPPED, Connector, find
from hub.connectors.door import Problem, Unit
from hub.connectors.file_drop import FileDropDoor
from hub.connectors.fleet import Fleet, Order, Running, Shown, Version
from hub.connectors.front import Mounted
from hub.connectors.http_push import PushOptions
from hub.connectors.mllp_door import MllpDoor
from hub.connectors.pull import PullDoor
from hub.connectors.watch import Watch
from hub.domain.agreement import IntakeAgreement
from hub.domain.ids import Ids
from hub.errors import ConfigError
from hub.privacy.agreements import EXAMPLES, intake_agreement
from hub.redrive.standing import Open
from hub.wiring_orders import Orders, nothing_to_run
from hub.wiring_reading import catalogue
from hub.wiring_tending import Tending
from hub.wiring_workshop import Workshop, needed_topics, require_topics
from tests.connectors.upload import pantry

TODAY = date(2026, 1, 1)
Chosen = tuple[Connector, IntakeAgreement]


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    (tmp_path / "agreements").mkdir()
    return tmp_path


def agree(instance: Path, *names: str) -> None:
    for name in names:
        shutil.copy(EXAMPLES / f"{name}.yaml", instance / "agreements")


def workshop(instance: Path) -> Workshop:
    unused: Any = None
    return Workshop(Settings(instance=instance, bootstrap="nowhere:1"), Ids(b"x" * 32), unused, unused, unused, unused)


def orders(instance: Path, today: date = TODAY, last: Callable[[str], Version | None] = lambda _: None) -> Orders:
    return Orders(workshop(instance), last, lambda: today)


def chosen(instance: Path, today: date = TODAY) -> list[Chosen]:
    """What may start, with its agreement; ConfigError where nothing may."""
    found = orders(instance, today).now()
    if (why := nothing_to_run(found)) is not None:
        raise ConfigError(why)
    may = [order.versions[0].source.connector for order in found.values() if order.versions]
    return [(each, intake_agreement(instance / "agreements", each.name, today)) for each in may]


def build(instance: Path) -> list[Running]:
    return [workshop(instance).make(*each, Watch(each[0].name)) for each in chosen(instance)]


def names(instance: Path, today: date = TODAY) -> list[str]:
    return [connector.name for connector, _ in chosen(instance, today)]


def test_what_nobody_waits_for_goes_with_the_producer_that_gathers_more_at_a_time(instance: Path) -> None:
    made: Any = workshop(instance)
    made.publisher, made.producer, made.bulk = object(), object(), object()
    agree(instance, "lab-elr-hl7v2", "hmis-csv")
    publishers = {
        connector.name: made.make(connector, agreement, Watch(connector.name)).intake._publisher
        for connector, agreement in chosen(instance)
    }
    assert publishers["lab-elr-hl7v2"] is made.publisher
    assert publishers["hmis-csv"]._producer is made.bulk
    doors = {connector.door.kind: connector.door for connector in catalogue(instance).values()}
    prompt = {kind for kind, door in doors.items() if made.producer_of(door) is made.producer}
    assert prompt == {"mllp"}
    assert {kind for kind, door in doors.items() if made.producer_of(door) is made.bulk} == {"file-drop", "http-poll"}
    assert PushOptions(api_keys="keys").answers


def test_a_certificate_without_key_stops_doors_over_http_and_no_others(instance: Path) -> None:
    agree(instance, "lab-elr-hl7v2", "hmis-csv")
    secrets = instance / "secrets" / "http"
    secrets.mkdir(parents=True)
    (secrets / "certificate.pem").write_text("made up")
    assert len(build(instance)) == 2
    router: Any = None
    with pytest.raises(ConfigError, match="needs its private key beside it"):
        asyncio.run(workshop(instance).front.mount(Mounted("/push/a", "a", router)))


def test_without_any_agreement_nothing_starts_and_the_file_to_write_is_named(instance: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        chosen(instance)
    assert str(instance / "agreements" / "case-line-list.yaml") in str(refused.value)
    assert "`hub connector agree case-line-list` writes it" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_connector_without_agreement_does_not_start_and_its_neighbours_do(instance: Path) -> None:
    agree(instance, "hmis-csv", "sara-alert")
    assert names(instance) == ["hmis-csv", "sara-alert"]


def test_a_broken_or_expired_agreement_keeps_its_connector_out(instance: Path) -> None:
    agree(instance, "hmis-csv", "sara-alert")
    (instance / "agreements" / "sara-alert.yaml").write_text("kind: intake\n")
    assert names(instance) == ["hmis-csv"]
    with pytest.raises(ConfigError, match="expired on"):
        names(instance, date(2040, 1, 1))


def test_a_broken_own_connector_stays_off_and_its_neighbours_start(instance: Path) -> None:
    agree(instance, "hmis-csv", "iis-cvrs")
    own = instance / "connectors" / "iis-cvrs"
    own.mkdir(parents=True)
    (own / "connector.yaml").write_text("name: [")
    assert names(instance) == ["hmis-csv"]


def test_with_only_broken_connectors_the_mistake_is_the_reason(instance: Path) -> None:
    for path in SHIPPED.glob("*/connector.yaml"):
        own = instance / "connectors" / path.parent.name
        own.mkdir(parents=True)
        (own / "connector.yaml").write_text("title: 7\n")
    with pytest.raises(ConfigError, match=r"no connector can start: .*connector\.yaml:1: "):
        chosen(instance)


def test_a_connector_that_is_switched_off_is_not_asked_for_an_agreement(instance: Path) -> None:
    agree(instance, "hmis-csv", "iis-cvrs")
    own = instance / "connectors" / "iis-cvrs"
    own.mkdir(parents=True)
    (own / "connector.yaml").write_text((SHIPPED / "iis-cvrs" / "connector.yaml").read_text() + "enabled: false\n")
    assert names(instance) == ["hmis-csv"]


def test_each_connector_gets_the_door_it_declares(instance: Path) -> None:
    agree(instance, "hmis-csv", "lab-elr-hl7v2")
    doors = {each.watch.connector: each.door for each in build(instance)}
    assert isinstance(doors["lab-elr-hl7v2"], MllpDoor)
    folder = doors["hmis-csv"]
    assert isinstance(folder, FileDropDoor)
    assert folder.inbox == instance / "inbox" / "hmis-csv"


def test_topics_that_are_missing_are_named_with_the_verb_that_makes_them(instance: Path) -> None:
    agree(instance, "iis-cvrs")
    topics = needed_topics(chosen(instance))
    assert [topic.name for topic in topics] == [
        "hub.intake.raw.v1",
        "hub.intake.vaccination.v1",
        "hub.intake.rejected.v1",
    ]

    class Bare:
        def partitions(self, topic: str) -> int:
            return 0 if "rejected" in topic else 4

    with pytest.raises(ConfigError, match=r"hub\.intake\.rejected\.v1; make them with `hub topics apply`"):
        require_topics(Bare(), topics)  # type: ignore[arg-type]


def test_a_door_that_fetches_gets_its_positions_and_their_topic(instance: Path) -> None:
    agree(instance, "iis-cvrs")
    own = instance / "connectors" / "iis-cvrs"
    own.mkdir(parents=True)
    text = (SHIPPED / "iis-cvrs" / "connector.yaml").read_text()
    door = "kind: http-poll\n  url: https://registry.example.org/doses\n"
    (own / "connector.yaml").write_text(text.replace("kind: file-drop\n  unit: file\n", door))
    [built] = build(instance)
    assert isinstance(built.door, PullDoor)
    assert "hub.connector.position.v1" in [topic.name for topic in needed_topics(chosen(instance))]


class Files:
    """An instance that is edited while its connectors run; `now` looks often enough to see a change as whole."""

    def __init__(self, instance: Path) -> None:
        agree(instance, "iis-cvrs")
        self.folder = instance / "connectors" / "iis-cvrs"
        self.folder.mkdir(parents=True)
        self.agreement = instance / "agreements" / "iis-cvrs.yaml"
        self.yaml = self.folder / "connector.yaml"
        self.yaml.write_text((SHIPPED / "iis-cvrs" / "connector.yaml").read_text())
        self.today, self.ran = TODAY, None
        self.orders = Orders(
            workshop(instance), lambda name: self.ran if name == "iis-cvrs" else None, lambda: self.today
        )
        self.ran = self.now().versions[0]

    ran: Version | None

    def now(self) -> Order:
        return [self.orders.now() for _ in range(3)][-1]["iis-cvrs"]


@pytest.fixture
def files(instance: Path) -> Files:
    return Files(instance)


def test_a_changed_folder_is_a_new_version_before_the_old_one(files: Files) -> None:
    files.yaml.write_text(files.yaml.read_text().replace("unit: file", "unit: file\n  stable_s: 9.0"))
    assert files.ran is not None
    new, old = files.now().versions
    assert (old.key, new.key != old.key) == (files.ran.key, True)
    assert new.source.connector.door.stable_s == 9.0


def test_a_broken_folder_keeps_the_old_version_and_says_why(files: Files) -> None:
    files.yaml.write_text(files.yaml.read_text().replace("title:", "titel:"))
    assert files.ran is not None
    order = files.now()
    assert [version.key for version in order.versions] == [files.ran.key]
    assert "connector.yaml:2: titel: " in order.complaint


def test_a_broken_folder_runs_on_under_the_agreement_as_it_is_now(files: Files) -> None:
    files.yaml.write_text("name: [")
    files.agreement.write_text(files.agreement.read_text() + "# seen again\n")
    [version] = files.now().versions
    assert files.ran is not None
    assert version.key != files.ran.key
    assert version.source == files.ran.source


@pytest.mark.parametrize("text", ["name: \0\n", "[" * 100_000])
def test_a_folder_that_is_no_text_at_all_keeps_its_old_version_and_ends_nothing(files: Files, text: str) -> None:
    files.yaml.write_text(text)
    assert files.ran is not None
    order = files.now()
    assert [version.key for version in order.versions] == [files.ran.key]
    assert "connector.yaml: is not YAML" in order.complaint


@pytest.mark.parametrize("text", ["kind: intake\n", "\0", None])
def test_an_agreement_that_is_broken_or_gone_stops_intake_also_of_a_broken_folder(
    files: Files, text: str | None
) -> None:
    files.yaml.write_text("name: [")
    if text is None:
        files.agreement.unlink()
    else:
        files.agreement.write_text(text)
    order = files.now()
    assert (order.off, order.versions) == ("no-agreement", ())
    assert str(files.agreement) in order.detail


def test_an_agreement_that_runs_out_stops_intake_on_that_day_and_a_new_secret_is_a_new_version(files: Files) -> None:
    files.today = date(2040, 1, 1)
    assert "expired on" in files.now().detail
    files.today = TODAY
    secret = files.folder.parent.parent / "secrets" / "iis-cvrs" / "token"
    secret.parent.mkdir(parents=True)
    secret.write_text("made up")
    assert files.ran is not None
    assert files.now().versions[0].key != files.ran.key


def test_a_folder_that_is_switched_off_or_gone_stops(files: Files, instance: Path) -> None:
    files.yaml.write_text(files.yaml.read_text() + "enabled: false\n")
    assert files.now().off == "disabled"
    own = instance / "connectors" / "pantry"
    own.mkdir()
    (own / "connector.yaml").write_text("name: [")
    assert [files.orders.now() for _ in range(3)][-1]["pantry"].complaint
    shutil.rmtree(own)
    assert [files.orders.now() for _ in range(3)][-1]["pantry"].off == "removed"


def test_only_what_changed_is_read_again(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.wiring_orders.catalogue", lambda _: pytest.fail("read again"))
    files.agreement.write_text(files.agreement.read_text() + "# seen again\n")
    assert len({version.key for version in files.now().versions}) == 1


class Pantry:
    """A connector with a map and a code table, edited while it runs."""

    def __init__(self, instance: Path) -> None:
        self.instance = instance
        agreed = json.loads(pantry.AGREEMENT.model_dump_json())
        days = {name: date.fromisoformat(agreed[name]) for name in ("valid_from", "valid_until")}
        (instance / "agreements" / f"{pantry.NAME}.yaml").write_text(yaml.safe_dump({**agreed, **days}))
        self.folder = instance / "connectors" / pantry.NAME
        (self.folder / "codes").mkdir(parents=True)
        self.yaml, self.codes = self.folder / "connector.yaml", self.folder / "codes" / "kinds.csv"
        self.yaml.write_text(pantry.YAML.replace("kind: upload", "kind: file-drop"))
        self.codes.write_text(pantry.CODES)
        self.orders = orders(instance)
        self.orders.now()

    def unraised(self) -> bool:
        newest = [self.orders.now() for _ in range(3)][-1][pantry.NAME].versions[0]
        return bool(newest.facts["unraised"])


def test_a_map_or_code_that_changes_under_the_same_mapping_version_is_told_until_the_version_rises(
    instance: Path,
) -> None:
    edited = Pantry(instance)
    text = edited.yaml.read_text()
    edited.yaml.write_text(text.replace("title: Food", "title: Some food"))
    assert not edited.unraised(), "a title decides nothing"
    edited.codes.write_text(edited.codes.read_text().replace("pantry", "meal-delivery"))
    assert edited.unraised()
    edited.yaml.write_text(text)
    assert edited.unraised(), "also after the next change of something else"
    edited.yaml.write_text(text + "mapping_version: 2\n")
    assert not edited.unraised()
    edited.yaml.write_text(
        text.replace("delivered: {value: true}", "delivered: {value: false}") + "mapping_version: 3\n"
    )
    assert not edited.unraised()


def test_a_map_that_is_restored_is_no_longer_told_as_changed(instance: Path) -> None:
    edited = Pantry(instance)
    codes = edited.codes.read_text()
    edited.codes.write_text(codes.replace("pantry", "meal-delivery"))
    assert edited.unraised()
    edited.codes.write_text(codes)
    assert not edited.unraised()
    edited.codes.write_text(codes.replace("pantry", "meal-delivery"))
    assert edited.unraised(), "a second time too"


def test_what_is_told_of_an_unraised_map_stands_in_the_notes(instance: Path) -> None:
    edited = Pantry(instance)

    async def scene() -> dict[str, str]:
        fleet: Any = Fleet()
        version = Version("1", make, None, {"unraised": True})
        fleet.shown = lambda: [Shown(pantry.NAME, "running", "", "", "", Watch(pantry.NAME), version)]
        return Tending(workshop(edited.instance), fleet).notes()

    async def make(watch: Watch) -> Running:
        raise NotImplementedError

    [(name, words)] = asyncio.run(scene()).items()
    assert name == f"{pantry.NAME} (map)"
    assert "raise mapping_version" in words


def test_a_dead_letter_carries_the_mapping_version_of_its_connector(instance: Path) -> None:
    edited = Pantry(instance)
    edited.yaml.write_text(edited.yaml.read_text() + "mapping_version: 7\n")
    made: Any = workshop(instance)
    made.codec = SimpleNamespace(encode=lambda _topic, record: record)
    made.vault = SimpleNamespace(seal_bytes=None)
    agreement = intake_agreement(instance / "agreements", pantry.NAME, TODAY)
    running: Any = made.make(find(pantry.NAME, catalogue(instance)), agreement, Watch(pantry.NAME))
    _, _, letter, *_ = running.intake._packer._pack.dead_letter(
        Problem("bad-date", "map", "row 2"), None, Unit("u", b"")
    )
    assert letter.mapping_version == 7


def test_the_page_tells_how_many_dead_letters_are_open_and_when_the_last_came(instance: Path) -> None:
    async def scene() -> Any:
        fleet: Any = Fleet()
        fleet.shown = lambda: [
            Shown(name, "running", "", "", "", Watch(name), None) for name in (pantry.NAME, "others")
        ]
        tending = Tending(workshop(instance), fleet)
        tending.refused({pantry.NAME: Open(25, datetime(2021, 3, 1, 10, tzinfo=UTC))})
        return {each["name"]: each["refused"] for each in tending.page()}

    assert asyncio.run(scene()) == {pantry.NAME: {"open": 25, "last_at": "2021-03-01T10:00:00+00:00"}, "others": None}


def test_a_role_whose_only_door_cannot_open_stays_and_says_why_and_when_it_tries_again(instance: Path) -> None:
    edited = Pantry(instance)

    async def make(watch: Watch) -> Running:
        raise ConfigError("port 2575 is taken")

    async def scene() -> dict[str, Any]:
        tending: Any = Tending(workshop(edited.instance), Fleet())
        ordered = {pantry.NAME: Order((Version("1", make),))}
        tending._controls.latest = dict
        tending._orders.now = lambda: ordered
        ops: Any = SimpleNamespace(add_ready=lambda *_: None)
        await tending.begin(ops)
        [told] = tending.page()
        return dict(told)

    told = asyncio.run(scene())
    assert (told["state"], told["detail"]) == ("failed", "port 2575 is taken")
    assert told["tried_again_at"] is not None
