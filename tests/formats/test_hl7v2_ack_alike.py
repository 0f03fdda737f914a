"""An answer that was made ready by an earlier message is, to the byte, the one that reading the header gives."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from hub.errors import Reject
from hub.formats.errors import ParseError
from hub.formats.hl7v2 import Limits, Message
from hub.formats.hl7v2_ack import ack
from hub.formats.hl7v2_ack_alike import accepting
from hub.formats.hl7v2_envelope import is_one

HEADER = [
    "MSH", "^~\\&", "LAB", "Hospital^00D0000000^CLIA", "HUB", "COUNTY", "20210204120000-0800", "", "ORU^R01^ORU_R01", "C7",
    "P", "2.5.1",
]  # fmt: skip
ODD = (
    "", "AT7AT7AT7AT7", "OURS10OURS10OURS", "THEIRS10THEIRS10", "a^b", "Hôpital", "\x1b$B", '""', "x" * 600, "a\nb", "7 ", "é",
    "AL", "NE", "ER", "SU", "UNICODE UTF-8", "8859/1", "2021^S", "MSH", "~", "\\E\\", "2.3",
)  # fmt: skip


def _messages() -> Iterator[bytes]:
    draw = random.Random(3)
    for number in range(5_000):
        fields = [*HEADER, *[""] * draw.randrange(9)]
        fields[6], fields[9] = f"2021020412{number:04}", f"N-{number}.{draw.randrange(9)}_a"
        for _ in range(draw.choice((0, 0, 1, 1, 2, 3))):
            fields[draw.randrange(1, len(fields))] = draw.choice(ODD)
        cut = draw.choice((None, None, None, 10, 5))
        end = draw.choice(("\rPID|1\r", "\nPID|1\r", "\r\nPID|1\n", "", "\r"))
        yield ("|".join(fields[:cut]) + end).encode(draw.choice(("utf-8", "utf-8", "latin-1")), "replace")


def test_an_answer_made_ready_is_the_one_that_reading_the_header_gives() -> None:
    ready = silent = 0
    for message in _messages():
        if not is_one(message) or (found := accepting(message)) is None:
            continue
        header = message.split(b"\r", 1)[0].split(b"\n", 1)[0]
        read = ack(Message(header, 1, Limits()), "AA", at="20210204120000+0000", control_id="0123abcd00000001")
        assert found.said("20210204120000+0000", "0123abcd00000001") == read
        ready += 1
        silent += read is None
    assert ready > 1_000
    assert silent


@pytest.mark.parametrize("field", [6, 9])
def test_what_may_be_read_otherwise_is_read(field: int) -> None:
    for odd in ("é", "a^b", "\x1b$B", '""', " "):
        fields = list(HEADER)
        fields[field] = odd
        assert accepting("|".join([*fields, "\r"]).encode()) is None


def test_a_header_without_end_or_number_is_read() -> None:
    line = "|".join(HEADER).encode()
    assert accepting(line + b"\r") is not None
    assert accepting(line) is None
    assert accepting(line + b"\nPID|1\r") is None
    assert accepting(b"|".join(line.split(b"|")[:9]) + b"\r") is None
    assert accepting(line.replace(b"|LAB|", b"|%b|" % (b"L" * 600)) + b"\r") is None


def test_a_header_that_cannot_be_read_is_left_to_who_reads_it() -> None:
    with pytest.raises((ParseError, Reject)):
        Message(b"MSH||||||||||||\r", 1, Limits())
    assert accepting(b"MSH||LAB|a|b|c|1||x|N1|P|2.5.1\r") is None
