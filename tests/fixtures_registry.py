"""The embedded schema registry for tests: one per session on the session's broker, or one of your own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest


@dataclass(frozen=True)
class RunningRegistry:
    """Where a registry listens."""

    url: str
    topic: str


@contextlib.contextmanager
def running_registry(bootstrap: str, topic: str | None = None) -> Iterator[RunningRegistry]:
    """A registry in a thread of its own while the block runs; `topic` defaults to a fresh one."""
    from hub.bus.registry_server import serve

    name = topic or f"registry-{uuid.uuid4().hex[:12]}"
    started = threading.Event()
    found: dict[str, Any] = {}

    async def run() -> None:
        found["loop"], found["task"] = asyncio.get_running_loop(), asyncio.current_task()
        await serve(bootstrap, port=0, ready=told, topic=name)

    def told(port: int) -> None:
        found["port"] = port
        started.set()

    def work() -> None:
        try:
            asyncio.run(run())
        except asyncio.CancelledError:
            pass
        except BaseException as failure:
            found["failure"] = failure
            started.set()

    thread = threading.Thread(target=work, name="registry")
    thread.start()
    assert started.wait(180), "the registry did not come up"
    try:
        if "port" not in found:
            raise found["failure"]
        yield RunningRegistry(f"http://127.0.0.1:{found['port']}", name)
    finally:
        if thread.is_alive():
            found["loop"].call_soon_threadsafe(found["task"].cancel)
        thread.join(120)
        assert not thread.is_alive(), "the registry did not end"


@pytest.fixture(scope="session")
def registry(broker: Any) -> Iterator[RunningRegistry]:
    """A registry on the session's broker; attribute `.url`. Use subjects of your own."""
    with running_registry(broker.bootstrap) as running:
        yield running
