"""Ending the process at once, with nothing acknowledged: what is not committed is read again after the restart.

A raised exception would not do: Faust acknowledges what it interrupts and may still commit on its way out.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from hub.errors import EXIT_CONFIG, EXIT_RETRY, ConfigError

Halt = Callable[[BaseException | str], None]
"""Takes a failure or a reason code. Does not return in a process; a test's stand-in may."""

log = logging.getLogger("hub.streams")


def halt(failure: BaseException | str) -> None:
    """`os._exit` with 78 for a ConfigError, 70 for anything else.

    The text of exceptions that are not the hub's is withheld from the log: it may hold a value.
    """
    if isinstance(failure, str):
        reason = failure
    elif type(failure).__module__.startswith("hub."):
        reason = f"{type(failure).__name__}: {failure}"
    else:
        reason = f"{type(failure).__name__} {_where(failure)}"
    log.critical("stream worker halts: %s", reason)
    logging.shutdown()
    sys.stderr.write(f"stream worker halts: {reason}\n")  # the log withholds text; the supervisor quotes this line
    sys.stderr.flush()
    os._exit(EXIT_CONFIG if isinstance(failure, ConfigError) else EXIT_RETRY)


def _where(failure: BaseException) -> str:
    frames = []
    trace = failure.__traceback__
    while trace is not None:
        frames.append(f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(frames[-6:])
