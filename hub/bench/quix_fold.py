"""The toy fold on Quix Streams. Runs in Quix's own environment (see `make setup-quix`), so it imports nothing of the hub."""

import json
import os
import time
from pathlib import Path

from quixstreams import Application, State


def serve() -> None:
    """Count records per key until SIGTERM, as HUB_BENCH says; the time of the first one goes to `directory`/first."""
    told = json.loads(os.environ["HUB_BENCH"])
    first = Path(told["directory"]) / "first"
    app = Application(
        broker_address=told["bootstrap"],
        consumer_group=told["group"],
        auto_offset_reset="earliest",
        commit_interval=1.0,
        state_dir=Path(told["directory"]) / "state",
        processing_guarantee="at-least-once",
        loglevel="ERROR",
    )
    stream = app.dataframe(app.topic(told["source"], key_deserializer="bytes", value_deserializer="bytes"))
    noted = False

    def count(_value: bytes, state: State) -> None:
        nonlocal noted
        if not noted:
            noted = True
            first.write_text(repr(time.time()))
        state.set("n", state.get("n", 0) + 1)

    stream.update(count, stateful=True)
    app.run()
