"""What a connector's samples should give: `samples/<file or folder>` and beside it `expected/<its name>.jsonl`, a line an outcome.

`hub connector try --json` prints the same lines, and the id of the agreement.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hub.connectors.catalog import Connector
from hub.domain.agreement import IntakeAgreement
from hub.errors import ConfigError
from hub.mapping.program import Mapped
from hub.wiring_reading import OFFLINE_IDS, outcomes

__all__ = ["as_expected", "expected_file", "golden_line", "line_of", "lines_of", "samples_of"]


def line_of(mapped: Mapped) -> str:
    """One outcome as its JSON line."""
    return _line(mapped, None if mapped.event is None else mapped.event.model_dump(mode="json"))


def golden_line(mapped: Mapped) -> str:
    """The same without the id of the agreement: a draft that is signed changes no golden, what it grants does."""
    event = None if mapped.event is None else mapped.event.model_dump(mode="json", exclude={"agreement_id"})
    return _line(mapped, event)


def _line(mapped: Mapped, event: dict[str, Any] | None) -> str:
    line: dict[str, Any] = {
        "outcome": mapped.outcome,
        "type": mapped.type,
        "event": event,
        "reason": mapped.reason,
        "where": dict(mapped.where),
    }
    if mapped.issues:  # of an event that has no field for them
        line["issues"] = list(mapped.issues)
    return json.dumps(line, ensure_ascii=False)


def samples_of(chosen: Connector) -> list[Path]:
    """Its samples, by name; ConfigError when there is none: what is not tried is not known to work."""
    folder = _folder(chosen) / "samples"
    found = sorted(path for path in folder.glob("*") if not path.name.startswith("."))
    if not found:
        raise ConfigError(f"{chosen.name} has no samples: put made-up ones into {folder}")
    return found


def expected_file(chosen: Connector, path: Path) -> Path:
    """Where the golden of a sample lies."""
    return _folder(chosen) / "expected" / f"{path.name}.jsonl"


def lines_of(chosen: Connector, agreement: IntakeAgreement, sample: Path) -> list[str]:
    """What a sample gives now, as agreed, in input order, under ids of no installation."""
    return [golden_line(mapped) for mapped in outcomes(chosen, agreement, OFFLINE_IDS, sample)]


def as_expected(chosen: Connector, agreement: IntakeAgreement, sample: Path) -> str | None:
    """None when a sample gives what its golden holds; else what to do, in words that hold no value."""
    golden = expected_file(chosen, sample)
    if not golden.is_file():
        return f"there is no expected/{golden.name}; --update writes it, then review it"
    before, now = golden.read_text(encoding="utf-8").splitlines(), lines_of(chosen, agreement, sample)
    if before == now:
        return None
    return f"{len(before)} records were expected, {len(now)} came, and not the same; `hub connector try --diff` shows where"


def _folder(chosen: Connector) -> Path:
    if chosen.folder is None:
        raise ConfigError(f"{chosen.name} was not read from a folder: it has no samples/ and no expected/")
    return chosen.folder
