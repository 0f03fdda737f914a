"""The answers a laboratory gets: each message as it asked, batches message by message, and never a value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.door import Problem, Receipt
from hub.formats import hl7v2
from hub.formats.hl7v2_envelope import count_messages, open_envelope
from hub.wiring_answers import answer_hl7
from tests.connectors.made_up_lab import message


def receipt(*reasons: str, events: int = 0, stage: str = "map") -> Receipt:
    made = Receipt()
    made.events["lab-result"] += events
    for reason in reasons:
        made.reject(Problem(reason, stage, "message 1"))
    return made


@pytest.mark.parametrize(
    ("content", "told", "code", "errors"),
    [
        (message(1), receipt(events=1), "AA", []),
        (message(1), receipt("no-result-code", events=1), "AE", ["999"]),
        (message(1), receipt("no-patient", "mapping-error"), "AE", ["100", "207"]),
        (message(1), receipt("unsupported-version"), "AR", ["203"]),
        (b"junk", receipt("no-msh", stage="parse"), "AR", ["100"]),
        (b"", receipt("empty", stage="parse"), "AR", ["999"]),
        (message(1).replace(b"|P|2.5.1\r", b"|P|2.5.1|||AL|NE\r", 1), receipt(events=1), "CA", []),
        (message(1).replace(b"|P|2.5.1\r", b"|P|2.5.1|||AL|NE\r", 1), receipt("no-patient"), "CE", ["100"]),
    ],
)
def test_a_laboratory_is_answered_as_it_asked(content: bytes, told: Receipt, code: str, errors: list[str]) -> None:
    answer = answer_hl7(content, told)
    assert answer is not None
    segments = [segment.split("|") for segment in answer.decode().split("\r") if segment]
    acknowledged = next(segment for segment in segments if segment[0] == "MSA")
    assert acknowledged[1] == code
    assert acknowledged[2] == ("M00001" if content.startswith(b"MSH") else "")
    assert [segment[3].split("^")[0] for segment in segments if segment[0] == "ERR"] == errors
    assert b"Madeup" not in answer


@pytest.mark.parametrize(
    ("reason", "where", "error"),
    [
        ("no-patient", "field PID", "PID^1|100^Segment sequence error^HL70357|E|"),
        ("unsupported-version", "field MSH-12", "MSH^1^12|203^Unsupported version id^HL70357|E|"),
        ("missing-key", "field ORC[2]-3",
         "ORC^2^3|101^Required field missing^HL70357|E|7^Required data missing^HL70533"),
        ("bad-date", "field RXA[3]-3", "RXA^3^3|102^Data type error^HL70357|E|"),
        ("dose-before-birth", "field RXA-3", "RXA^1^3|999^Application error^HL70357|E|1^Illogical date error^HL70533"),
        ("not-a-known-word", "field PID-11[2].9",
         "PID^1^11^2^9|103^Table value not found^HL70357|E|5^Table value not found^HL70533"),
        ("not-a-known-word", "field PID-11.5",
         "PID^1^11^1^5|103^Table value not found^HL70357|E|5^Table value not found^HL70533"),
        ("missing-key", "field vax_event_id", "|101^Required field missing^HL70357|E|7^Required data missing^HL70533"),
        ("mapping-error", "", "|207^Application internal error^HL70357|E|"),
        ("some-new-reason", "field X", "|999^Application error^HL70357|E|"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("alone", [True, False])
def test_r7_each_problem_is_one_err_that_says_where_as_far_as_known(
    reason: str, where: str, error: str, alone: bool
) -> None:
    """health-standards §8 R7: ERR-2 place, ERR-3 condition, ERR-4 severity, ERR-5 detail, ERR-8 the hub's reason code; no value."""
    made = Receipt()
    made.reject(Problem(reason, "map", f"message 1 {where}".strip(), "message-abc"))
    answer = lines(answer_hl7(message(1) if alone else batch(message(1)), made))
    assert [line for line in answer if line[0] == "ERR"] == [f"ERR||{error}|||{reason}".split("|")]


def test_an_empty_batch_is_answered_by_one() -> None:
    """A sender that reports every day, and today has nothing, hears that it was heard."""
    made = Receipt()
    made.ignore("empty-batch")
    found = lines(answer_hl7(batch(), made))
    assert [line[0] for line in found] == ["FHS", "BHS", "BTS", "FTS"]
    assert [line[11] for line in found[:2]] == ["FILE7", "BATCH8"]
    assert [line[1] for line in found[2:]] == ["0", "1"]
    refused = answer_hl7(batch(), receipt("sender-not-allowed", stage="parse"))
    assert refused is not None
    assert b"MSA|AR|" in refused


def test_a_laboratory_that_wants_no_answer_gets_none() -> None:
    assert answer_hl7(message(1).replace(b"|P|2.5.1\r", b"|P|2.5.1|||NE|NE\r", 1), receipt(events=1)) is None


def batch(*messages: bytes, bts: str = "", fts: str = "") -> bytes:
    """As a laboratory sends it: a file of one batch."""
    header = b"|^~\\&|LAB|Made-up Lab|HUB|COUNTY|20210205|||"
    trailer = f"BTS|{bts or len(messages)}\rFTS|{fts or 1}\r".encode()
    return b"FHS" + header + b"|FILE7\rBHS" + header + b"|BATCH8\r" + b"".join(messages) + trailer


def lines(answer: bytes | None) -> list[list[str]]:
    assert answer is not None
    return [line.split("|") for line in answer.decode().split("\r") if line]


def told(content: bytes, **problems: list[int]) -> Receipt:
    made = Receipt()
    made.events["lab-result"] += 1
    for reason, numbers in problems.items():
        for number in numbers:
            made.reject(Problem(reason.replace("_", "-"), "map", f"message {number}", "message-abc"))
    return made


def msa(answer: bytes | None) -> list[tuple[str, str]]:
    return [(line[1], line[2]) for line in lines(answer) if line[0] == "MSA"]


def test_a_batch_is_answered_message_by_message_in_an_envelope_of_its_own() -> None:
    content = batch(message(1), message(2), message(3))
    found = lines(answer_hl7(content, told(content, no_patient=[2], mapping_error=[2])))
    assert [line[0] for line in found] == (
        ["FHS", "BHS", "MSH", "MSA", "MSH", "MSA", "ERR", "ERR", "MSH", "MSA", "BTS", "FTS"]
    )
    assert [(line[1], line[2]) for line in found if line[0] == "MSA"] == [
        ("AA", "M00001"), ("AE", "M00002"), ("AA", "M00003"),
    ]  # fmt: skip
    file, bhs, bts, fts = found[0], found[1], found[-2], found[-1]
    assert (file[2:6], file[11]) == (["HUB", "COUNTY", "LAB", "Made-up Lab"], "FILE7")
    assert (bhs[2:6], bhs[11]) == (["HUB", "COUNTY", "LAB", "Made-up Lab"], "BATCH8")
    assert (bts, fts) == (["BTS", "3"], ["FTS", "1"])


def test_a_wrong_count_is_told_beside_the_answers_and_costs_no_message_its_yes() -> None:
    content = batch(message(1), message(2), bts="5")
    receipt = told(content)
    receipt.reject(Problem("batch-count-mismatch", "parse", "segment BTS", "message-abc"))
    answer = answer_hl7(content, receipt)
    assert [code for code, _ in msa(answer)] == ["AA", "AA"]
    assert ["BTS", "2", "batch-count-mismatch"] in lines(answer)
    assert ["FTS", "1"] in lines(answer)


def test_several_messages_without_an_envelope_are_answered_without_one() -> None:
    content = message(1) + b"\r" + message(2)
    answer = answer_hl7(content, told(content, no_patient=[1]))
    assert [line[0] for line in lines(answer)] == ["MSH", "MSA", "ERR", "MSH", "MSA"]
    assert msa(answer) == [("AE", "M00001"), ("AA", "M00002")]


def test_each_message_of_a_batch_is_answered_as_it_asks() -> None:
    modes = [b"|P|2.5.1|||AL|NE\r", b"|P|2.5.1|||NE|NE\r", b"|P|2.5.1|||ER|NE\r", b"|P|2.5.1|||NE|AL\r"]
    messages = [message(n).replace(b"|P|2.5.1\r", mode, 1) for n, mode in enumerate(modes, start=1)]
    answer = answer_hl7(batch(*messages), told(b"", no_patient=[3]))
    assert msa(answer) == [("CA", "M00001"), ("CE", "M00003"), ("AA", "M00004")]
    assert ["BTS", "3"] in lines(answer)


def test_a_batch_of_which_no_message_wants_an_answer_gets_none() -> None:
    quiet = message(1).replace(b"|P|2.5.1\r", b"|P|2.5.1|||NE|NE\r", 1)
    assert answer_hl7(batch(quiet, quiet), told(b"")) is None


def test_junk_between_messages_is_answered_in_its_place() -> None:
    content = b"junk\r" + message(1)
    answer = answer_hl7(content, told(content, no_msh=[1]))
    assert msa(answer) == [("AR", ""), ("AA", "M00001")]


def test_what_its_sender_may_not_send_is_rejected_whole() -> None:
    refused = Receipt()
    refused.reject(Problem("sender-not-allowed", "frame", ""))
    assert msa(answer_hl7(message(1), refused)) == [("AR", "M00001")]
    assert msa(answer_hl7(batch(message(1), message(2)), refused)) == [("AR", "M00001"), ("AR", "M00002")]


def test_more_dead_letters_than_a_receipt_lists_never_become_a_yes() -> None:
    receipt = told(b"")
    for _ in range(1_500):
        receipt.reject(Problem("no-patient", "map", "message 1"))
    assert msa(answer_hl7(batch(message(1), message(2)), receipt)) == [("AE", "M00001"), ("AE", "M00002")]


def test_two_batches_of_a_file_are_answered_as_two() -> None:
    header = b"|^~\\&|LAB|Made-up Lab|HUB|COUNTY|20210205||||"
    content = b"FHS" + header + b"F\r" + b"".join(
        b"BHS" + header + b"B%d\r" % n + message(n) + b"BTS|1\r" for n in (1, 2)
    ) + b"FTS|2\r"  # fmt: skip
    found = lines(answer_hl7(content, told(content)))
    assert [line[0] for line in found] == ["FHS", "BHS", "MSH", "MSA", "BTS", "BHS", "MSH", "MSA", "BTS", "FTS"]
    assert [line[11] for line in found if line[0] == "BHS"] == ["B1", "B2"]
    assert found[-1] == ["FTS", "2"]


piece = st.sampled_from([
    b"MSH|^~\\&|A|B\r", b"MSH|^~\\&|A\rPID|1\r", b"FHS|^~\\&\r", b"BHS|^~\\&\r", b"BTS|1\r", b"FTS\r", b"BHS\rstray\r",
    b"\r", b"junk\r", b"MSH\r", b"MSH|\n", b"MSHX|\r", b"\xef\xbb\xbf", b"\xff\xfe", b" ", b"\x0bMSH|^~\\&|\r", b"|BHS",
])  # fmt: skip


@given(st.lists(piece, max_size=8).map(b"".join))
def test_messages_have_the_numbers_that_reading_gives_them(data: bytes) -> None:
    read = [item for item in hl7v2.read(data) if not isinstance(item, hl7v2.Mismatch)]
    heads = open_envelope(data).heads
    assert [head.number for head in heads] == [item.number for item in read]
    for head, item in zip(heads, read, strict=True):
        if isinstance(item, hl7v2.Message):
            assert head.message is not None
            assert head.message.msh.line == item.msh.line
    assert count_messages(data, 100) >= sum(isinstance(item, hl7v2.Message) for item in read)


@given(st.binary(max_size=200))
def test_whatever_was_sent_an_answer_can_be_built(data: bytes) -> None:
    answer = answer_hl7(b"BHS" + data, told(data, no_msh=[1]))
    assert answer is not None
    assert b"MSA" in answer
