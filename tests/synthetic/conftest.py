from __future__ import annotations

import pytest

from hub.synthetic import County, Delivery, make_county


@pytest.fixture(scope="session")
def county() -> County:
    return make_county(2000, 1)


@pytest.fixture(scope="session")
def deliveries(county: County) -> list[Delivery]:
    return list(county.deliveries())
