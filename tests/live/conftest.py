"""One stack for the tests that only tell stories to it; whoever breaks something starts a stack of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.town import Town


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Shared: use people (numbers) of your own, and leave it settled. It ends with this folder: at rest it takes a seventh of a
    core, looking into its inboxes."""
    found = Town(tmp_path_factory.mktemp("town") / "instance")
    try:
        found.start()
        yield found
    finally:
        found.end()
