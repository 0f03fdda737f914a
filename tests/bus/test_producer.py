"""The durable producer against librdkafka's own mock broker and against an address where nobody listens."""

from __future__ import annotations

import asyncio

import pytest

from hub.bus.producer import MAX_RECORD_BYTES, Batch, DurableProducer
from hub.errors import FatalError, Reject, RetryError

MOCK = {"test.mock.num.brokers": 1, "allow.auto.create.topics": True}


def mocked(**settings: int) -> DurableProducer:
    return DurableProducer("", extra=MOCK, linger_ms=0, **settings)  # type: ignore[arg-type]


def unreachable() -> DurableProducer:
    return DurableProducer("127.0.0.1:1", delivery_timeout_ms=200, linger_ms=0)


def test_each_record_of_a_flushed_producer_is_confirmed() -> None:
    producer = mocked()
    for n in range(2_000):
        producer.produce("t", b"%d" % n, b"v")
    producer.flush()
    assert producer.waiting() == 0


def test_a_batch_is_delivered_when_its_own_records_are() -> None:
    async def scenario() -> tuple[Batch, Batch]:
        producer = mocked()
        first, second = producer.batch(), producer.batch()
        await first.produce_all([("t", b"k", b"v", 0, None)] * 100)
        await second.produce_all([("t", b"k", None, 0, [("ce_id", b"1")])] * 50)
        await asyncio.gather(second.delivered(), first.delivered())
        return first, second

    first, second = asyncio.run(scenario())
    assert (first.sent, first.reported, second.sent, second.pending) == (100, 100, 50, 0)


def test_a_full_queue_is_waited_for_and_nothing_is_dropped() -> None:
    async def scenario() -> int:
        producer = mocked(queue_records=10)
        batch = producer.batch()
        await batch.produce_all([("t", None, b"v", 0, None)] * 500)
        await batch.delivered()
        return batch.reported

    assert asyncio.run(scenario()) == 500


def test_a_full_queue_blocks_a_plain_writer_and_nothing_is_dropped() -> None:
    producer = mocked(queue_records=10)
    for _ in range(500):
        producer.produce("t", None, b"v", 0)
    producer.flush()
    assert producer.waiting() == 0


def test_a_broker_that_is_away_is_a_retry_error() -> None:
    producer = unreachable()
    producer.produce("t", b"k", b"v")
    with pytest.raises(RetryError, match="not-delivered"):
        producer.flush()


def test_a_failed_batch_does_not_taint_the_next_one() -> None:
    producer = unreachable()
    producer.produce("t", b"k", b"v")
    with pytest.raises(RetryError):
        asyncio.run(producer.delivered())
    producer.flush()


def test_one_failure_among_many_records_fails_the_batch() -> None:
    producer = unreachable()
    producer.produce("t", b"k", b"v", 0)
    batch = producer._open
    with pytest.raises(RetryError, match="records=1"):
        batch.wait()


def test_a_record_over_the_limit_is_rejected_before_it_is_queued() -> None:
    producer = mocked()
    with pytest.raises(Reject) as refused:
        producer.produce("t", b"k", b"x" * (MAX_RECORD_BYTES + 1))
    assert refused.value.reason == "record-too-large"
    producer.flush()


def test_a_fatal_error_is_raised_by_each_later_call() -> None:
    producer = mocked()

    class Fatal:
        def fatal(self) -> bool:
            return True

        def name(self) -> str:
            return "OUT_OF_ORDER_SEQUENCE_NUMBER"

        def code(self) -> int:
            return 45

    producer._on_error(Fatal())
    with pytest.raises(FatalError, match="OUT_OF_ORDER"):
        producer.produce("t", b"k", b"v")
    with pytest.raises(FatalError, match="OUT_OF_ORDER"):
        producer.flush()


def test_exceptions_name_no_key_and_no_value() -> None:
    producer = unreachable()
    producer.produce("t", b"secret-key", b"secret-value")
    with pytest.raises(RetryError) as failure:
        producer.flush()
    assert "secret" not in str(failure.value)


def test_reports_that_come_after_an_event_loop_was_closed_harm_nobody() -> None:
    producer = unreachable()
    batch = producer.batch()
    batch.produce("t", b"k", b"v", 0)

    async def given_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(batch.delivered(), 0.02)

    asyncio.run(given_up())
    with pytest.raises(RetryError):
        batch.wait()


def test_a_batch_is_delivered_even_when_the_thread_that_polls_is_no_more() -> None:
    producer = mocked()
    producer._pump.stop()

    async def scenario() -> int:
        batch = producer.batch()
        await batch.produce_all([("t", b"k", b"v", 0, None)] * 5)
        await batch.delivered()
        return batch.reported

    assert asyncio.run(scenario()) == 5
