"""Acknowledgements of HL7 v2: who gets which, and what they say (health-standards §8 R7; tables 0008, 0155 and 0357)."""

from __future__ import annotations

import pytest

from hub.formats.hl7v2 import Message, read_one
from hub.formats.hl7v2_ack import Code, Problem, ack

AT = "20210107133500+0000"


def message(accept: str = "", application: str = "", msh2: str = "^~\\&") -> Message:
    header = f"MSH|{msh2}|APP|LAB|HUB|COUNTY|2021||ORU^R01^ORU_R01|M\\T\\1|T|2.5.1|||{accept}|{application}"
    return read_one(header.encode())


def answer(accept: str, application: str, code: Code) -> str | None:
    built = ack(message(accept, application), code, at=AT, control_id="A1")
    return None if built is None else built.split(b"\r")[1].decode().split("|")[1]


@pytest.mark.parametrize(
    ("accept", "application", "good", "bad"),
    [
        ("", "", "AA", "AE"),  # original mode
        ("ACCEPT", "ACKNOLWEDGE", "AA", "AE"),  # really sent: nonsense is original mode
        ("AL", "nonsense", "AA", "AE"),
        ("NE", "NE", None, None),
        ("AL", "NE", "CA", "CE"),
        ("AL", "AL", "CA", "CE"),
        ("ER", "NE", None, "CE"),
        ("SU", "NE", "CA", None),
        ("NE", "AL", "AA", "AE"),
        ("ER", "AL", "AA", "AE"),  # immunization guide 1.5
        ("NE", "ER", None, "AE"),
        ("NE", "SU", "AA", None),
        ("", "AL", "AA", "AE"),
        ("al", "ne", "CA", "CE"),
    ],
)
def test_r7_the_sender_gets_the_ack_it_asked_for(
    accept: str, application: str, good: str | None, bad: str | None
) -> None:
    assert answer(accept, application, "AA") == good
    assert answer(accept, application, "AE") == bad


def test_r7_the_ack_repeats_the_control_id_as_sent_and_turns_the_addresses() -> None:
    built = ack(message(), "AA", at=AT, control_id="A1")
    assert built == (b"MSH|^~\\&|HUB|COUNTY|APP|LAB|20210107133500+0000||ACK^R01^ACK|A1|T|2.5.1\rMSA|AA|M\\T\\1\r")


def test_r7_one_err_per_problem_with_a_position_and_no_value() -> None:
    problems = [
        Problem("101", "missing-field", "PID", 1, 3),
        Problem("103", "unknown-code", "OBX", 2, 5, "W"),
        Problem("207", "x"),
        Problem("103", "y", "PID", 1, 11, repetition=2, component=5, application="5"),
        Problem("103", "z", "PID", 1, 11, component=5),
        Problem("100", "w", "PID"),
    ]
    built = ack(message(), "AE", problems, at=AT, control_id="A1")
    assert built is not None
    assert built.decode().split("\r")[2:-1] == [
        "ERR||PID^1^3|101^Required field missing^HL70357|E||||missing-field",
        "ERR||OBX^2^5|103^Table value not found^HL70357|W||||unknown-code",
        "ERR|||207^Application internal error^HL70357|E||||x",
        "ERR||PID^1^11^2^5|103^Table value not found^HL70357|E|5^Table value not found^HL70533|||y",
        "ERR||PID^1^11^1^5|103^Table value not found^HL70357|E||||z",
        "ERR||PID^1|100^Segment sequence error^HL70357|E||||w",
    ]


WANTS = {"AL": {"AA", "AE", "AR"}, "NE": set(), "": set(), "ER": {"AE", "AR"}, "SU": {"AA"}}


@pytest.mark.parametrize("code", ["AA", "AE", "AR"])
@pytest.mark.parametrize("application", WANTS)
@pytest.mark.parametrize("accept", WANTS)
def test_r7_every_pair_of_msh_15_and_16_gets_one_answer_at_most_and_only_what_it_asks(
    accept: str, application: str, code: Code
) -> None:
    """health-standards §8 R7; table 0155. Where both are asked for, an accept ack that is always wanted goes first."""
    said = answer(accept, application, code)
    commit = {"AA": "CA", "AE": "CE", "AR": "CR"}[code]
    if not accept and not application:
        assert said == code
    elif accept == "AL":
        assert said == commit
    elif code in WANTS[application]:
        assert said == code
    else:
        assert said == (commit if code in WANTS[accept] else None)


def test_r7_the_ack_speaks_with_the_senders_separators() -> None:
    built = ack(message(msh2="^~\\&#"), "AA", at=AT, control_id="A1")
    assert built is not None
    assert built.startswith(b"MSH|^~\\&#|")
    assert read_one(built).code == "ACK"


def test_what_had_no_header_is_refused_without_an_id() -> None:
    built = ack(None, "AR", [Problem("100", "no-msh")], at=AT, control_id="A1")
    assert built is not None
    assert b"\rMSA|AR|\rERR|" in built
