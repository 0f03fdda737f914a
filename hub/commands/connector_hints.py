"""What `hub connector try` says beside its counts: why nothing could be read, whose file it may be, which word waits for a row."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from hub.commands.connector_summary import Summary
from hub.connectors.catalog import Connector
from hub.mapping.program import Mapped
from hub.mapping.tables import rows
from hub.redrive.reasons import reasons

__all__ = ["closing", "word_at_fault", "words_option"]

_OF_ITS_FORMAT = frozenset(
    {
        "missing-column", "empty", "not-utf8", "xml-not-json", "version-mismatch", "unknown-version", "no-header",
        "duplicate-column", "workbook-protected", "workbook-has-macros", "too-large",
    }
)  # fmt: skip
"""Reasons that speak of a file of the right kind: whose it is, is not the question."""
_BESIDE = frozenset({"person", "site"})
"""Kinds that come along with what a source is for."""
_HEADERS = frozenset({"unknown-header", "missing-column"})


def closing(chosen: Connector, path: Path, counted: Summary) -> Iterator[str]:
    """Lines for who wonders what to do next; none where the counts say all."""
    refused = counted.counts["rejected"]
    if refused["unmapped-code"] and (option := _has_words(chosen)):
        yield (
            f"unmapped-code: {option} does not know the word; say what it means under options.words in connector.yaml "
            "(docs/lists.md). `--explain --row N` names the field; with --show-values, on a terminal, the word"
        )
    if _HEADERS & set(refused) and counted.lacking:
        yield _wanted(chosen, counted.lacking)
    if not counted.readable:
        for reason in sorted(set(refused) & set(reasons()) - _HEADERS):
            yield f"{reason}: {reasons()[reason].means} {reasons()[reason].do}"
        if not _of_its_format(path, set(refused)):
            yield _another(chosen, path, "could be read" if counted.recognised else "was recognised")
    elif not refused and _speaks_of_others(chosen, counted):
        yield _another(chosen, path, f"became what {chosen.name} is for ({', '.join(chosen.emits)})")


def words_option(chosen: Connector, column: str) -> str:
    """`options.words.status` for the column of a list at fault; empty where the connector has no such option."""
    if not _has_words(chosen):
        return ""
    own = {str(name).strip().lower(): str(field) for field, name in (chosen.options.get("columns") or {}).items()}
    known = {_plain(row["column"]): row["field"] for row in _columns(chosen)}
    field = own.get(column.lower()) or known.get(_plain(column))
    return f"options.words.{field}" if field else ""


def word_at_fault(mapped: Mapped) -> str:
    """What stands in the column that a rejected row of a table is at fault in; empty where that cannot be told."""
    try:
        table = list(csv.reader((mapped.head + mapped.raw).decode().splitlines()))
    except (UnicodeDecodeError, csv.Error):
        return ""
    if len(table) != 2:
        return ""
    row = {name.strip().lower(): value for name, value in zip(*table, strict=False)}
    return str(row.get(str(mapped.where.get("field", "")).lower(), ""))


def _has_words(chosen: Connector) -> str:
    """The program that has `options.words`, by name; empty where it has none."""
    return (chosen.program or "") if _columns(chosen) else ""


def _columns(chosen: Connector) -> list[Mapping[str, str]]:
    return [row for row in rows("lists_columns") if row["program"] == chosen.program]


def _wanted(chosen: Connector, lacking: str) -> str:
    """Fields of a list by a name that would do for each."""
    known: dict[str, str] = {}
    for row in _columns(chosen):
        known.setdefault(row["field"], row["column"])
    named = re.sub(
        r"\w+", lambda word: f"{word[0]} (such as {known[word[0]]})" if word[0] in known else word[0], lacking
    )
    own = (
        "a name of your own goes into options.columns of connector.yaml (docs/lists.md)"
        if known
        else "connector.yaml names it: is it spelt as in the file?"
        if chosen.declared is not None
        else "a name of your own goes into a table of yours (docs/code-tables.md)"
    )
    return f"no column for: {named}; {own}"


def _of_its_format(path: Path, refused: set[str]) -> bool:
    if "not-json" in refused and path.is_file():
        with path.open("rb") as file:
            refused = refused - (
                {"not-json"} if file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") else set()
            )
        return refused <= _OF_ITS_FORMAT
    return bool(refused) and refused <= _OF_ITS_FORMAT


def _speaks_of_others(chosen: Connector, counted: Summary) -> bool:
    """Whether nothing is an event of the connector's own kinds: all was `not-a…`, or somebody's person alone came of it."""
    events, own = set(counted.counts["events"]), set(chosen.emits) - _BESIDE
    if not own or events & own:
        return False
    return bool(events) or any(reason.startswith("not-a") for reason in counted.counts["ignored"])


def _another(chosen: Connector, path: Path, found: str) -> str:
    source = chosen.source
    shape = "a folder, or a single file of it" if chosen.door.shape == "folder" else "a file, or a folder of such files"
    wanted = getattr(chosen.door, "complete_when", ())
    names = f" with {', '.join(wanted)}" if wanted else ""
    return (
        f"nothing in {path} {found}. {chosen.name} reads {source.format} ({source.standard}): {shape}{names}. Is it another "
        "source's? `hub preview PATH --as-of DAY`, with `--connectors DIR` for your own, finds the connector by what is in a file; "
        "`hub connector list` names your own; for a new one: "
        f"`hub connector new NAME --from {path if path.is_file() else 'FILE'}`"
    )


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
