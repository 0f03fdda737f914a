"""What every test may ask for: the broker, the shared samples; and HUB_TEST_REQUIRE_ALL=1, under which a skip fails."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, settings

from tests.fixtures_postgres import postgres as postgres
from tests.fixtures_registry import registry as registry
from tests.two_ends import TwoEnds, in_order

ROOT = Path(__file__).resolve().parent.parent
settings.register_profile(
    "hub",
    deadline=None,  # how long an example takes says how busy the machine is
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("HUB_TEST_SEARCH") != "1",  # the same commit is judged the same twice; 1: look elsewhere
)
settings.load_profile("hub")
SHOWN = "shown at the end"
"""A test that records a property of this name has its value printed under the run's output, in an xdist run too."""
REQUIRE_ALL = os.environ.get("HUB_TEST_REQUIRE_ALL") == "1"
LONG_S = 900.0
"""What a `live` or `slow` test may take before it counts as hung, where it says nothing else: a stack waits 300 s for its roles and
300 s to come to rest, and says which of them was late; all others have pyproject.toml's `timeout`."""


class Broker(Protocol):
    """The part of the session's broker a test may lean on."""

    @property
    def bootstrap(self) -> str: ...


class _KnownBroker:
    """A broker somebody else runs."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """One Kafka for the whole session, shared by all xdist workers: use topic names of your own.

    HUB_TEST_BOOTSTRAP=host:port uses a broker that already runs instead (faster while writing a test).
    """
    known = os.environ.get("HUB_TEST_BOOTSTRAP")
    shared = getattr(request.config, "workerinput", {}).get("hub_broker")
    if known:
        yield _KnownBroker(known)
    elif shared:
        yield _KnownBroker(_wait_for_address(Path(shared)))
    else:
        from hub.bus.embedded import EmbeddedBroker

        with (
            tempfile.TemporaryDirectory(prefix="hub-test-") as directory,
            EmbeddedBroker(Path(directory) / "kafka") as own,
        ):
            yield own


@pytest.fixture(scope="session")
def shared_samples() -> Path:
    """Real sample files, read in place and never committed: HUB_SHARED, else `../shared` beside the repository."""
    shared = Path(os.environ.get("HUB_SHARED") or ROOT.parent / "shared")
    samples = shared / "samples"
    if not samples.is_dir():
        pytest.skip(f"SKIPPED LOUDLY: no sample files at {samples}; set HUB_SHARED to the folder that holds samples/")
    return samples


def _fail_a_skip(report: Any) -> None:
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped, and HUB_TEST_REQUIRE_ALL=1 forbids it: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    report = yield
    _fail_a_skip(report)
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties:
            if name == SHOWN and report.when == "call":
                terminalreporter.write_line(text)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    report = yield
    _fail_a_skip(report)
    return report


class _SharedBroker:
    """The controller's broker under xdist: started in the background, its address left in a file for the workers."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="hub-test-")
        self.address = Path(self._directory.name) / "address"
        self._over = threading.Event()
        # The broker is tied to the life of the thread that starts it, so the thread stays.
        self._thread = threading.Thread(target=self._hold, name="shared-broker")
        self._thread.start()

    def _hold(self) -> None:
        from hub.bus.embedded import EmbeddedBroker

        try:
            with EmbeddedBroker(Path(self._directory.name) / "kafka") as own:
                self._tell(own.bootstrap)
                self._over.wait()
        except Exception as why:  # the workers raise it
            self._tell(f"!{type(why).__name__}: {why}")

    def _tell(self, text: str) -> None:
        part = self.address.with_suffix(".part")
        part.write_text(text)
        part.replace(self.address)

    def stop(self) -> None:
        self._over.set()
        self._thread.join()
        self._directory.cleanup()


def _wait_for_address(address: Path) -> str:
    waiting = threading.Event()
    for _ in range(3_000):  # longer than a broker may take to start
        if address.exists():
            break
        waiting.wait(0.1)
    text = address.read_text()
    if text.startswith("!"):
        pytest.fail(f"the shared broker did not start: {text[1:]}")
    return text


class _XdistBroker:
    """Registered only in an xdist controller: hands the workers the address of one broker."""

    def __init__(self) -> None:
        self._broker: _SharedBroker | None = None

    def pytest_configure_node(self, node: Any) -> None:
        if self._broker is None:
            self._broker = _SharedBroker()
        node.workerinput["hub_broker"] = str(self._broker.address)

    def pytest_unconfigure(self) -> None:
        if self._broker is not None:
            self._broker.stop()


def pytest_itemcollected(item: pytest.Item) -> None:
    long = item.get_closest_marker("live") or item.get_closest_marker("slow")
    if long and item.get_closest_marker("timeout") is None:
        item.add_marker(pytest.mark.timeout(LONG_S))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # a run without workers keeps the order of the folders
        items[:] = in_order(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return TwoEnds(config, log) if config.option.dist == "loadfile" else None


def pytest_configure(config: pytest.Config) -> None:
    controller = config.pluginmanager.hasplugin("xdist") and not hasattr(config, "workerinput")
    wants_live = "not live" not in (config.option.markexpr or "") and not os.environ.get("HUB_TEST_BOOTSTRAP")
    if controller and getattr(config.option, "numprocesses", None) and wants_live:
        config.pluginmanager.register(_XdistBroker(), "hub-shared-broker")
