"""Running a stream worker to its end: exit code 0 after a drained SIGTERM, 70 for what a restart may heal, 78 for what not."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable

import uvloop

from hub.bus.producer import DurableProducer
from hub.streams.app import HubApp, StreamSettings, check_topics, make_app
from hub.streams.halt import halt
from hub.streams.metrics import StreamMetrics
from hub.streams.pipeline import Rejection
from hub.streams.processor import Processor

log = logging.getLogger("hub.streams")


def run_worker(
    settings: StreamSettings,
    processor: Processor,
    *,
    rejection: Rejection | None = None,
    on_start: Callable[[StreamMetrics], None] | None = None,
) -> None:
    """Block until SIGTERM or SIGINT, then drain, commit and return. Any failure ends the process (`halt`), nothing acknowledged.

    `on_start` gets the metrics object before the first list, in the main thread.
    """
    logging.getLogger("faust").setLevel(logging.WARNING)
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    uvloop.install()
    try:
        producer = DurableProducer(
            settings.bootstrap,
            client_id=f"{settings.app_id}-{settings.worker}",
            delivery_timeout_ms=settings.delivery_timeout_ms,
            queue_records=settings.queue_records,
            linger_ms=settings.linger_ms,
        )
        check_topics(settings, producer)
        asyncio.run(_serve(settings, processor, producer, rejection, on_start))
    except Exception as failure:
        halt(failure)


async def _serve(
    settings: StreamSettings,
    processor: Processor,
    producer: DurableProducer,
    rejection: Rejection | None,
    on_start: Callable[[StreamMetrics], None] | None,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    app = make_app(settings, processor, producer=producer, rejection=rejection)
    app.loop = loop
    if on_start is not None:
        on_start(app.metrics)
    starting = asyncio.ensure_future(_start(app))
    await stop.wait()
    log.info("stream worker drains")
    try:
        await asyncio.wait_for(_stop(app, starting), settings.drain_s)
    except TimeoutError:
        halt("drain-timeout")
    log.info("stream worker drained")


async def _start(app: HubApp) -> None:
    try:
        app.finalize()
        await app.start()
    except asyncio.CancelledError:
        raise
    except BaseException as failure:
        halt(failure)


async def _stop(app: HubApp, starting: asyncio.Future[None]) -> None:
    await app.stop()
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
