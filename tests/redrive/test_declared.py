"""Rows of a declared CSV connector: read again under their header, remapped after a row of a code table was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.connectors.door import Unit
from hub.domain.events import ShelterStay
from hub.redrive.drive import judge
from hub.redrive.remap import Remapped, remap
from hub.wiring_outgoing import SealedPack
from hub.wiring_rejected import Desk
from tests.mapping.declared.shelter import BEDS, BEDS_CODES, RACE_CODES, declared, write
from tests.mapping.declared.test_versions import GUESTS, dumped, of_guests
from tests.redrive.desk import AT, Installation
from tests.redrive.test_desk import run

NAME, STAYS = "night-shelter", "hub.intake.shelter-stay.v1"
AGREEMENT = """
kind: intake
agreement_id: made-up
connector: night-shelter
discloser: A shelter that does not exist
recipient: County health department
basis: None, it is made up
valid_from: 2020-01-01
valid_until: 2035-12-31
purposes: [isolation-support]
labels: [N]
retention_days: 30
person_block: [given_name, family_name, birth_date, phone, local_id]
events:
  shelter-stay: [race_ethnicity, stay, presence, site, site_kind, entered_on, left_on, household]
"""
FILE = BEDS.replace("G-2,Bo,Ray,,,01/15/2021,ROOM,Black", "G-2,Bo,Ray,,,01/15/2021,ROOM,Mixed")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    made = Installation(tmp_path, monkeypatch)
    (tmp_path / "agreements" / f"{NAME}.yaml").write_text(AGREEMENT)
    write(tmp_path / "connectors")
    return made


def taken_in(site: Installation) -> None:
    """The whole file through the mapping, as intake takes it in."""
    desk = site.desk()
    pack = SealedPack(NAME, site.codec(), site.vault(), now=lambda: AT)
    for mapped in desk.source(NAME)(Unit("beds.csv", FILE.encode())):
        if mapped.event is not None:
            event = desk.source(NAME).agreement.grant(mapped.event)
            at = " ".join(f"{word} {number}" for word, number in mapped.where.items() if word != "file")
            kept = pack.original(event, mapped.raw, Unit("beds.csv", b""), at, head=mapped.head, file="beds.csv")
            desk.publish([pack.event(event), kept])


def remapped(desk: Desk) -> Remapped:
    told = Remapped()
    desk.send(NAME, [event for event, _ in remap(desk.originals(NAME), desk.known(NAME), told)])
    return told


def test_a_row_of_a_declared_table_is_redriven_under_its_header(site: Installation) -> None:
    head, row, *_ = BEDS.encode().splitlines(keepends=True)
    site.letter(NAME, row, "row 2", head=head, file="beds.csv")
    whole = [m.event for m in site.desk().source(NAME)(Unit("beds.csv", BEDS.encode())) if m.event]
    assert [judge(letter, site.desk().again).result for letter in site.desk().letters()] == ["event"]
    assert run(site.desk()) == [("event", None, 1)]
    assert site.ids_on(STAYS) == [whole[0].event_id]


def test_a_row_written_into_a_code_table_remaps_the_records_it_is_of(site: Installation) -> None:
    taken_in(site)
    assert list(site.desk().unmapped(NAME)) == [("race", "race_ethnicity", "Mixed")]
    assert remapped(site.desk()).published == 0
    decided = RACE_CODES.replace("Mixed,,,,TODO", "Mixed,,other,mapped,")
    write(site.directory / "connectors", beds=BEDS_CODES, race=decided)
    told = remapped(site.desk())
    assert (told.changed, told.unchanged, told.new) == (1, 2, 0)
    (newest,) = [event for event in site.desk().events(NAME) if event.mapping_version == 2]
    assert isinstance(newest, ShelterStay)
    assert newest.race_ethnicity is not None
    assert newest.race_ethnicity.groups == ("other",)
    assert list(site.desk().unmapped(NAME)) == []
    assert remapped(site.desk()).published == 0


@pytest.mark.parametrize("changed_at", [None, {"from": "Night", "format": "%m/%d/%Y", "parse": "datetime"}])
def test_a_map_that_reads_its_time_elsewhere_still_sorts_after_what_it_replaces(
    site: Installation, changed_at: dict[str, str] | None
) -> None:
    taken_in(site)
    document = declared()
    document["mapping_version"] = 2
    document["map"][0]["changed_at"] = changed_at
    if changed_at is None:
        del document["map"][0]["changed_at"]
    write(site.directory / "connectors", document)
    before = {event.fact_key: event for event in site.desk().events(NAME)}
    assert remapped(site.desk()).published == 3
    after = [event for event in site.desk().events(NAME) if event.mapping_version == 2]
    assert {event.fact_key for event in after} == {*before}
    for event in after:
        old = before[event.fact_key]
        assert (event.changed_at, event.status_rank, event.content_hash) == (
            old.changed_at,
            old.status_rank,
            old.content_hash,
        )
        assert event.event_id != old.event_id
    assert remapped(site.desk()).published == 0, "a second run publishes nothing"


def test_a_record_out_of_a_document_is_redriven_with_what_stands_above_it(site: Installation) -> None:
    write(site.directory / "connectors", of_guests())
    whole = list(site.desk().source(NAME)(Unit("guests.json", dumped(GUESTS))))
    site.letter(NAME, whole[1].raw, "document 1 item 2", file="guests.json")
    assert run(site.desk()) == [("event", None, 1)]
    assert whole[1].event is not None
    assert site.ids_on(STAYS) == [whole[1].event.event_id]
