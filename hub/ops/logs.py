"""Logs: one JSON object a line on stderr, ours and the libraries' through the same allow-list (hub.ops.redact).

    configure("identify")
    log = logger(__name__)
    log.info("outbox drained", records=12)

A field that is not on the list is dropped and counted in `dropped_fields`, so that a test or an engineer sees the mistake.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import MutableMapping
from types import FrameType, TracebackType
from typing import Any, TextIO

import structlog

from hub.ops.redact import WITHHELD, exception_summary, literals, redact, safe_template

__all__ = ["configure", "logger"]

_LIBRARIES_AT = {
    "alembic": logging.WARNING,
    "aiokafka": logging.WARNING,
    "httpx": logging.WARNING,
    "faust": logging.INFO,
    "mode": logging.INFO,
    "asyncio": logging.WARNING,
}


def configure(role: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every log of this process through the allow-list to `stream` (default stderr). Call once, before anything logs.

    Replaces the handlers of every logger that exists, and what prints uncaught exceptions, which would show their texts.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Formatter(role))
    for name in list(logging.root.manager.loggerDict):
        other = logging.getLogger(name)
        other.handlers.clear()
        other.propagate = True
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(level)
    for name, least in _LIBRARIES_AT.items():
        logging.getLogger(name).setLevel(max(least, logging.root.level))
    logging.captureWarnings(True)
    structlog.configure(
        processors=[structlog.stdlib.add_log_level, _own_message, _to_stdlib],
        wrapper_class=structlog.make_filtering_bound_logger(logging.root.level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)


def logger(name: str) -> Any:
    """A logger for `name` (a module): info, warning, error, exception with a literal message and fields of the list."""
    return structlog.get_logger(name)


class _Formatter(logging.Formatter):
    """A stdlib record as one line of JSON; takes the fields our own loggers put aside in `hub_fields`."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role

    def format(self, record: logging.LogRecord) -> str:
        own: dict[str, Any] | None = getattr(record, "hub_fields", None)
        line: dict[str, Any] = {
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}",
            "level": record.levelname.lower(),
            "role": self._role,
            "logger": record.name,
            "event": record.msg if own is not None else safe_template(record.msg, record.args, record.pathname),
        }
        if own is None and line["event"] == WITHHELD:
            line["where"] = f"{record.module}:{record.lineno}"
        line.update(own or {})
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = exception_summary(record.exc_info[1])
        return json.dumps(line, ensure_ascii=True)


def _own_message(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Withhold a message of ours that does not stand in the file that logs it."""
    event = fields.get("event")
    if not isinstance(event, str) or event not in literals(_caller()):
        fields["event"] = WITHHELD
    return fields


def _to_stdlib(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    error = fields.pop("exc_info", None)
    event = str(fields.pop("event"))
    fields.pop("level", None)
    kept = redact(fields)
    if len(kept) < len(fields):
        kept["dropped_fields"] = len(fields) - len(kept)
    return (event,), {"exc_info": error or None, "extra": {"hub_fields": kept}}


def _caller() -> str:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith((__name__, "structlog", "logging")):
        frame = frame.f_back
    return frame.f_code.co_filename if frame is not None else ""


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("hub").critical("uncaught exception", exc_info=(kind, error, trace))
