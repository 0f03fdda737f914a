"""Redrive over real keys, real contracts and real programs: the right events, once each, whatever happens meanwhile."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from hub.bus.cloud_events import issues_of
from hub.bus.dead_letter import REDRIVEN_TOPIC, Kept
from hub.connectors.door import Unit
from hub.domain.disclosure import first_break
from hub.errors import Reject
from hub.mapping.program import Mapped
from hub.redrive.drive import Pace, judge, redrive
from hub.redrive.letters import Letter
from hub.wiring_rejected import Desk
from tests.connectors.made_up_lab import message
from tests.mapping.test_vaccinations import cvrs
from tests.redrive.desk import FileLog, Installation, in_a_process

LAB, IIS = "lab-elr-hl7v2", "iis-cvrs"
LABS, DOSES = "hub.intake.lab-result.v1", "hub.intake.vaccination.v1"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    return Installation(tmp_path, monkeypatch, LAB, IIS, "hmis-csv", "hrsn-screening", "sara-alert")


def open_letters(desk: Desk) -> list[Letter]:
    return [letter for letter in desk.letters() if letter.open]


def run(desk: Desk) -> list[tuple[str, str | None, int]]:
    """What `hub rejected redrive --yes` does."""
    letters = open_letters(desk)
    verdicts = [judge(letter, desk.again) for letter in letters]
    ids = {event.event_id for verdict in verdicts for event in verdict.events}
    published = desk.published(ids, {letter.rejected.connector for letter in letters})
    return [(v.result, v.reason, new) for v, new in redrive(letters, desk.again, published, desk, Pace(None))]


def run_until(site: Installation, record: int) -> None:
    """A run that is killed right after it wrote so many records."""
    run(site.desk(dies_after=record))


def accepted(site: Installation, n: int) -> str:
    """Message n went through the door already; its event's id."""
    desk = site.desk()
    (event,) = [m.event for m in desk.source(LAB)(Unit("u", message(n))) if m.event is not None]
    desk.send(LAB, [desk.source(LAB).agreement.grant(event)])
    return event.event_id


def test_a_mended_record_becomes_its_event_and_its_letter_is_closed(site: Installation) -> None:
    site.letter(LAB, message(1), "message 1")
    assert run(site.desk()) == [("event", None, 1)]
    (mark,) = site.desk().letters()
    assert mark.last is not None
    assert (mark.open, mark.last.events) == (False, tuple(site.ids_on(LABS)))
    assert run(site.desk()) == []
    assert len(site.ids_on("hub.intake.raw.v1")) == 1, "its original is kept for a remap, as intake keeps it"


def test_issues_that_the_event_has_no_field_for_stand_beside_it_as_intake_writes_them(site: Installation) -> None:
    site.letter(LAB, message(1), "message 1")
    desk = site.desk()

    def again(letter: Letter) -> tuple[Kept, list[Mapped]]:
        found, (mapped,) = desk.again(letter)
        return found, [mapped._replace(issues=("odd-county", "odd-race"))]

    assert [new for _, new in redrive(open_letters(desk), again, set(), desk, Pace(None))] == [1]
    assert issues_on(site, LABS) == [("odd-county", "odd-race")]


def issues_on(site: Installation, topic: str) -> list[tuple[str, ...]]:
    return [issues_of(record.headers) for record in site.log().read("", topic)]


def test_what_succeeded_already_is_not_published_a_second_time(site: Installation) -> None:
    first = accepted(site, 1)
    site.letter(LAB, message(1), "message 1")
    site.letter(LAB, message(1), "message 1", file="the same again")
    assert run(site.desk()) == [("event", None, 0), ("event", None, 0)]
    assert site.ids_on(LABS) == [first]


def test_two_letters_of_one_record_give_one_event(site: Installation) -> None:
    site.letter(LAB, message(1), "message 1")
    site.letter(LAB, message(1), "message 1", file="the same again")
    assert run(site.desk()) == [("event", None, 1), ("event", None, 0)]


def test_what_is_still_refused_stays_open_and_says_why(site: Installation) -> None:
    site.letter(LAB, message(1).replace(b"PID|", b"PIX|"), "message 1")
    assert run(site.desk()) == [("rejected", "no-patient", 0)]
    (letter,) = site.desk().letters()
    assert letter.open
    assert letter.last is not None
    assert letter.last.reason == "no-patient"


def test_what_the_hub_has_no_use_for_today_is_closed(site: Installation) -> None:
    site.letter(LAB, message(1).replace(b"|ORU^R01^ORU_R01|", b"|ADT^A01|"), "message 1")
    assert run(site.desk()) == [("ignored", "not-a-lab-report", 0)]
    assert not open_letters(site.desk())


def test_a_record_refused_alike_after_its_redrive_is_open_again(site: Installation) -> None:
    site.letter(LAB, message(1), "message 1")
    desk = site.desk()
    run(desk)
    (letter,) = desk.letters()
    assert letter.last is not None
    again = letter.rejected.model_copy(update={"received_at": letter.last.redriven_at.replace(year=2100)})
    assert letter._replace(rejected=again).open


def test_a_row_is_read_under_its_header_and_the_name_of_its_file(site: Installation) -> None:
    name = "20210301_02_CAA.txt"
    head, row = cvrs({}).encode().splitlines(keepends=True)
    site.letter(IIS, row, "row 2", head=head, file=name)
    whole = [m.event for m in site.desk().source(IIS)(Unit(name, head + row)) if m.event]
    assert run(site.desk()) == [("event", None, 1)]
    assert site.ids_on(DOSES) == [whole[0].event_id]


@pytest.mark.parametrize("connector", ["hmis-csv", "hrsn-screening", IIS])
def test_a_row_that_needs_its_neighbours_sends_the_operator_to_its_file(connector: str, site: Installation) -> None:
    site.letter(connector, b"1,2,3\r\n", "row 2")
    assert run(site.desk()) == [("rejected", "needs-its-file", 0)]


@pytest.mark.parametrize(
    ("raw", "where", "reason"),
    [
        (None, "message 1", "no-original"),
        (b"BTS|7", "segment BTS", "needs-its-file"),
        (b"", "", "needs-its-file"),
    ],
)
def test_what_holds_no_record_cannot_be_redriven(
    raw: bytes | None, where: str, reason: str, site: Installation
) -> None:
    site.letter(LAB, raw, where)
    assert run(site.desk()) == [("rejected", reason, 0)]


def test_todays_agreement_holds(site: Installation) -> None:
    site.letter(LAB, message(1), "message 1")
    path = site.directory / "agreements" / f"{LAB}.yaml"
    text = path.read_text(encoding="utf-8")
    assert "lab-result" in text
    desk = site.desk()
    source = desk.source(LAB)
    source.agreement = source.agreement.model_copy(update={"events": {}})
    assert [(v.result, v.reason) for v in (judge(letter, desk.again) for letter in desk.letters())] == [
        ("ignored", "kind-not-agreed")
    ]


def test_an_erased_original_stays_closed_for_good(site: Installation) -> None:
    site.letter(LAB, message(1), "message 1")
    (letter,) = site.desk().letters()
    assert letter.rejected.original is not None
    site.vault().erase(letter.rejected.original.key_id)
    with pytest.raises(Reject, match="key-erased"):
        site.desk().open(letter)
    assert run(site.desk()) == [("rejected", "key-erased", 0)]


@pytest.mark.parametrize("every", [1, 2, 5])
def test_killed_at_any_record_it_goes_on_without_loss_or_copy(every: int, site: Installation) -> None:
    first = accepted(site, 3)
    for n in range(1, 6):
        site.letter(LAB, message(n), f"message {n}")
    wanted = [v.events[0].event_id for v in (judge(letter, site.desk().again) for letter in site.desk().letters())]
    deaths = 0
    while in_a_process(partial(run_until, site, every)) != 0:
        deaths += 1
        assert deaths < 40
    assert deaths >= 1
    assert sorted(site.ids_on(LABS)) == sorted(wanted), "each event once"
    assert [each for each in site.ids_on(LABS) if each != first] == [each for each in wanted if each != first], (
        "in order"
    )
    assert not open_letters(site.desk())
    assert {letter.last.result for letter in site.desk().letters() if letter.last} == {"event"}
    assert set(site.ids_on(REDRIVEN_TOPIC)) == {letter.id for letter in site.desk().letters()}


def test_a_broker_that_goes_away_leaves_nothing_marked(site: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    site.letter(LAB, message(1), "message 1")
    desk = site.desk()

    def away(_self: FileLog) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(FileLog, "wait", away)
        with pytest.raises(ConnectionError):
            run(desk)
    assert [letter.last for letter in site.desk().letters()] == [None]


def test_every_disclosure_is_an_entry_of_an_unbroken_chain(site: Installation) -> None:
    for n in range(3):
        site.desk().trail.write("reveal", purpose="mend the parser", subject=f"letter-{n}", detail="reason=bad-date")
    entries = list(site.desk().entries())
    assert [each.number for each in entries] == [0, 1, 2]
    assert first_break(entries) is None
    assert first_break([entries[0], entries[2]]) == 1


def test_nothing_of_a_person_stands_on_the_new_topics(site: Installation) -> None:
    site.letter(LAB, message(1), "message 1")
    run(site.desk())
    site.desk().trail.write("reveal", purpose="mend", subject="letter", detail="")
    told = (site.directory / "topics").read_bytes()
    for canary in (b"Madeup1", b"L00001", b"1980-01-01", b"Nowhere"):
        assert canary not in told
