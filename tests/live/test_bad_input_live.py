"""What no source should send, sent to a whole stack: a reason code, a dead letter, neighbours unharmed, no restart, nothing lost.

The last test kills the broker under a sender; all others demand that nothing was started again while they ran.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from random import Random
from typing import Any

import psutil
import pytest

from hub.bus.dead_letter import REJECTED_TOPIC, STREAM_REJECTED_TOPIC
from hub.bus.topics import LINK_TOPIC, NEED_TOPIC, PERSON_TOPIC, intake_topic
from hub.demo.judge import compare
from hub.domain.person_events import PERSON_TYPES, Carry
from hub.formats.mllp import END, START, frame
from hub.supervisor import read_state
from hub.wiring_bus import ids_of
from tests.connectors.made_up_lab import LabSender, message
from tests.live.letters import Letters
from tests.live.records import Made, dose, doses, export, result
from tests.live.town import CVRS, HMIS, HRSN, LAB, SARA, Payload, Town, Unit

pytestmark = [pytest.mark.live, pytest.mark.slow]

AS_OF = date(2021, 2, 6)
LAB_TOPIC = intake_topic("lab-result")
TEN_MB = 10 * 1024 * 1024
JUNK = Random(7).randbytes(5_000).translate(bytes.maketrans(START + b"\r\n\x0c\x85", b"?????"))
_PEOPLE = iter(range(1_000, 10_000))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A stack of this file's own."""
    found = Town(tmp_path_factory.mktemp("bad-input") / "instance")
    try:
        found.start()
        found.tick(AS_OF)
        yield found
    finally:
        found.end()


def somebody() -> Made:
    """A person who was in no test before: nobody else of this name was born on that day."""
    number = next(_PEOPLE)
    return Made(number, "Neighbour", "Unharmed", date(1940, 1, 1) + timedelta(days=number))


@contextmanager
def between_neighbours(town: Town) -> Iterator[Letters]:
    """A good result before and after; both must become events, and no process may have been started again."""
    before, after = somebody(), somebody()
    refused, restarts = Letters(town), dict(town.stack.restarts)
    town.send([result(before)])
    yield refused
    town.send([result(after)])
    town.settle()
    owners = {link["source_person"]: link["person_key"] for link in town.newest(LINK_TOPIC).values()}
    helpless = {need["person_key"] for need in town.newest(NEED_TOPIC).values() if need["state"] == "open"}
    for who in (before, after):
        assert owners[token_of(town, who)] in helpless
    assert set(town.lab.answers) == {"AA"}
    assert town.stack.restarts == restarts


WIRE = {
    "truncated": (START + b"MSH|^~\\&|LAB", "frame-truncated"),
    "ten megabytes": (START + b"MSH|" + b"x" * TEN_MB + END, "frame-too-large"),
    "ten megabytes without an end": (START + b"x" * TEN_MB, "frame-too-large"),
    "junk": (JUNK, "frame-no-start"),
}


@pytest.mark.parametrize("case", WIRE)
def test_what_is_no_frame_closes_the_line_and_leaves_a_letter_without_a_body(case: str, town: Town) -> None:
    sent, reason = WIRE[case]
    first = result(somebody())
    assert isinstance(first.payload, bytes)
    with between_neighbours(town) as letters, town.connection() as line:
        line.sendall(frame(first.payload))
        assert b"MSA|AA" in line.recv(65_536), "a neighbour on the same line"
        town.sent.append(first)
        _say(line, sent)
        assert _heard(line) == b"", "closed without an answer"
        (letter,) = letters.wait(REJECTED_TOPIC)
        assert (letter["reason"], letter["stage"], letter["connector"]) == (reason, "frame", LAB)
        assert letter["original"] is None


FRAMED = {
    "junk": (JUNK, "no-msh"),
    "nothing": (b"", "empty"),
    "no patient": (b"MSH|^~\\&|LAB|Made-up Lab|||20210205||ORU^R01|1|P|2.5.1\r", "no-patient"),
}


@pytest.mark.parametrize("case", FRAMED)
def test_a_message_that_is_none_is_answered_no_and_kept(case: str, town: Town) -> None:
    sent, reason = FRAMED[case]
    with between_neighbours(town) as letters, town.connection() as line:
        line.sendall(frame(sent))
        answer = line.recv(65_536)
        assert b"MSA|AR" in answer or b"MSA|AE" in answer
        (letter,) = letters.wait(REJECTED_TOPIC)
        assert (letter["reason"], letter["connector"]) == (reason, LAB)
        assert letter["size"] == len(sent)
        assert letter["original"] is not None


def folder(unit: Unit, **files: bytes) -> Payload:
    assert not isinstance(unit.payload, bytes)
    return {**unit.payload, **{f"{name}.csv": content for name, content in files.items()}}


GOOD_EXPORT = export("good", [(Made(900, "Nobody", "Known"), date(2021, 2, 1))])
WRONG = b"a,b,c\n1,2,3\n"
NO_FLAGS = {"QE_ADMIN_1.csv": b"PAT_MRN_ID|VISIT_PART_2_FLAG\n"}
FILES: dict[str, tuple[str, str, Payload, str]] = {
    "an empty file of doses": (CVRS, "20210203_02_TNA.txt", b"", "empty"),
    "doses with other columns": (CVRS, "20210203_03_TNA.txt", WRONG, "missing-column"),
    "junk for doses": (CVRS, "20210203_04_TNA.txt", JUNK, "nul-byte"),
    "an empty file of monitorees": (SARA, "empty.ndjson", b"", "empty"),
    "junk for monitorees": (SARA, "junk.ndjson", b"\x80" * 5_000, "not-utf8"),
    "an empty header of an export": (HMIS, "empty", folder(GOOD_EXPORT, Export=b""), "empty"),
    "an export with other columns": (HMIS, "wrong", folder(GOOD_EXPORT, Services=WRONG), "missing-key"),
    "an empty set of screenings": (HRSN, "nothing", {"DEMOGRAPHIC_1.csv": b"", "SCREENING_1.csv": b"", **NO_FLAGS}, "empty"),
    "screenings with other columns": (
        HRSN, "wrong", {"DEMOGRAPHIC_1.csv": WRONG, "SCREENING_1.csv": WRONG, **NO_FLAGS}, "missing-column",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_is_none_becomes_a_letter_and_its_neighbours_events(case: str, town: Town) -> None:
    connector, name, payload, reason = FILES[case]
    inbox = town.inbox(connector)
    with between_neighbours(town) as letters:
        neighbours = [doses(date(2021, 3, day), [dose(somebody())]) for day in (1, 2)]
        known = doses_told(town)
        town.send([neighbours[0], Unit(connector, name, payload), neighbours[1]])
        town.settle()
        found = letters.of(REJECTED_TOPIC)
        assert {(letter["connector"], letter["reason"]) for letter in found} == {(connector, reason)}
        assert len(doses_told(town) - known) == 2
        assert (inbox / "failed" / name).exists() or (inbox / "done" / name).exists()


def doses_told(town: Town) -> set[str]:
    """The ids of all doses: a file that was read again tells the same."""
    return {fields["event_id"] for fields in town.read(intake_topic("vaccination"))}


def token_of(town: Town, who: Made) -> str:
    """The source_person of a laboratory's patient."""
    return ids_of(town.settings).source_person(LAB, "2.16.840.1.113883.3.0", f"L{who.number}")


def of_a_person(town: Town, who: Made, kind: str, **changes: Any) -> tuple[bytes, bytes]:
    """Key and value of a record on the person topic like the one of this kind that is theirs, with other values."""
    model, token = PERSON_TYPES[kind], token_of(town, who)
    fields = next(
        fields
        for fields in town.read(PERSON_TOPIC)
        if set(fields) == set(model.model_fields) and fields["source_person"] == token
    )
    value = town.codec.encode(PERSON_TOPIC, model.model_validate({**fields, **changes}, strict=False))
    return fields["person_key"].encode(), value


def _cut(town: Town, topic: str) -> bytes:
    """A good value of the topic, cut off."""
    values = [record.value for record in town.records(topic) if record.value and record.value[0] == 0]
    return max(values, key=len)[:100]


BYTES: dict[str, tuple[Callable[[Town, str], bytes], str]] = {
    "an unknown schema": (lambda _town, _topic: b"\0" + (999_999).to_bytes(4, "big") + b"value", "unknown-schema"),
    "no Avro": (lambda _town, _topic: JUNK.replace(b"\0", b"?"), "bad-magic"),
    "a cut off value": (_cut, "undecodable"),
}


@pytest.mark.parametrize("topic", [LAB_TOPIC, PERSON_TOPIC])
@pytest.mark.parametrize("case", BYTES)
def test_bytes_that_are_no_record_become_a_letter_that_says_where_they_stood(case: str, topic: str, town: Town) -> None:
    make, reason = BYTES[case]
    with between_neighbours(town) as letters:
        town.settle()
        town.put(topic, b"nobody", make(town, topic))
        (letter,) = letters.wait(STREAM_REJECTED_TOPIC)
        (where,) = [(r.partition, r.offset) for r in town.records(topic) if r.key == b"nobody"][-1:]
        assert (letter["topic"], letter["reason"], letter["stage"]) == (topic, reason, letter["stage"])
        assert (letter["partition"], letter["offset"]) == where
        assert letter["original"] is not None


RAISES: dict[str, tuple[Callable[[Town, Made], tuple[bytes, bytes]], str]] = {
    "a carried history that is none": (
        lambda town, _who: (
            b"nobody",
            town.codec.encode(PERSON_TOPIC, Carry(source_person="x", revision=1, owner="nobody", sub_history=JUNK)),
        ),
        "fold-failed",
    ),
    "a revision that no need can be written with": (
        lambda town, who: of_a_person(town, who, "lab-result", link_revision=2**62),
        "fold-failed",
    ),
}


@pytest.mark.parametrize("case", RAISES)
def test_a_record_whose_fold_raises_is_refused_alone(case: str, town: Town) -> None:
    make, reason = RAISES[case]
    who = somebody()
    town.send([result(who)])
    with between_neighbours(town) as letters:
        town.settle()
        town.put(PERSON_TOPIC, *make(town, who))
        letters.wait(STREAM_REJECTED_TOPIC)
        town.send([result(who, status="C", reported="20210205080000+0000")])
        town.settle()
        (letter,) = letters.of(STREAM_REJECTED_TOPIC)
        assert (letter["topic"], letter["stage"], letter["reason"]) == (PERSON_TOPIC, "fold", reason)


def test_all_that_was_good_is_there_and_equal_to_preview(town: Town) -> None:
    town.settle()
    differences = compare(town.observe(), town.preview(AS_OF))._asdict()
    assert {name: count for name, count in differences.items() if name != "rejected"} == dict.fromkeys(
        ("people", "needs", "totals", "measures", "events", "sites"), 0
    )


def test_a_killed_broker_gets_nobody_a_positive_answer_and_all_flows_again_when_it_is_back(town: Town) -> None:
    count, known = 150, {fields["event_id"] for fields in town.read(LAB_TOPIC)}
    sender = LabSender(town.settings.port(LAB), patience_s=1.0)  # less than a broker needs to come back
    sending = threading.Thread(target=lambda: [sender.send(n, message(n)) for n in range(count)])
    restarts = town.stack.restarts["broker"]
    broker = psutil.Process(read_state(town.instance).processes["broker"]["pid"])
    sending.start()
    while len(sender.answers) < 20:
        town.pause()
    town.stack.kill("broker")
    broker.wait(60)
    answered = len(sender.answers)
    back = False
    while not back:
        by_then, back = len(sender.answers), _listens(town.bootstrap)
        assert back or by_then <= answered + 1, "an answer while nobody could keep the message"
    sending.join(240)
    sender.close()
    assert not sending.is_alive()
    assert town.stack.restarts["broker"] == restarts + 1
    assert sender.unanswered > 0
    assert sender.answers == [(n, "AA") for n in range(count)]
    town.sent += [Unit(LAB, f"m{n}.hl7", content) for n in range(count) if (content := message(n))]
    town.settle()
    assert len({fields["event_id"] for fields in town.read(LAB_TOPIC)} - known) == count
    differences = compare(town.observe(), town.preview(AS_OF))._asdict()
    assert {name for name, number in differences.items() if number} <= {"rejected"}


def _say(line: socket.socket, sent: bytes) -> None:
    """The door may hang up before it has heard all."""
    try:
        line.sendall(sent)
        line.shutdown(socket.SHUT_WR)
    except OSError:
        return


def _heard(line: socket.socket) -> bytes:
    try:
        return line.recv(65_536)
    except ConnectionError:
        return b""


def _listens(bootstrap: str) -> bool:
    host, _, port = bootstrap.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=60).close()
    except OSError:
        return False
    return True
