"""Each file of the corpus becomes what a careful epidemiologist or immunization informatician would make of it.

Positive is what isolates somebody and nothing else; a dose is what was given and nothing else; what cannot be either has a reason.
The same holds at the command line, where each file is read from disk.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.commands.connector import connector
from hub.routing import route
from tests.mapping.made_up_fhir import patient
from tests.mapping.made_up_vxu import PID, orc, rxa
from tests.mapping.made_up_vxu import vxu as message
from tests.mapping.reading import Reader
from tests.mapping.unseen import cvrs, fhir_immunizations, fhir_lab_shapes, fhir_labs, vxu
from tests.mapping.unseen.telling import Case, told, words

CORPUS: dict[str, tuple[str, tuple[Case, ...]]] = {
    "lab-elr-fhir": ("fhir", (*fhir_labs.CASES, *fhir_lab_shapes.CASES)),
    "iis-vxu": ("hl7", vxu.CASES),
    "iis-cvrs": ("txt", cvrs.CASES),
    "iis-fhir": ("json", fhir_immunizations.CASES),
}
EACH = [pytest.param(name, case, id=f"{name}-{case.name}") for name, (_, cases) in CORPUS.items() for case in cases]


@pytest.mark.parametrize(("name", "case"), EACH)
def test_a_file_of_an_unseen_sender_becomes_what_a_careful_reader_makes_of_it(
    name: str, case: Case, read: Reader
) -> None:
    assert told(read(name, {"file": case.data})) == case.expected


def test_the_corpus_is_large_and_names_each_file_once() -> None:
    assert len(EACH) >= 300
    for _, cases in CORPUS.values():
        assert len({case.name for case in cases}) == len(cases)


@pytest.mark.parametrize("name", CORPUS)
def test_try_tells_the_same_of_each_file(name: str, tmp_path: Path) -> None:
    suffix, cases = CORPUS[name]
    for case in cases:
        (tmp_path / f"{case.name}.{suffix}").write_bytes(case.data)
    found = CliRunner().invoke(connector, ["try", name, str(tmp_path), "--json"], catch_exceptions=False)
    assert found.exit_code == 1, "some of the corpus is rejected"
    lines = defaultdict(list)
    for line in found.stdout.splitlines():
        one = json.loads(line)
        lines[Path(str(one["where"]["file"])).stem].append(
            words(one["outcome"], one.get("type"), one.get("reason"), one.get("event") or {})
        )
    assert dict(lines) == {case.name: [*case.expected] for case in cases}


@pytest.mark.parametrize("name", ["lab-elr-hl7v2", "iis-vxu"])
def test_answers_on_any_feed_are_set_aside_and_counted(name: str, read: Reader) -> None:
    """health-standards.md §8 R6 and R38: an answer with several candidates is never a match, an ACK never a record."""
    answers = [
        vxu.ack(),
        vxu.ack("AE", "ERR||PID^1^11^5|999^Application error^HL70357|E"),
        vxu.answer("Z31^CDCPHINVS", PID, orc(), rxa()),
        vxu.answer("Z33^CDCPHINVS", status="NF", pid=""),
    ]
    found = read(name, {"file": b"".join(answers)})
    assert [mapped.outcome for mapped in found] == ["ignored"] * len(answers)


def test_doses_on_a_laboratorys_feed_are_set_aside(read: Reader) -> None:
    assert told(read("lab-elr-hl7v2", {"file": message()})) == ("ignored not-a-lab-report",)


def test_two_health_cards_of_two_people_are_two_people(read: Reader) -> None:
    """Every card calls its holder `resource:0`: taking that for an id would make one person of all of them."""
    one, other = (
        read.events("iis-fhir", {"card": json.dumps(fhir_immunizations.card(("207", "2021-01-01"), family=name))})
        for name in ("Example", "Specimen")
    )
    assert one[1].source_person == one[0].source_person != other[0].source_person
    assert one[1].fact_key != other[1].fact_key
    assert one[0].person.local_id is None, "a name is no id"


def test_a_card_read_twice_is_one_fact(read: Reader) -> None:
    card = json.dumps(fhir_immunizations.card(("207", "2021-01-01")))
    first, again = (read.events("iis-fhir", {"card": text})[1] for text in (card, card))
    assert (first.fact_key, first.event_id) == (again.fact_key, again.event_id)


def test_the_person_whom_a_server_calls_so_is_one_with_or_without_the_patient_beside(read: Reader) -> None:
    """Observations of a bulk export come without patients; two of one Patient are one person's."""
    bulk = next(case for case in fhir_lab_shapes.CASES if case.name == "ndjson-observations-of-a-bulk-export")
    first, second = read.events("lab-elr-fhir", {"file": bulk.data})
    assert first.source_person == second.source_person is not None
    assert first.person is None


def test_a_maiden_name_is_taken_only_where_there_is_no_other(read: Reader) -> None:
    maiden, official = "Former^Ana^^^^^M", "Example^Ana^^^^^L"
    for names, family in ((f"{maiden}~{official}", "Example"), (f"~{maiden}", "Former"), (official, "Example")):
        (dose,) = read.events("iis-vxu", {"m": message(pid=PID.replace("Example^Ana^^^^^L", names))})
        assert dose.person.family_name == family
    fhir = [{"use": "maiden", "family": "Former"}, {"use": "official", "family": "Example", "given": ["Ana"]}]
    (person,) = read.events("iis-fhir", {"p": json.dumps(patient(name=fhir))})
    assert person.person.family_name == "Example"


@pytest.mark.parametrize("name", CORPUS)
def test_preview_knows_whose_file_it_is_wherever_an_event_is_in_it(name: str, tmp_path: Path) -> None:
    """But for the file that mixes a laboratory's messages with doses: without a folder's name it is the laboratory's."""
    suffix, cases = CORPUS[name]
    for case in cases:
        (tmp_path / f"{case.name}.{suffix}").write_bytes(case.data)
    routed = {unit.path.stem: unit.connector for unit in route(tmp_path, list(CORPUS))}
    telling = [
        case.name
        for case in cases
        if case.name != "mixed-file" and any(not one.startswith(("rejected", "ignored")) for one in case.expected)
    ]
    assert {case: routed[case] for case in telling} == dict.fromkeys(telling, name)
