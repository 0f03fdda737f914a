from __future__ import annotations

import http.client
import json
import socket
from contextlib import closing
from typing import Any

import pytest
import structlog

from hub.errors import ConfigError
from hub.ops.health import Flag, Heartbeat, OpsServer


def get(port: int, path: str) -> tuple[int, Any]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    return answer.status, json.loads(body) if answer.getheader("Content-Type") == "application/json" else body


def test_readyz_is_503_until_every_check_passes_and_names_each() -> None:
    outbox = Flag("draining")
    with OpsServer(0, {"outbox": outbox, "broker": lambda: None}) as ops:
        assert get(ops.port, "/readyz") == (503, {"ready": False, "checks": {"outbox": "draining", "broker": "ok"}})
        outbox.set()
        assert get(ops.port, "/readyz")[0] == 200
        outbox.clear("broker away")
        assert get(ops.port, "/readyz")[1]["checks"]["outbox"] == "broker away"


def test_a_check_that_raises_fails_without_its_text() -> None:
    def broken() -> str | None:
        raise ValueError("Zolaris")

    with OpsServer(0, {"x": broken}) as ops:
        assert get(ops.port, "/readyz") == (503, {"ready": False, "checks": {"x": "failed: ValueError"}})


def test_livez_does_not_ask_the_peers_only_its_own_progress() -> None:
    now = [0.0]
    beat = Heartbeat(10, lambda: now[0])
    with OpsServer(0, {"broker": lambda: "away"}, live={"progress": beat}) as ops:
        assert get(ops.port, "/livez")[0] == 200
        now[0] = 30
        assert get(ops.port, "/livez") == (503, {"live": False, "checks": {"progress": "no progress for 30 s"}})
        beat.beat()
        assert get(ops.port, "/livez")[0] == 200


def test_metrics_and_version_are_served_and_anything_else_is_404() -> None:
    with OpsServer(0, role="identify") as ops:
        status, body = get(ops.port, "/metrics")
        assert status == 200
        assert b"hub_link_decisions_total" in body
        assert get(ops.port, "/version")[1]["role"] == "identify"
        assert get(ops.port, "/etc/passwd")[0] == 404


def test_a_taken_port_is_a_configuration_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match="cannot serve"):
        OpsServer(taken.getsockname()[1]).start()


def test_one_silent_caller_does_not_keep_the_next_one_waiting() -> None:
    with OpsServer(0) as ops, socket.create_connection(("127.0.0.1", ops.port)):
        assert get(ops.port, "/livez")[0] == 200


def test_a_note_stands_beside_the_checks_and_fails_nothing_and_a_role_has_pages_of_its_own() -> None:
    notes: dict[str, str] = {}
    with OpsServer(0, {"broker": lambda: None}, notes=lambda: notes, pages={"/connectors": lambda: [1]}) as ops:
        assert get(ops.port, "/readyz") == (200, {"ready": True, "checks": {"broker": "ok"}})
        notes["pantry"] = "connector.yaml:2: titel: Extra"
        assert get(ops.port, "/readyz")[1]["notes"] == notes
        assert get(ops.port, "/connectors") == (200, [1])
        ops.drop_ready("broker")
        assert get(ops.port, "/readyz")[1]["checks"] == {}


def test_a_page_that_breaks_is_answered_500_and_told_of_and_the_others_stand() -> None:
    def breaks() -> object:
        raise ZeroDivisionError("Zolaris")

    with structlog.testing.capture_logs() as told, OpsServer(0, pages={"/connectors": breaks}) as ops:
        assert get(ops.port, "/connectors") == (500, {"error": "internal-error"})
        assert get(ops.port, "/livez")[0] == 200
    assert [line["event"] for line in told] == ["a page could not be made"]
