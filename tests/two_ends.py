"""In which order files go to the workers of `pytest -n N --dist loadfile`: one works from the front, the others from the back.

In front stand the files with `live` tests, which mostly wait for processes of theirs; behind stand those that only compute. So
somebody computes while somebody waits, in place of two who wait at the same time at the end (xdist's own order is by number of
tests, and live files have few), and stacks and brokers of two files seldom run side by side. Who is through helps the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

__all__ = ["TwoEnds", "in_order"]


class TwoEnds(LoadFileScheduling):  # type: ignore[misc]  # xdist ships no types
    """A file is one worker's, as with loadfile; the first worker takes the first file that is left, the others the last."""

    def schedule(self) -> None:
        self.config.option.loadscopereorder = False  # the collection comes `in_order`
        super().schedule()

    def _assign_work_unit(self, node: WorkerController) -> None:
        last = self.numnodes > 1 and node is not next(iter(self.assigned_work))
        if last:
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)


def in_order(items: Iterable[pytest.Item]) -> Iterator[pytest.Item]:
    """Items file by file. From the front: folders with live tests that take long, so that none is begun last; each folder's
    together, for what they share ends with them. From the back: what takes long and waits for nobody, then the most tests first."""
    files: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        files[item.nodeid.partition("::")[0]].append(item)
    live = {name for name, its in files.items() if _marked(its, "live")}
    slow = {name for name, its in files.items() if _marked(its, "slow")}
    long_folders = {_folder(name) for name in live & slow}
    waiting = sorted(live, key=lambda name: (_folder(name) not in long_folders, name))
    computing = sorted(files.keys() - live, key=lambda name: (name in slow, len(files[name]), name))
    for name in (*waiting, *computing):
        yield from files[name]


def _marked(items: Iterable[pytest.Item], mark: str) -> bool:
    return any(item.get_closest_marker(mark) for item in items)


def _folder(name: str) -> str:
    return str(PurePosixPath(name).parent)
