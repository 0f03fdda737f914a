"""`hub tail TOPIC`: what stands on a topic, decoded, as it comes."""

from __future__ import annotations

import base64
import json
import signal
import threading
import uuid
from datetime import date, datetime
from typing import Any

import click

from hub.bus.codec import Codec
from hub.bus.consumer import Incoming, WorkerConsumer
from hub.bus.schema_registry import SchemaIds
from hub.bus.topic_admin import topic_names
from hub.config import Settings, load_settings
from hub.errors import Reject, UnknownName
from hub.suggest import did_you_mean
from hub.supervisor import running_instance
from hub.wiring_bus import all_topics

_JOINING_S = 30.0  # until the broker has given this reader its partitions: no silence of the topic


@click.command()
@click.argument("topic")
@click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")
@click.option("--count", type=click.IntRange(min=1), help="End after so many records.")
@click.option("--seconds", type=click.FloatRange(min=0), help="End after so long without a record.")
@click.option("--values", is_flag=True, help="Only the decoded values.")
def tail(topic: str, instance: str | None, count: int | None, seconds: float | None, values: bool) -> None:
    """Print the records of TOPIC from its beginning, one JSON object a line, until Ctrl-C.

    Sealed fields stay sealed. Commits nothing.
    """
    settings = load_settings(running_instance(instance))
    _require(topic, settings)
    ids = SchemaIds(settings.require_registry_url())
    codec = Codec(ids, all_topics(settings))
    consumer = WorkerConsumer(settings.require_bootstrap(), f"hub-tail-{uuid.uuid4()}", [topic])
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    left, idle, joining = count, 0.0, 0.0
    try:
        while not stop.is_set() and left != 0 and (seconds is None or idle < seconds):
            records = consumer.poll_batch(min(left or 500, 500), 0.2)
            if records:
                idle = 0.0
            elif consumer.owned() or (joining := joining + 0.2) > _JOINING_S:
                idle += 0.2
            for record in records:
                click.echo(json.dumps(_row(record, codec, values), default=_plain))
            left = None if left is None else left - len(records)
    finally:
        consumer.close()
        ids.close()


def _require(topic: str, settings: Settings) -> None:
    """UnknownName unless the table or the broker has it: a consumer of a topic that is not there would wait for ever."""
    known = [each.name for each in all_topics(settings)]
    if topic not in known and not (settings.bootstrap and topic in topic_names(settings.bootstrap)):
        meant = did_you_mean(topic, known)
        raise UnknownName(
            " ".join([f"there is no topic {topic}:", *([meant] if meant else []), "`hub topics list` has them all"])
        )


def _row(record: Incoming, codec: Codec, values: bool) -> Any:
    try:
        kind, fields = codec.decode_dict(record.value)
        shown: Any = {"kind": kind, **fields}
    except Reject as refused:
        shown = None if record.value is None else {"unreadable": refused.reason, "bytes": len(record.value)}
    if values:
        return shown
    return {
        "partition": record.partition,
        "offset": record.offset,
        "key": None if record.key is None else record.key.decode(errors="replace"),
        "value": shown,
    }


def _plain(value: Any) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return f"<{type(value).__name__}>"
