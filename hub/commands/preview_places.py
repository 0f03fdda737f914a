"""The lines of `hub preview` about files: what each held, where refusals are, and what became of records of tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub.preview_counts import FileCount, FileCounts

__all__ = ["places_json", "places_words", "tests_words"]

_FILES_SHOWN, _REFUSALS_SHOWN = 40, 20


def places_json(counts: FileCounts, *, include_test: bool) -> dict[str, Any]:
    """For `--json`: every file, the first thousand refusals, and tests by kind and processing."""
    return {
        "files": [each.as_json() for each in counts.files],
        "refusals": [
            {"file": each.file, "place": each.place, "reason": each.reason} for each in counts.refusals
        ],
        "refusals_more": counts.more,
        "tests": counts.tests,
        "tests_included": include_test,
    }  # fmt: skip


def tests_words(counts: FileCounts, *, include_test: bool) -> Iterator[str]:
    """How many records are of tests or debugging, and whether they count."""
    how = (
        "counted as production, by --include-test"
        if include_test
        else "start nothing and count nowhere (--include-test)"
    )
    for what, count in counts.tests.items():
        yield f"  {count:8,}  {what} records: {how}"


def places_words(counts: FileCounts) -> Iterator[str]:
    """A line a file, then a line a refused record."""
    files, refusals = counts.files, counts.refusals
    yield from (f"  {each.file} ({each.connector}): {_held(each)}" for each in files[:_FILES_SHOWN])
    if len(files) > _FILES_SHOWN:
        yield f"  … {len(files) - _FILES_SHOWN:,} more files: --json has them all"
    for each in refusals[:_REFUSALS_SHOWN]:
        yield f"  rejected: {each.file}{f' {each.place}' if each.place else ''}: {each.reason}"
    if (more := len(refusals) + counts.more - _REFUSALS_SHOWN) > 0:
        yield f"  … {more:,} more rejected: --json has the first thousand"
    if refusals:
        yield "  (`hub rejected explain REASON` says what each reason means)"


def _held(counted: FileCount) -> str:
    parts = [f"{n:,} {kind}" for kind, n in sorted(counted.events.items())]
    parts += [
        f"{some.total():,} {word}"
        for word, some in (("rejected", counted.rejected), ("ignored", counted.ignored))
        if some
    ]
    return ", ".join(parts) or "nothing"
