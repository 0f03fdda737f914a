"""CloudEvents 1.0 attributes as Kafka headers (binary mode of the Kafka protocol binding)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

_VERSION = ("ce_specversion", b"1.0")
_ISSUES = "ce_issues"
"""Extension attribute: codes of what is odd about a record, where its event has no field for them."""
CONTENT_TYPE = b"application/avro"


def cloud_events_headers(
    *, event_id: str, source: str, kind: str, received_at: datetime | None = None, issues: Sequence[str] = ()
) -> list[tuple[str, bytes]]:
    """Headers of one record.

    `event_id`: deterministic id of the record (a repeat has the same). `source`: the connector or process, a word, never
    a person's. `kind`: type word, usually the topic's name. `received_at`: when the hub took it in (aware); None where
    the record is computed, not taken in (the attribute is optional in CloudEvents). `issues`: codes, never a value.
    """
    attributes = with_id(event_id, behind_id(source, kind, received_at))
    if issues:
        attributes.append((_ISSUES, " ".join(issues).encode()))
    return attributes


def behind_id(source: str, kind: str, received_at: datetime | None = None) -> tuple[tuple[str, bytes], ...]:
    """The headers that records of one kind which were taken in at one time have alike."""
    origin = _origin(source, kind)
    return origin if received_at is None else (*origin, ("ce_time", _time(received_at)))


def with_id(event_id: str, behind: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Headers of one record; `behind`: what `behind_id` says of all that are like it."""
    return [_VERSION, ("ce_id", event_id.encode()), *behind]


@lru_cache(maxsize=1_024)
def _origin(source: str, kind: str) -> tuple[tuple[str, bytes], ...]:
    return ("ce_source", f"/hub/{source}".encode()), ("ce_type", kind.encode()), ("content-type", CONTENT_TYPE)


@lru_cache(maxsize=64)  # a chunk of records was taken in at one time
def _time(at: datetime) -> bytes:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()


def event_id_of(headers: Iterable[tuple[str, bytes]]) -> str:
    """The id a record was sent under; empty when it has none."""
    return next((value.decode("ascii", "replace") for name, value in headers if name == "ce_id"), "")


def issues_of(headers: Iterable[tuple[str, bytes]]) -> tuple[str, ...]:
    """Codes of what is odd about a record, beside those that its event holds."""
    told = next((value for name, value in headers if name == _ISSUES), b"")
    return tuple(told.decode("utf-8", "replace").split(" ")) if told else ()


def source_of(headers: Iterable[tuple[str, bytes]]) -> str:
    """Which connector or process sent a record; empty when it does not say."""
    told = next((value for name, value in headers if name == "ce_source"), b"")
    return told.decode("ascii", "replace").removeprefix("/hub/")


def received_at_of(headers: Iterable[tuple[str, bytes]]) -> datetime | None:
    """When the hub took it in (UTC); None when it does not say, or not as a time."""
    told = next((value for name, value in headers if name == "ce_time"), b"")
    try:
        at = datetime.fromisoformat(told.decode("ascii", "replace"))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo is not None else None
