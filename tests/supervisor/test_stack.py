"""The supervisor with stand-in processes: restarts, gives up with words, leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from hub.config import Settings, load_settings
from hub.errors import ConfigError, RetryError
from hub.supervisor import ProcessSpec, Stack, read_state, status, stop_instance

SERVES = """
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""
MISCONFIGURED = "import sys; print('no agreement for food: put one into agreements/'); sys.exit(78)"
STARTS_LATE = "import sys; sys.exit(70)"

Programs = dict[str, tuple[str, frozenset[str]]]


def _specs(programs: Programs) -> Callable[[Settings, Sequence[str]], list[ProcessSpec]]:
    def specs(settings: Settings, _: Sequence[str]) -> list[ProcessSpec]:
        return [
            ProcessSpec(name, (sys.executable, "-c", code, str(settings.port(name))), settings.port(name), needs)
            for name, (code, needs) in programs.items()
        ]

    return specs


def _until(true: Callable[[], bool], tries: int = 2_400) -> None:
    pause = threading.Event()
    for _ in range(tries):
        if true():
            return
        pause.wait(0.05)
    pytest.fail("did not happen")


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    """An instance whose broker somebody else runs, so that no test here needs Kafka."""
    (tmp_path / "settings.json").write_text(json.dumps({"bootstrap": "127.0.0.1:9"}))
    return tmp_path


@pytest.fixture
def pids() -> Iterator[list[int]]:
    seen: list[int] = []
    yield seen
    assert [pid for pid in seen if psutil.pid_exists(pid)] == []


def _pid(instance: Path, name: str) -> int:
    pid = read_state(instance).processes[name]["pid"]
    assert isinstance(pid, int)
    return pid


def test_a_killed_process_comes_back_and_the_restart_is_counted(instance: Path, pids: list[int]) -> None:
    with Stack(instance, specs=_specs({"streams": (SERVES, frozenset())})) as stack:
        stack.start(["streams"])
        stack.wait_ready(180)
        pids.append(_pid(instance, "streams"))
        stack.kill("streams")
        _until(lambda: stack.restarts["streams"] == 1)
        stack.wait_ready(180)
        pids.append(_pid(instance, "streams"))
        shown = status(instance)["processes"]["streams"]
        assert (shown["ready"], shown["restarts"]) == (True, 1)
        assert len(set(pids)) == 2
    assert status(instance)["up"] is False


def test_a_misconfigured_process_stops_what_needs_it_and_says_why(instance: Path) -> None:
    programs: Programs = {
        "registry": (MISCONFIGURED, frozenset()),
        "connectors": (SERVES, frozenset({"registry"})),
        "clock": (SERVES, frozenset()),
    }
    with Stack(instance, specs=_specs(programs)) as stack:
        stack.start(list(programs))
        with pytest.raises(ConfigError, match="registry gave up: no agreement for food: put one into agreements/"):
            stack.wait_ready(180)
        _until(lambda: status(instance)["processes"]["clock"]["ready"])
        shown = status(instance)["processes"]
        assert shown["connectors"]["reason"] == "needs registry, which gave up"
        assert shown["connectors"]["pid"] is None
        assert stack.restarts["registry"] == 0
        assert stack.failures() == {"registry": "no agreement for food: put one into agreements/"}


def test_when_everything_gave_up_the_supervision_ends(instance: Path) -> None:
    with Stack(instance, specs=_specs({"registry": (MISCONFIGURED, frozenset())})) as stack:
        stack.start(["registry"])
        _until(lambda: not stack.is_running())
        assert list(stack.failures()) == ["registry"]


def test_a_process_that_never_comes_up_is_tried_again_and_named_when_time_is_out(instance: Path) -> None:
    with Stack(instance, specs=_specs({"identify": (STARTS_LATE, frozenset())})) as stack:
        stack.start(["identify"])
        _until(lambda: stack.restarts["identify"] >= 2)
        with pytest.raises(RetryError, match=r"identify is .*ended with 70"):
            stack.wait_ready(timeout=0)


def test_a_second_stack_on_the_instance_is_told_of_the_first(instance: Path) -> None:
    with Stack(instance, specs=_specs({})) as stack:
        stack.start([])
        second = Stack(instance, specs=_specs({}))
        with pytest.raises(ConfigError, match=f"already up \\(pid {os.getpid()}\\).*hub down"):
            second.start([])


def test_addresses_of_the_run_are_in_everybodys_settings_and_gone_after_it(instance: Path) -> None:
    with Stack(instance, specs=_specs({})) as stack:
        stack.start(["registry"])
        found = load_settings(instance, environment={})
        assert found.registry_url == f"http://127.0.0.1:{found.port('registry-api')}"
        assert found == stack.settings
    assert load_settings(instance, environment={}).registry_url is None


def test_secrets_are_made_once_and_are_nobody_elses(instance: Path) -> None:
    kek = instance / "secrets" / "kek"
    with Stack(instance, specs=_specs({})) as stack:
        stack.start([])
    before = kek.read_bytes()
    with Stack(instance, specs=_specs({})) as stack:
        stack.start([])
    assert (kek.read_bytes(), oct(kek.stat().st_mode)[-3:]) == (before, "600")


SUPERVISOR = f"""
import signal, sys, threading
from pathlib import Path
from hub.supervisor import ProcessSpec, Stack
def specs(settings, roles):
    return [ProcessSpec("streams", (sys.executable, "-c", {SERVES!r}, str(settings.port("streams"))), settings.port("streams"))]
with Stack(Path(sys.argv[1]), specs=specs) as stack:
    stack.start(["streams"])
    stack.wait_ready(180)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests in the background had it ignored
    print("ready", flush=True)
    threading.Event().wait()
"""


@pytest.fixture
def supervisor(instance: Path) -> Iterator[subprocess.Popen[str]]:
    """A supervisor in a process of its own, ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(instance)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_killed_supervisor_takes_its_processes_with_it(instance: Path, supervisor: subprocess.Popen[str]) -> None:
    child = psutil.Process(_pid(instance, "streams"))
    supervisor.kill()
    gone, _ = psutil.wait_procs([child], timeout=60)
    assert gone == [child]
    assert status(instance)["up"] is False
    with Stack(instance, specs=_specs({})) as again:  # and its lock is not in the way
        again.start([])


def test_ctrl_c_leaves_no_process_behind(instance: Path, supervisor: subprocess.Popen[str]) -> None:
    child = psutil.Process(_pid(instance, "streams"))
    supervisor.send_signal(signal.SIGINT)
    supervisor.wait(120)
    assert not child.is_running()


def test_down_stops_a_stack_from_outside(instance: Path, supervisor: subprocess.Popen[str]) -> None:
    child = psutil.Process(_pid(instance, "streams"))
    reaper = threading.Thread(target=supervisor.wait)  # the supervisor is this test's child: somebody must reap it
    reaper.start()
    assert stop_instance(instance) is True
    reaper.join(120)
    psutil.wait_procs([child], timeout=60)
    assert not child.is_running()
    assert stop_instance(instance) is False


@pytest.mark.live
def test_a_killed_broker_comes_back_at_the_same_address(tmp_path: Path) -> None:
    prepared: list[str] = []

    def prepare(settings: Settings) -> None:
        prepared.append(settings.require_bootstrap())

    with Stack(tmp_path, prepare=prepare, specs=_specs({"clock": (SERVES, frozenset())})) as stack:
        stack.start(["clock"])
        stack.wait_ready(180)
        broker = psutil.Process(_pid(tmp_path, "broker"))
        stack.kill("broker")
        broker.wait(60)
        _until(lambda: stack.restarts["broker"] == 1 and status(tmp_path)["processes"]["broker"]["ready"])
        assert status(tmp_path)["bootstrap"] == prepared[0]
        assert prepared == [stack.settings.bootstrap]
        last = psutil.Process(_pid(tmp_path, "broker"))
    assert not last.is_running()
