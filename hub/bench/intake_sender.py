"""The sending side of the MLLP measurement: a process of its own with some connections, each of which sends and awaits answers.

What it must do comes as one JSON object on its standard input; then it makes its messages, says `ready` and waits for one more
line. On its standard output go the number of messages answered, every half second, and at the end one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter, deque
from typing import Any

from hub.bench.intake_records import Records
from hub.formats.mllp import Framer, frame

__all__ = ["serve"]

_TELL_S = 0.5


def serve() -> None:
    """Send what standard input asks for: `host`, `port`, `connections`, `window` (unanswered messages of a connection), `first` and
    `count` of the made-up messages of `people` persons."""
    told: dict[str, Any] = json.loads(sys.stdin.readline())
    records = Records(told["people"])
    messages = deque(frame(message) for message in records.messages(told["count"], told["first"]))
    _say("ready")
    sys.stdin.readline()
    _say(json.dumps(asyncio.run(_send(told, messages))))


async def _send(told: dict[str, Any], messages: deque[bytes]) -> dict[str, Any]:
    answers: Counter[str] = Counter()
    waits: list[float] = []
    telling = asyncio.create_task(_tell(waits))
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(
        *(
            _connection(told["host"], told["port"], told["window"], messages, answers, waits)
            for _ in range(told["connections"])
        )
    )
    seconds = time.perf_counter() - began
    telling.cancel()
    waits.sort()
    at = {f"p{share}_ms": round(waits[min(len(waits) - 1, len(waits) * share // 100)] * 1_000, 2) for share in (50, 99)}
    return {"seconds": seconds, "cpu_s": time.process_time() - cpu, "answers": dict(answers), **at}


async def _connection(
    host: str, port: int, window: int, messages: deque[bytes], answers: Counter[str], waits: list[float]
) -> None:
    """Send until none is left, never with more than `window` unanswered: with 1, the next goes when the answer is there."""
    reader, writer = await asyncio.open_connection(host, port)
    framer, sent = Framer(), deque[float]()
    while messages or sent:
        while messages and len(sent) < window:
            writer.write(messages.popleft())
            sent.append(time.perf_counter())
        chunk = await reader.read(65_536)
        if not chunk:
            answers["hung-up"] += len(sent)
            break
        for answer in framer.feed(chunk):
            waits.append(time.perf_counter() - sent.popleft())
            answers[_code(answer) if isinstance(answer, bytes) else "fault"] += 1
    writer.close()


def _code(answer: bytes) -> str:
    """MSA-1."""
    at = answer.find(b"\rMSA|")
    return answer[at + 5 : at + 7].decode("ascii", "replace")


async def _tell(waits: list[float]) -> None:
    while True:
        await asyncio.sleep(_TELL_S)
        _say(str(len(waits)))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
