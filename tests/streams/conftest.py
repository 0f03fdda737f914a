"""A fresh stage per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.streams.stage import Stage, build_stage


@pytest.fixture
def stage(broker: Any, tmp_path: Path) -> Iterator[Stage]:
    """Topics and workers of this test; what still runs at its end is killed."""
    found = build_stage(broker.bootstrap, tmp_path)
    yield found
    found.stop_all()
