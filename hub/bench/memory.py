"""Resident memory and CPU time of another process, sampled from /proc while it works (Linux)."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

__all__ = ["FLAT", "Memory", "Sampler", "Told", "cpu_seconds", "read_of", "until"]

_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20
_TICKS = os.sysconf("SC_CLK_TCK")
_TENTHS = 10
FLAT = 0.05
"""Memory is flat where it rises by no more than this share of itself over the second half of a run."""

Told = Callable[[int, int, float], None]
"""(per cent, records, MB), at every 10 %."""


class Memory(NamedTuple):
    """Resident memory in MB: at the first sample after the warm-up, at the end, at its highest, and at 0, 10 … 100 % of the
    records. `slope` is MB per 100,000 records by least squares over the second half; `rise` what that line rises by there, as a
    share of what was held at its beginning. `samples` says how many there were."""

    start: float
    end: float
    highest: float
    slope: float
    rise: float
    tenths: tuple[float, ...]
    samples: int

    @property
    def flat(self) -> bool:
        """Whether the second half held no more than the first had come to."""
        return self.rise <= FLAT


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def read_of(pid: int, path: Path) -> int:
    """How many bytes of a file a process has read through a descriptor that is open now; 0 where none is."""
    found = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if link.readlink() == path:
                told = Path(f"/proc/{pid}/fdinfo/{link.name}").read_text()
                found = max(found, int(told.partition("pos:")[2].split()[0]))
        except OSError:  # closed meanwhile
            continue
    return found


class Sampler:
    """Samples while the block runs. `progress` says how many of `total` records are done; samples before a tenth of `total` are
    warm-up and count for the tenths alone. `told` hears of every tenth, from the sampling thread."""

    def __init__(
        self,
        pid: int,
        progress: Callable[[], int],
        total: int,
        told: Told = lambda *_: None,
        every_s: float = 0.25,
    ) -> None:
        self._pid, self._progress, self._total, self._told, self._every_s = pid, progress, total, told, every_s
        self._samples: list[tuple[int, float]] = []
        self._next_tenth = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory-sampler", daemon=True)

    def __enter__(self) -> Sampler:
        self._sample(0)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._sample(self._total)

    @property
    def found(self) -> Memory:
        """Of the block that has ended."""
        total = self._total
        warm = [size for done, size in self._samples if done * _TENTHS >= total]
        half = [sample for sample in self._samples if sample[0] * 2 >= total]
        slope = _slope(half)
        tenths = [next(size for done, size in self._samples if done * _TENTHS >= total * n) for n in range(_TENTHS + 1)]
        return Memory(
            start=round(warm[0], 1),
            end=round(warm[-1], 1),
            highest=round(max(warm), 1),
            slope=round(slope * 100_000, 2),
            rise=round(slope * (half[-1][0] - half[0][0]) / half[0][1], 3),
            tenths=tuple(round(size, 1) for size in tenths),
            samples=len(self._samples),
        )

    def _watch(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                self._sample(min(self._progress(), self._total))
            except OSError:  # the process is gone: whoever waits for it will say so
                return

    def _sample(self, done: int) -> None:
        size = int(Path(f"/proc/{self._pid}/statm").read_text().split()[1]) * _PAGE_MB
        self._samples.append((done, size))
        if done * _TENTHS >= self._total * self._next_tenth:
            self._next_tenth = done * _TENTHS // self._total + 1 if self._total else 1
            self._told(done * 100 // self._total if self._total else 100, done, size)


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
