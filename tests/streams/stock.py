"""Stock Faust, as its documentation says to use it: the other side of each test of a hole. Runs in processes of its own.

`HUB_STOCK` (JSON): bootstrap, app_id, source, output, datadir.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import faust

TOLD: dict[str, Any] = json.loads(os.environ.get("HUB_STOCK", "{}"))


def _app() -> faust.App:
    return faust.App(
        TOLD["app_id"],
        broker=f"kafka://{TOLD['bootstrap']}",
        store="memory://",
        datadir=TOLD["datadir"],
        topic_partitions=4,
        topic_disable_leader=True,
        web_enabled=False,
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=0.5,
        key_serializer="raw",
        value_serializer="raw",
    )


def _run(app: faust.App) -> None:
    sys.argv = ["stock", "worker", "-l", "error", "--without-web"]
    app.main()


def count_in_a_table() -> None:
    """Says each record to an output topic, then counts it per key; the changelog is Faust's own and waits its turn."""
    app = _app()
    output = app.topic(TOLD["output"], key_type=bytes, value_type=bytes)
    table = app.Table("rows", key_type=bytes, value_type=bytes, partitions=4)

    @app.agent(app.topic(TOLD["source"], key_type=bytes, value_type=bytes))
    async def fold(stream: Any) -> None:
        async for event in stream.events():
            output.send_soon(key=event.key, value=event.value)
            table[event.key] = b"%d 0" % (int((table.get(event.key) or b"0").split()[0]) + 1)

    _run(app)


def copy_to_the_output() -> None:
    """Sends each record on."""
    app = _app()
    output = app.topic(TOLD["output"], key_type=bytes, value_type=bytes)

    @app.agent(app.topic(TOLD["source"], key_type=bytes, value_type=bytes))
    async def fold(stream: Any) -> None:
        async for event in stream.events():
            if event.value == b"poison":
                raise ValueError("poison")
            await output.send(key=event.key, value=event.value)

    _run(app)


def hang_on_the_first() -> None:
    """Two coroutines share the stream; the one that gets a record `hang` never comes back."""
    app = _app()

    @app.agent(app.topic(TOLD["source"], key_type=bytes, value_type=bytes), concurrency=2)
    async def fold(stream: Any) -> None:
        async for event in stream.events():
            if event.value == b"hang":
                await asyncio.Event().wait()

    _run(app)


def decode_and_copy() -> None:
    """Reads JSON and sends it on."""
    app = _app()
    output = app.topic(TOLD["output"], key_type=bytes, value_serializer="json")

    @app.agent(app.topic(TOLD["source"], key_type=bytes, value_serializer="json"))
    async def fold(stream: Any) -> None:
        async for event in stream.events():
            await output.send(key=event.key, value=event.value)

    _run(app)
