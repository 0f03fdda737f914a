"""Resident memory and CPU time of another process, sampled from /proc while it works (Linux)."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

__all__ = ["Memory", "Sampler", "cpu_seconds", "until"]

_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20
_TICKS = os.sysconf("SC_CLK_TCK")


class Memory(NamedTuple):
    """Resident memory in MB: at the first sample after the warm-up, at the end, at its highest; `slope` is MB per 100,000 records
    by least squares over all samples. `samples` says how many there were."""

    start: float
    end: float
    highest: float
    slope: float
    samples: int


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


class Sampler:
    """Samples while the block runs. `progress` says how many records are done; samples before `warm` records do not count."""

    def __init__(self, pid: int, progress: Callable[[], int], warm: int, every_s: float = 0.25) -> None:
        self._pid, self._progress, self._warm, self._every_s = pid, progress, warm, every_s
        self._samples: list[tuple[int, float]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory-sampler", daemon=True)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._sample(last=True)

    @property
    def found(self) -> Memory:
        """Of the block that has ended."""
        sizes = [size for _, size in self._samples]
        slope = _slope(self._samples) * 100_000
        return Memory(round(sizes[0], 1), round(sizes[-1], 1), round(max(sizes), 1), round(slope, 2), len(sizes))

    def _watch(self) -> None:
        while not self._stop.wait(self._every_s):
            self._sample()

    def _sample(self, *, last: bool = False) -> None:
        done = self._progress()
        if last or done >= self._warm:
            self._samples.append((done, int(Path(f"/proc/{self._pid}/statm").read_text().split()[1]) * _PAGE_MB))


def _slope(samples: list[tuple[int, float]]) -> float:
    """Of the least-squares line through (records, MB)."""
    count = len(samples)
    mean_x, mean_y = sum(x for x, _ in samples) / count, sum(y for _, y in samples) / count
    spread = sum((x - mean_x) ** 2 for x, _ in samples)
    return sum((x - mean_x) * (y - mean_y) for x, y in samples) / spread if spread else 0.0


def until(holds: Callable[[], bool], within_s: float, every_s: float = 0.2) -> bool:
    """Wait for something outside this process; False when it does not come."""
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)
    return True
