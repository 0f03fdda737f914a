"""Free ports on localhost."""

from __future__ import annotations

import random
import socket

# Below Linux' range for outgoing connections (32768–60999): a port of ours that is free for a moment, while its process
# restarts, is not handed to somebody's outgoing connection.
_RANGE = range(15000, 32000)
_TRIES = 200


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could bind it now; a connection of a predecessor in TIME_WAIT is no hindrance."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nobody listens on now. OSError when none is found in 200 tries."""
    for port in random.SystemRandom().choices(_RANGE, k=_TRIES):
        if is_free(port):
            return port
    raise OSError(f"no free port between {_RANGE.start} and {_RANGE.stop}")
