"""Stock Faust that re-keys: `group_by`, an own `send` and a table with Faust's changelog. Runs in a process of its own.

`HUB_STOCK` (JSON): bootstrap, app_id, source, output, datadir. A record's value is its key once more.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import faust


def regroup() -> None:
    """Group the source by its values, count each key in a table, send each record on."""
    told = json.loads(os.environ["HUB_STOCK"])
    app = faust.App(
        told["app_id"],
        broker=f"kafka://{told['bootstrap']}",
        store="memory://",
        datadir=told["datadir"],
        topic_partitions=4,
        topic_disable_leader=True,
        web_enabled=False,
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=0.5,
        key_serializer="raw",
        value_serializer="raw",
    )
    output = app.topic(told["output"], key_type=bytes, value_type=bytes)
    table = app.Table("rows", key_type=bytes, value_type=bytes, partitions=4)

    @app.agent(app.topic(told["source"], key_type=bytes, value_type=bytes))
    async def fold(stream: Any) -> None:
        async for value in stream.group_by(lambda value: value, name="by-value", partitions=4):
            table[value] = b"1 0"
            await output.send(key=value, value=value)

    sys.argv = ["stock", "worker", "-l", "error", "--without-web"]
    app.main()
