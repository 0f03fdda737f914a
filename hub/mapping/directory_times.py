"""When a directory told of a service: its own time of change, else the last of its HSDS metadata, else the day of the file.

A directory is a snapshot, so the day in the name of its file or unit orders two of them. Where nothing tells a day, no order is
known; then the safe word stands (`rank`), whichever came first: what is closed stays closed, and nobody is sent there, until a
directory says when it opened again.

Source: HSDS 3.0.0 service.last_modified, assured_date, metadata.last_action_date (social-standards.md §3.4); `last_updated`:
unverified, from memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo

from hub.domain.referral_events import ServiceStatus
from hub.mapping.dates import iso_time, named_day
from hub.mapping.directory_documents import Told
from hub.mapping.directory_tables import Joined
from hub.mapping.program import Mapped
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["changed_at", "dated", "rank"]

_OWN = ("last_modified", "last_updated", "assured_date")
_SAFER: dict[ServiceStatus, int] = {"active": 0, "unknown": 1, "temporarily-closed": 2, "inactive": 3, "defunct": 4}
_NOT_OFFERED = 10


def changed_at(service: Json, zone: tzinfo) -> datetime | None:
    """The first time of change that a service has; None where it has none that can be read."""
    return next((at for name in _OWN if (at := iso_time(text(service.get(name)), zone)) is not None), None)


def rank(status: ServiceStatus, *, offered: bool) -> int:
    """Which of two words of one time stands: whatever is not offered before whatever is (R14)."""
    return _SAFER[status] + (0 if offered else _NOT_OFFERED)


def dated(
    items: Iterable[Told | Joined | Mapped], names: Iterable[str], zone: tzinfo
) -> Iterator[Told | Joined | Mapped]:
    """The services with a time each, as `last_updated` where they have none of their own; `names` of their file and unit."""
    days = [day.date().isoformat() for name in names if (day := named_day(name)) is not None]
    for item in items:
        if isinstance(item, Mapped):
            yield item
        elif isinstance(item, Joined):
            yield item._replace(service=_timed({**item.service}, days, zone))
        else:
            yield item._replace(body=_timed(item.body, days, zone)) if isinstance(item.body, dict) else item


def _timed(service: Json, days: list[str], zone: tzinfo) -> Json:
    if changed_at(service, zone) is not None:
        return service
    told = max(filter(None, (_last_action(each, zone) for each in _parts(service))), default=None)
    day = told.isoformat() if told is not None else next(iter(days), "")
    return {**service, "last_updated": day} if day else service


def _parts(service: Json) -> Iterator[Json]:
    """The service, its places and their locations: what a service event is made of."""
    yield service
    for place in listed(service.get("service_at_locations")):
        yield place
        if isinstance(location := place.get("location"), dict):
            yield location


def _last_action(part: Json, zone: tzinfo) -> datetime | None:
    times = (iso_time(text(each.get("last_action_date")), zone) for each in listed(part.get("metadata")))
    return max(filter(None, times), default=None)
