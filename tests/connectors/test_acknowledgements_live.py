"""R7 of health-standards §8, over a real socket and a real broker: what a sender is told, when, and what then stands there."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.bus.embedded import EmbeddedBroker
from hub.formats.mllp import Framer, frame
from tests.connectors.made_up_lab import LabSender, message
from tests.connectors.test_intake_live import Hub, own_broker
from tests.mapping.made_up_vxu import orc, rxa, vxu

__all__ = ["own_broker"]

pytestmark = pytest.mark.live
VXU = "iis-vxu"
RESULTS, DOSES = "hub.intake.lab-result.v1", "hub.intake.vaccination.v1"
LETTERS = "hub.intake.rejected.v1"


@pytest.fixture
def hub(own_broker: EmbeddedBroker, tmp_path: Path) -> Iterator[Hub]:
    with Hub(tmp_path / "instance", own_broker, VXU) as running:
        yield running


class Line:
    """One connection of a sender, which may send as it likes and reads one answer at a time."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._framer, self._heard = Framer(), list[Any]()

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, *messages: bytes, pieces: int = 1 << 20) -> None:
        data = b"".join(map(frame, messages))
        for start in range(0, len(data), pieces):
            self._socket.sendall(data[start : start + pieces])

    def answer(self) -> list[list[str]]:
        """The fields of each segment of the next answer."""
        while not self._heard:
            data = self._socket.recv(65_536)
            assert data, "hung up without an answer"
            self._heard += self._framer.feed(data)
        return [line.split("|") for line in self._heard.pop(0).decode().split("\r") if line]


def asking(n: int, accept: str, application: str) -> bytes:
    return message(n).replace(b"|P|2.5.1\r", f"|P|2.5.1|||{accept}|{application}\r".encode(), 1)


def told(answer: list[list[str]]) -> tuple[str, ...]:
    """MSA-1, MSA-2, then ERR-2, the code of ERR-3, ERR-4 and ERR-8 of each ERR."""
    (msa,) = (line for line in answer if line[0] == "MSA")
    errors = [line for line in answer if line[0] == "ERR"]
    return (*msa[1:3], *(f"{e[2]} {e[3].partition('^')[0]} {e[4]} {e[8]}" for e in errors))


def test_r7_an_aa_is_said_once_the_broker_has_it_and_not_before(hub: Hub) -> None:
    """health-standards §8 R7: several messages on a connection, split packets, an outage."""
    with Line(hub.port) as line:
        line.send(message(1), pieces=7)
        assert told(line.answer()) == ("AA", "M00001")
        assert len(hub.read(RESULTS)) == 1
        line.send(message(2), message(3), message(4))
        for n, stands in ((2, 2), (3, 3), (4, 4)):
            assert told(line.answer()) == ("AA", f"M{n:05}")
            assert len(hub.read(RESULTS)) >= stands
    hub.broker.stop()
    sender = LabSender(hub.port)
    with pytest.raises(AssertionError, match="no answer"):
        sender.send(5, message(5), attempts=1)
    hub.broker.start()
    assert sender.send(5, message(5)) == "AA"
    sender.close()
    assert len({fields["event_id"] for _, fields, _ in hub.read(RESULTS)}) == 5


def test_r7_each_mode_of_msh_15_and_16_is_obeyed_and_what_is_not_answered_is_kept_all_the_same(hub: Hub) -> None:
    """health-standards §8 R7: table 0155, nonsense is original mode; where nothing is asked, the next answer is the next one's."""
    bad = b"PID|", b"ZZZ|"
    missing = "PID^1 100 E no-patient"
    with Line(hub.port) as line:
        for n, (accept, application, spoilt, expected) in enumerate([
            ("AL", "NE", False, ("CA",)),
            ("AL", "AL", False, ("CA",)),
            ("NE", "AL", False, ("AA",)),
            ("ER", "AL", False, ("AA",)),
            ("ACCEPT", "ACKNOWLEDGE", False, ("AA",)),
            ("SU", "NE", False, ("CA",)),
            ("NE", "SU", False, ("AA",)),
            ("ER", "NE", True, ("CE", missing)),
            ("NE", "ER", True, ("AE", missing)),
            ("", "", True, ("AE", missing)),
            ("NE", "NE", False, ()),
            ("NE", "NE", True, ()),
            ("ER", "ER", False, ()),
            ("SU", "SU", True, ()),
        ]):  # fmt: skip
            content = asking(n, accept, application)
            line.send(content.replace(*bad) if spoilt else content)
            if expected:
                code, *errors = expected
                assert told(line.answer()) == (code, f"M{n:05}", *errors), (accept, application)
        line.send(message(99))
        assert told(line.answer()) == ("AA", "M00099"), "an answer that nobody asked for came before"
    assert len(hub.read(RESULTS)) == 10
    assert len(hub.read(LETTERS)) == 5


def test_r7_a_nack_has_an_err_per_problem_with_its_place_and_no_value_and_every_problem_is_kept(hub: Hub) -> None:
    """health-standards §8 R7: AR for the message as such, AE for what it says; both doors of HL7 v2."""
    with Line(hub.port) as line:
        line.send(message(1).replace(b"|2.5.1", b"|9.9"), b"no message at all")
        assert told(line.answer()) == ("AR", "M00001", "MSH^1^12 203 E unsupported-version")
        assert told(line.answer()) == ("AR", "", " 100 E no-msh")
    bare = "PID|1||||Quillfeather^^^^^^L||19840615|F"  # without a given name nobody is known by it
    content = vxu(orc("1"), rxa(), orc(""), rxa(), orc("3"), rxa(on="when"), rxa(on="19700101"), pid=bare)
    with Line(hub.port_of(VXU)) as line:
        line.send(content)
        answer = line.answer()
    assert answer[0][8] == "ACK^V04^ACK"
    assert told(answer)[:1] == ("AE",)
    assert told(answer)[2:] == (
        "ORC^2^3 101 E missing-key",
        "RXA^3^3 102 E bad-date",
        "RXA^4^3 999 E dose-before-birth",
    )
    assert "Quillfeather" not in str(answer)
    assert "1970" not in str(answer)
    assert len(hub.read(DOSES)) == 1
    assert sorted(fields["reason"] for _, fields, _ in hub.read(LETTERS)) == [
        "bad-date", "dose-before-birth", "missing-key", "no-msh", "unsupported-version",
    ]  # fmt: skip
