"""The fakes of hub/testing, under the name that tests of the hub know."""

from __future__ import annotations

from hub.testing.fakes import Confirmed, FakeBus, FakeDelivery, FakeDoor

__all__ = ["Confirmed", "FakeBus", "FakeDelivery", "FakeDoor"]
