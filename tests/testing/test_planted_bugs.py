"""A check that cannot fail checks nothing: each goes red against a bug planted where it should look, and is green without."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.bus.codec import Codec
from hub.connectors.catalog import Connector, load_one
from hub.connectors.door import Receipt
from hub.connectors.intake import Intake
from hub.domain.agreement import IntakeAgreement
from hub.domain.ids import Ids
from hub.formats.delimited import Table
from hub.mapping.declared import parsing
from hub.mapping.declared.csv_rows import CsvRows
from hub.mapping.declared.format import Fault
from hub.mapping.declared.parsing import BadValue
from hub.testing.connector_checks import CHECKS
from hub.testing.suite import ConnectorSuite
from tests.mapping.declared.shelter import BEDS, declared, write

Patch = pytest.MonkeyPatch
BEDS = (
    BEDS.replace("TEST,Test,Guest", "G-3,Cy,Fox") + "G-1,Ana,Lopez,03/09/1980,,01/16/2021,ROOM,,2021-01-17T06:00:00\n"
)
AGREEMENT = IntakeAgreement.model_validate(
    {
        "kind": "intake", "agreement_id": "made-up", "connector": "night-shelter", "discloser": "a", "recipient": "b",
        "basis": "contract",
        "valid_from": "2020-01-01", "valid_until": "2035-12-31", "purposes": ("isolation-support",), "labels": ("R",),
        "retention_days": 30, "person_block": ("given_name", "family_name", "birth_date", "phone", "local_id"),
        "events": {"shelter-stay": ("stay", "presence", "site", "site_kind", "entered_on", "race_ethnicity")},
    },
    strict=False,
)  # fmt: skip


@pytest.fixture
def connector(tmp_path: Path) -> Connector:
    document = declared()
    document["identity"]["ignore"] = ["NOBODY"]
    made = write(tmp_path, document)
    assert made.folder is not None
    (made.folder / "samples").mkdir()
    (made.folder / "expected").mkdir()
    sample(made).write_text(BEDS)
    from hub.goldens import expected_file, lines_of

    expected_file(made, sample(made)).write_text("\n".join(lines_of(made, AGREEMENT, sample(made))) + "\n")
    return made


def sample(connector: Connector) -> Path:
    assert connector.folder is not None
    return connector.folder / "samples" / "beds.csv"


def _another_reading(patch: Patch, connector: Connector) -> None:
    path = sample(connector).parent.parent / "expected" / "beds.csv.jsonl"
    path.write_text(path.read_text().replace("congregate", "other", 1))


def _a_map_that_filters_everything(patch: Patch, connector: Connector) -> None:
    patch.setattr("hub.mapping.declared.program.Filter.holds", lambda *_: False)
    document = yaml.safe_load((connector.folder or Path()).joinpath("connector.yaml").read_text())
    document["map"][0]["where"] = [{"path": "Race", "present": True}]
    again(patch, connector, document)


def again(patch: Patch, connector: Connector, document: dict[str, Any]) -> None:
    path = (connector.folder or Path()) / "connector.yaml"
    path.write_text(yaml.safe_dump(document))
    patch.setattr(connector, "_declared", load_one(path).declared)


def _content_that_holds_the_name_of_the_file(patch: Patch, _: Connector) -> None:
    patch.setattr(CsvRows, "content", lambda _self, record: [record.body, record.where["file"]])


def _a_key_that_names_no_person(patch: Patch, connector: Connector) -> None:
    document = yaml.safe_load((connector.folder or Path()).joinpath("connector.yaml").read_text())
    document["map"][0]["dedupe"] = ["Night"]
    again(patch, connector, document)


def _content_that_is_always_the_same(patch: Patch, connector: Connector) -> None:
    _a_key_that_names_no_person(patch, connector)
    patch.setattr(CsvRows, "content", lambda *_: "")


def _an_agreement_that_grants_all(patch: Patch, _: Connector) -> None:
    patch.setattr(IntakeAgreement, "grant", lambda _self, event: event)


def _a_codec_that_forgets(patch: Patch, _: Connector) -> None:
    read = Codec.decode
    patch.setattr(Codec, "decode", lambda self, value: read(self, value).model_copy(update={"occurred_on": None}))


def _a_contract_that_cannot_be_read_by_yesterdays(patch: Patch, _: Connector) -> None:
    def broken(*_: object) -> Any:
        return lambda *_: ({}, 0)

    patch.setattr("hub.testing.schema_checks.reader_of", broken)


def _a_reader_that_is_silent_about_what_it_cannot_read(patch: Patch, _: Connector) -> None:
    read = CsvRows.records
    patch.setattr(CsvRows, "records", lambda *given: (found for found in read(*given) if not isinstance(found, Fault)))


def _a_reader_that_stops_at_a_bad_row(patch: Patch, _: Connector) -> None:
    read = CsvRows.records

    def until_a_fault(*given: Any) -> Iterator[Any]:
        for found in read(*given):
            yield found
            if isinstance(found, Fault):
                return

    patch.setattr(CsvRows, "records", until_a_fault)


def _a_parser_that_raises_what_nobody_expects(patch: Patch, _: Connector) -> None:
    def bug(self: BadValue, reason: str) -> None:
        raise ZeroDivisionError(reason)

    patch.setattr(BadValue, "__init__", bug)


def _a_reader_that_trips_over_a_byte_order_mark(patch: Patch, _: Connector) -> None:
    read = CsvRows.records
    patch.setattr(
        CsvRows, "records",
        lambda self, file, content: read(self, file, (content if isinstance(content, bytes) else content().read()).replace(
            b"\xef\xbb\xbf", b"x")),
    )  # fmt: skip


def _a_parser_that_looks_at_the_day_after(patch: Patch, _: Connector) -> None:
    civil = parsing._civil
    patch.setattr(parsing, "_civil", lambda found, zone: civil(found + timedelta(days=1) - timedelta(days=1), zone))


def _rows_numbered_in_their_content(patch: Patch, _: Connector) -> None:
    patch.setattr(CsvRows, "content", lambda _self, record: [record.body, record.where["row"]])


def _a_bad_row_that_takes_the_next_along(patch: Patch, _: Connector) -> None:
    rows = Table.rows

    def skipping(self: Table) -> Iterator[Any]:
        found = rows(self)
        for row in found:
            yield row
            if not hasattr(row, "cells"):
                next(found, None)

    patch.setattr(Table, "rows", skipping)


def _ids_that_count_readings(patch: Patch, _: Connector) -> None:
    count, under = itertools.count(), Ids.under

    def counting(self: Ids, *parts: str) -> Callable[..., str]:
        token = under(self, *parts)
        return (lambda *more: token(*more, str(next(count)))) if parts == ("event",) else token

    patch.setattr(Ids, "under", counting)


def _an_intake_that_acks_in_spite_of_trouble(patch: Patch, _: Connector) -> None:
    async def settle(self: Intake, job: Any, *_: object) -> None:
        await self._answered(job.delivery.ack(job.receipt))

    patch.setattr(Intake, "_settle", settle)


def _an_intake_that_acks_before_it_sends(patch: Patch, _: Connector) -> None:
    take = Intake._take

    async def hasty(self: Intake, deliveries: list[Any]) -> None:
        for each in deliveries:
            await each.ack(Receipt())
        await take(self, deliveries)

    patch.setattr(Intake, "_take", hasty)


def _an_intake_that_never_says_it_is_paused(patch: Patch, _: Connector) -> None:
    enter = Intake._pause

    def pause(self: Intake, trouble: BaseException) -> None:
        enter(self, trouble)
        self._watch.enter("running")

    patch.setattr(Intake, "_pause", pause)
    patch.setattr(
        "hub.testing.loop_checks.Unheard.enter",
        lambda self, state, why="", error=None: setattr(self, "state", "running"),
    )


PLANTED: list[tuple[str, Callable[[Patch, Connector], None]]] = [
    ("gives what expected/ holds", _another_reading),
    ("gives events of the kinds it names", _a_map_that_filters_everything),
    ("read again under another name, it yields the same ids", _content_that_holds_the_name_of_the_file),
    ("no two different records share an id, no two people a fact", _a_key_that_names_no_person),
    ("no two different records share an id, no two people a fact", _content_that_is_always_the_same),
    ("only agreed fields leave", _an_agreement_that_grants_all),
    ("every event survives Avro, also under the contract of an earlier day", _a_codec_that_forgets),
    ("every event survives Avro, also under the contract of an earlier day", _a_contract_that_cannot_be_read_by_yesterdays),
    ("junk ends in dead letters with a reason", _a_reader_that_is_silent_about_what_it_cannot_read),
    ("spoilt files give events or reasons, and a bad record costs only itself", _a_reader_that_stops_at_a_bad_row),
    ("spoilt files give events or reasons, and a bad record costs only itself", _a_parser_that_raises_what_nobody_expects),
    ("spoilt files give events or reasons, and a bad record costs only itself", _a_reader_that_trips_over_a_byte_order_mark),
    ("spoilt files give events or reasons, and a bad record costs only itself", _a_parser_that_looks_at_the_day_after),
    ("spoilt files give events or reasons, and a bad record costs only itself", _rows_numbered_in_their_content),
    ("spoilt files give events or reasons, and a bad record costs only itself", _a_bad_row_that_takes_the_next_along),
    ("killed at any record and read again, it gives the same ids", _ids_that_count_readings),
    ("killed at any record and read again, it gives the same ids", _an_intake_that_acks_before_it_sends),
    ("a broker that refuses gets everything in the end, acked once", _an_intake_that_acks_in_spite_of_trouble),
    ("while the broker is away it is paused and acks nothing", _an_intake_that_acks_in_spite_of_trouble),
    ("while the broker is away it is paused and acks nothing", _an_intake_that_never_says_it_is_paused),
]  # fmt: skip


@pytest.mark.parametrize(("check", "plant"), PLANTED, ids=[f"{plant.__name__.strip('_')}" for _, plant in PLANTED])
def test_a_planted_bug_is_caught(
    check: str, plant: Callable[[Patch, Connector], None], connector: Connector, monkeypatch: Patch
) -> None:
    plant(monkeypatch, connector)
    assert CHECKS[check](connector, AGREEMENT, sample(connector)) is not None


@pytest.mark.parametrize("check", CHECKS)
def test_without_a_bug_every_check_is_green(check: str, connector: Connector) -> None:
    assert CHECKS[check](connector, AGREEMENT, sample(connector)) is None


def test_every_check_has_a_bug_planted_for_it() -> None:
    assert {check for check, _ in PLANTED} == {*CHECKS}


def test_the_suite_of_third_parties_runs_every_check_on_every_sample_under_the_names_of_the_command(
    connector: Connector,
) -> None:
    class Ours(ConnectorSuite):
        folder = connector.folder or Path()

    told: list[Any] = []

    class Asking:
        fixturenames = ("sample", "check")

        def parametrize(self, names: tuple[str, ...], given: list[Any]) -> None:
            told.extend(each.values for each in given)

    Ours().pytest_generate_tests(Asking())  # type: ignore[arg-type]
    assert told == [(sample(connector), check) for check in CHECKS]
