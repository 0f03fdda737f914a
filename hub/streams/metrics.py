"""Numbers a stream worker keeps; ops exports them as hub_stream_*. Counts and offsets only, never a key or a value."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class StreamMetrics:
    """Written by one worker, read by whoever exports. Times are `time.monotonic()` seconds, durations seconds."""

    lists: int = 0
    records: int = 0
    rows: int = 0
    outputs: int = 0
    rejected: Counter[str] = field(default_factory=Counter)  # by reason code
    fold_seconds: float = 0.0
    list_seconds: float = 0.0  # from the fold to the last delivery report
    holes: int = 0  # lists not delivered because they did not continue their partition
    stale: int = 0  # lists dropped because their assignment had ended
    rebalances: int = 0
    recovered_rows: int = 0  # changelog records applied
    commits: int = 0
    last_commit: float | None = None
    last_progress: float | None = None  # a list finished
    active: frozenset[int] = frozenset()  # partitions open for folding
    finished: dict[int, int] = field(default_factory=dict)  # partition → end of the last finished list
    ends: dict[int, int] = field(default_factory=dict)  # partition → end of the log as last fetched
    ready: bool = False  # recovered, positions known

    def lag(self) -> dict[int, int]:
        """Records of each active partition that are in the log and not finished."""
        return {
            partition: max(0, end - self.finished[partition])
            for partition, end in self.ends.items()
            if partition in self.finished
        }
