"""Sends a county's deliveries through the doors as its systems would: MLLP with answers awaited, files dropped and
renamed.

A sender here behaves like a careful real one: what got no answer is sent again, a file appears under its name only when
it is whole.
"""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from hub.errors import RetryError
from hub.formats.mllp import Framer, frame

__all__ = ["MllpSender", "drop", "waiting"]

_WINDOW = 24  # messages on their way without an answer; the door takes 32 of one connection
_ANSWER_S = 30.0
_PATIENCE_S = 120.0


class MllpSender:
    """A laboratory's sender: keeps one connection, sends again what was not answered. Counts answers by their code."""

    def __init__(self, host: str, port: int) -> None:
        self._where = (host, port)
        self._socket: socket.socket | None = None
        self._framer = Framer()
        self.answers: Counter[str] = Counter()
        self.sent_again = 0

    def send(self, messages: Sequence[bytes]) -> None:
        """Every message answered, in order. RetryError when the door stays shut for two minutes."""
        done, until = 0, time.monotonic() + _PATIENCE_S
        while done < len(messages):
            before = done
            try:
                done += self._window(messages[done : done + _WINDOW])
            except OSError:
                self._hang_up()
            if done > before:
                until = time.monotonic() + _PATIENCE_S
            elif done < len(messages):
                if time.monotonic() > until:  # one that rests hangs up, which raises nothing
                    raise RetryError("the MLLP door answers nobody")
                self.sent_again += 1
                time.sleep(0.1)

    def close(self) -> None:
        """Hang up."""
        self._hang_up()

    def _window(self, messages: Sequence[bytes]) -> int:
        connection = self._connected()
        connection.sendall(b"".join(frame(message) for message in messages))
        answered = 0
        while answered < len(messages):
            chunk = connection.recv(65_536)
            if not chunk:
                self._hang_up()
                return answered
            for answer in self._framer.feed(chunk):
                if isinstance(answer, bytes):
                    self.answers[_code(answer)] += 1
                    answered += 1
        return answered

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(self._where, timeout=_ANSWER_S)
            self._framer = Framer()
        return self._socket

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _code(answer: bytes) -> str:
    """MSA-1 of an acknowledgement."""
    for segment in answer.replace(b"\n", b"\r").split(b"\r"):
        if segment.startswith(b"MSA|"):
            return segment.split(b"|")[1].decode("ascii", "replace")
    return "none"


def drop(inbox: Path, name: str, payload: bytes | Mapping[str, bytes]) -> None:
    """Put a file, or a folder of files, into a drop folder: whole under a name in progress, then renamed."""
    inbox.mkdir(parents=True, exist_ok=True)
    unfinished = inbox / f".{name}.part"
    if isinstance(payload, bytes):
        unfinished.write_bytes(payload)
    else:
        unfinished.mkdir(exist_ok=True)
        for inner, content in payload.items():
            (unfinished / inner).write_bytes(content)
    unfinished.rename(inbox / name)


def waiting(inbox: Path) -> int:
    """Units that the door has not taken yet."""
    return sum(1 for each in inbox.iterdir() if each.name not in ("done", "failed")) if inbox.is_dir() else 0
