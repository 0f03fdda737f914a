"""Three workers start, are asked to stop, are killed and freeze at random while records keep coming: nothing lost, nothing twice.

A long linger and a short commit interval keep each list open for most of the time, so that a blow finds one in the middle.

`HUB_STORM_SECONDS` (default 25) and `HUB_STORM_SEEDS` (default "1") make it longer: 90 and "1,2,3" for a release.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.streams.stage import Stage, Worker, build_stage

SECONDS = float(os.environ.get("HUB_STORM_SECONDS", "25"))
SEEDS = [int(seed) for seed in os.environ.get("HUB_STORM_SEEDS", "1").split(",")]
KEYS = 1_000
PER_STEP = 400

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(SECONDS + 400)]


def rain(stage: Stage, seed: int, over: threading.Event) -> None:
    """Records without pause until `over`."""
    dice, number = random.Random(seed), 0
    while not over.is_set():
        stage.feed((b"k%d" % dice.randrange(KEYS), b"%d" % (number + n)) for n in range(PER_STEP))
        number += PER_STEP
        over.wait(0.1)


def storm(stage: Stage, seed: int) -> list[str]:
    """What was done to the workers, one word each."""
    dice, running, diary = random.Random(seed), dict[int, Worker](), list[str]()
    until = time.monotonic() + SECONDS
    running[0] = stage.start("0", pause_s=0.01)
    while time.monotonic() < until:
        time.sleep(dice.uniform(0.5, 4.0))
        number = dice.randrange(3)
        worker = running.get(number)
        if worker is None or worker.process.poll() is not None:
            running[number] = stage.start(str(number), pause_s=0.01)
            diary.append(f"start-{number}")
            continue
        blow = dice.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
        worker.send(blow)
        diary.append(f"{blow.name}-{number}")
        if blow is signal.SIGSTOP:
            time.sleep(dice.choice([1.0, 8.0]))
            worker.send(signal.SIGCONT)
    for number in range(3):
        if number not in running or running[number].process.poll() is not None:
            stage.start(str(number))
    return diary


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_or_counted_twice_in_a_storm(broker: Any, tmp_path: Path, seed: int) -> None:
    stage = build_stage(broker.bootstrap, tmp_path, list_records=300, linger_ms=60.0, commit_interval_s=0.1)
    over = threading.Event()
    feeder = threading.Thread(target=rain, args=(stage, seed, over))
    feeder.start()
    try:
        diary = storm(stage, seed)
        over.set()
        feeder.join()
        stage.until_committed(180)
        assert stage.counts() == stage.expected, diary
        assert stage.published() == stage.expected, diary
    finally:
        over.set()
        feeder.join()
        stage.stop_all()
