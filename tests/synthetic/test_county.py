"""The county as a whole: repeatable, its people different, its truth in agreement with itself."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.commands.synthetic import synthetic
from hub.synthetic import County, Delivery, make_county
from hub.synthetic.evidence import known_of, unmistakable
from hub.synthetic.places import CONGREGATE, ISOLATION_PROJECT
from hub.synthetic.spelling import name_key


def _fingerprint(county: County) -> str:
    digest = hashlib.sha256(county.population_csv())
    for delivery in county.deliveries():
        digest.update(f"{delivery.at}{delivery.connector}{delivery.name}".encode())
        files = {"": delivery.payload} if isinstance(delivery.payload, bytes) else delivery.payload
        for name, content in files.items():
            digest.update(name.encode() + content)
    return digest.hexdigest()


def test_the_same_seed_gives_the_same_bytes_and_the_same_truth() -> None:
    one, two = make_county(300, 5), make_county(300, 5)
    assert _fingerprint(one) == _fingerprint(two)
    assert json.dumps(one.truth.summary()) == json.dumps(two.truth.summary())
    assert one.truth == two.truth


def test_the_bytes_do_not_depend_on_the_hash_seed_of_the_process(tmp_path: Path) -> None:
    script = "import sys; from hub.cli import main; main(sys.argv[1:])"
    said = []
    for hash_seed in ("1", "2"):
        out, truth = tmp_path / hash_seed, tmp_path / f"{hash_seed}.json"
        arguments = ["synthetic", "write", str(out), "--people", "150", "--seed", "5", "--truth", str(truth)]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        subprocess.run([sys.executable, "-c", script, *arguments], check=True, env=environment, capture_output=True)
        files = sorted(path for path in out.rglob("*") if path.is_file())
        said.append(([(str(f.relative_to(out)), f.read_bytes()) for f in files], truth.read_text()))
    assert said[0] == said[1]


def test_another_seed_gives_another_county() -> None:
    assert _fingerprint(make_county(300, 5)) != _fingerprint(make_county(300, 6))


def test_no_two_people_share_normalised_name_and_birth_date(county: County) -> None:
    keys = {name_key(p.given, p.family, p.birth_date) for p in county.people}
    assert len(keys) == len(county.people) == 2000


def test_a_clerks_error_never_makes_somebody_else_of_a_person(county: County) -> None:
    owners: dict[tuple[str, str, str], set[int]] = {}
    for record in county.ledger.registrations.values():
        key = name_key(record.given, record.family, record.birth_date)
        owners.setdefault(key, set()).add(record.person)
    assert all(len(people) == 1 for key, people in owners.items() if key[2])
    assert any(not record.exact for record in county.ledger.registrations.values())


def test_bare_local_ids_collide_across_laboratories(county: County) -> None:
    numbers: dict[str, set[int]] = {}
    for sid, record in county.ledger.registrations.items():
        if sid.connector == "lab-elr-hl7v2":
            numbers.setdefault(sid.local_id, set()).add(record.person)
    assert any(len(people) > 1 for people in numbers.values())


@pytest.mark.parametrize("seed", [1, 2, 3, 11])
def test_two_thousand_people_have_enough_needs_of_every_kind(seed: int) -> None:
    truth = make_county(2000, seed).truth
    assert len(truth.needs_ever) > 60
    assert {("place", "open"), ("place", "helped"), ("place", "ended"), ("food", "open"), ("food", "ended")} <= {
        (need.support, need.state) for need in truth.needs_ever
    }
    assert truth.needs_withdrawn
    assert truth.hard_links


def test_every_need_stands_on_an_isolation_of_ten_days(county: County) -> None:
    for need in county.truth.needs_ever:
        assert need.until - need.since == timedelta(days=10)
        assert county.truth.must_isolate[need.person].start <= need.since
        assert need.members <= set(county.truth.who[need.person])
        assert (need.helped_on is not None) == (need.state == "helped")


def test_needs_of_food_are_told_and_needs_of_a_place_are_lived(county: County) -> None:
    truth = county.truth
    homeless = {p.index for p in county.people if p.housing != "housed"}
    assert {n.person for n in truth.needs_ever if n.support == "food"} <= truth.lacks_food
    assert {n.person for n in truth.needs_ever if n.support == "place"} <= homeless


def test_no_isolation_hangs_on_a_boundary_day(county: County) -> None:
    truth, ledger = county.truth, county.ledger
    known = known_of(ledger)
    specimens: dict[int, date] = {}
    for order in ledger.orders:
        if order.positive():
            person = ledger.registrations[order.sid].person
            specimens[person] = min(specimens.get(person, date.max), order.collected_at.date())
    for person, window in truth.must_isolate.items():
        assert not window.until - timedelta(days=1) <= truth.as_of <= window.until + timedelta(days=1)
        specimen = specimens.get(person, window.start)
        for sid in truth.who[person]:
            if sid in known:
                assert unmistakable(known[sid], window.start, specimen), (person, sid)


def test_expected_links_join_records_of_one_person_only(county: County) -> None:
    truth = county.truth
    assert len(truth.expected_links) > 1000
    assert all(truth.same_person(left, right) for left, right in truth.expected_links | truth.hard_links)
    assert not truth.expected_links & truth.hard_links
    members = [sid for cluster in truth.clusters for sid in cluster]
    assert len(members) == len(set(members))
    assert truth.optional
    assert truth.refused
    assert {*members, *truth.optional, *truth.refused} == set(truth.person_of)
    assert len(members) + len(truth.optional) + len(truth.refused) == len(truth.person_of)


def test_who_moves_to_the_isolation_site_sleeps_nowhere_else(county: County) -> None:
    ledger = county.ledger
    moved = [stay for stay in ledger.stays if stay.project == ISOLATION_PROJECT]
    assert moved
    for stay in moved:
        hotel = set(stay.slept(county.truth.as_of))
        elsewhere = {
            night
            for other in ledger.stays
            if ledger.registrations[other.sid].person == ledger.registrations[stay.sid].person and other is not stay
            for night in other.slept(county.truth.as_of)
        }
        assert not hotel & elsewhere


def test_an_open_enrollment_without_nights_is_no_presence() -> None:
    """The trap is in some county: somebody must isolate, has an open night-by-night enrollment, and needs no place."""
    assert any(_trapped(make_county(2_000, seed)) for seed in range(2, 8))


def _trapped(county: County) -> set[int]:
    ledger, truth = county.ledger, county.truth
    enrolled = {
        ledger.registrations[s.sid].person
        for s in ledger.stays
        if s.project in CONGREGATE and not s.entry_exit and s.exit is None and s.nights[-1] < date(2021, 2, 15)
    }
    placed = {need.person for need in truth.needs_ever if need.support == "place"}
    return (enrolled & set(truth.must_isolate)) - placed


def test_withdrawn_and_rehearsed_results_ask_nobody_to_isolate(county: County) -> None:
    ledger, truth = county.ledger, county.truth
    traps = [o for o in ledger.orders if o.reports[-1].status == "W" or o.serology or o.test_message]
    assert {"W"} < {o.reports[-1].status for o in ledger.orders}
    assert any(o.serology for o in traps)
    assert any(o.test_message for o in traps)
    assert not {ledger.registrations[o.sid].person for o in traps} & set(truth.must_isolate)


def test_vaccination_is_unequal_and_counted_once(county: County) -> None:
    truth = county.truth
    dosed = {county.ledger.registrations[d.sid].person for d in county.ledger.doses if not d.refused}
    assert len(dosed) <= sum(truth.vaccinated.values()) <= len(dosed) + 12  # apart only where an error keeps them so
    people = {group: sum(r.population for r in county.population() if r.group == group) for group in ("white", "black")}
    share = {g: sum(n for (group, _), n in truth.vaccinated.items() if group == g) / people[g] for g in people}
    assert share["white"] > 1.3 * share["black"]
    assert any(group == "unknown" for group, _ in truth.vaccinated)


def test_population_counts_everybody(county: County) -> None:
    assert sum(row.population for row in county.population()) == 2000


def test_the_story_is_of_one_person_who_was_helped(county: County, deliveries: list[Delivery]) -> None:
    story = county.story()
    assert story.slept_at == "2101"
    assert any(d.name == story.result_delivery and f"{d.at:%Y-%m-%d %H:%M}" == "2021-02-12 09:12" for d in deliveries)
    assert {(n.support, n.state) for n in county.truth.needs_ever if n.person == 0} >= {
        ("place", "helped"),
        ("food", "ended"),
    }
    assert set(story.records) in [set(cluster) for cluster in county.truth.clusters]


@pytest.mark.parametrize("people", [1, 5, 40])
def test_a_tiny_county_still_has_its_story(people: int) -> None:
    county = make_county(people, 3)
    assert county.story().moved_on == date(2021, 2, 13)
    assert list(county.deliveries())


def test_a_county_without_people_is_refused() -> None:
    with pytest.raises(ValueError, match="people"):
        make_county(0, 1)


def test_the_command_writes_files_population_and_truth(tmp_path: Path) -> None:
    arguments = [
        "write",
        str(tmp_path / "out"),
        "--people",
        "120",
        "--seed",
        "4",
        "--json",
        "--truth",
        str(tmp_path / "t.json"),
    ]
    outcome = CliRunner().invoke(synthetic, arguments)
    assert outcome.exit_code == 0, outcome.output
    counts = json.loads(outcome.output)["files"]
    for connector, count in counts.items():
        assert len([p for p in (tmp_path / "out" / connector).rglob("*") if p.is_file()]) == count
    assert (
        (tmp_path / "out" / "population.csv").read_text().startswith("area,dimension,group,population,source,vintage\n")
    )
    assert json.loads((tmp_path / "t.json").read_text())["as_of"] == "2021-03-31"
