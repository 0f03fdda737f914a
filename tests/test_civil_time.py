"""There is one today, the county's (hub.config.today): nobody asks the machine's clock for the date."""

from __future__ import annotations

import re
from pathlib import Path

import hub

ROOM = Path(hub.__file__).parent
ASKS = re.compile(r"date\.today\(\)|\bnow\((UTC|timezone\.utc)?\)\.date\(\)|utcnow")


def test_nobody_asks_the_machines_clock_for_the_date() -> None:
    asking = [path.relative_to(ROOM) for path in ROOM.rglob("*.py") if ASKS.search(path.read_text(encoding="utf-8"))]
    assert asking == []
