"""Made-up laboratory messages, and a sender that behaves like a careful real one."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.formats.mllp import Framer, frame

_MESSAGE = (
    "MSH|^~\\&|LAB^2.16.840.1.113883.3.0^ISO|Made-up Lab^00D0000000^CLIA|HUB|COUNTY|20210205080000+0000|"
    "|ORU^R01^ORU_R01|M{n:05}|P|2.5.1\r"
    "PID|1||L{n:05}^^^Made-up Lab&2.16.840.1.113883.3.0&ISO^PI||Madeup{n}^Test||19800101|F||2028-9^Asian^HL70005"
    "|{n} Nowhere St^^Springfield^AZ^85001^USA^^^04013\r"
    "ORC|RE|P{n:05}^LAB|F{n:05}^LAB\r"
    "OBR|1|P{n:05}^LAB|F{n:05}^LAB|94500-6^SARS-CoV-2 RNA^LN|||20210204090000+0000|||||||||||||||20210205080000+0000|||F\r"
    "OBX|1|CWE|94500-6^SARS-CoV-2 RNA^LN||{answer}||||||F|||20210204090000+0000\r"
)
POSITIVE = "260373001^Detected^SCT"
NEGATIVE = "260415000^Not detected^SCT"


def message(n: int, answer: str = POSITIVE) -> bytes:
    """The n-th report of a laboratory that does not exist."""
    return _MESSAGE.format(n=n, answer=answer).encode()


@dataclass
class LabSender:
    """One message at a time; what got no positive or negative answer is sent again. `answers` holds (message, MSA-1)."""

    port: int
    answers: list[tuple[int, str]] = field(default_factory=list)
    unanswered: int = 0
    patience_s: float = 5.0  # real ones wait 30 s
    rest_s: float = 0.05  # after no answer: a door that rests hangs up at once, and nobody's attempts are without end
    _socket: socket.socket | None = None

    def send(self, n: int, content: bytes, between: Callable[[], None] = lambda: None, attempts: int = 1_000) -> str:
        """Send until an answer comes; `between` is called after each attempt that got none."""
        for _ in range(attempts):
            code = self._ask(content)
            if code:
                self.answers.append((n, code))
                return code
            self.unanswered += 1
            between()
            time.sleep(self.rest_s)
        raise AssertionError("no answer ever came")

    def _ask(self, content: bytes) -> str:
        """MSA-1, or nothing when the connection was closed or refused."""
        try:
            if self._socket is None:
                self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=self.patience_s)
            self._socket.sendall(frame(content))
            framer = Framer()
            while chunk := self._socket.recv(65_536):
                for answer in framer.feed(chunk):
                    assert isinstance(answer, bytes)
                    return next(line.split(b"|")[1].decode() for line in answer.split(b"\r") if line.startswith(b"MSA"))
        except OSError:
            pass
        self.close()
        return ""

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
