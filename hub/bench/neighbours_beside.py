"""A process beside the one that measures, and a pipe to it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

__all__ = ["beside"]


@contextmanager
def beside(target: Callable[[Connection], object]) -> Iterator[Connection]:
    """`target` at work in a process of its own, at the other end of this pipe; killed at the end."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours
    finally:
        process.kill()
        process.join()
        ours.close()
        theirs.close()
