"""Fixtures of the mapping tests."""

from __future__ import annotations

import pytest

from tests.mapping.reading import Reader


@pytest.fixture
def read() -> Reader:
    return Reader()
