"""The measurement of what an honest sender feels of its neighbours: that it measures and tells, not how fast this machine is."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.bench.neighbours import HOSTILE, Felt, Neighbours, door, measure
from hub.bench.neighbours_clients import KINDS
from hub.bench.neighbours_sink import sink
from hub.commands.bench_neighbours import _KINDS, neighbours
from hub.formats.mllp import frame


def felt(p99: float, refused: int = 0) -> Felt:
    return Felt(100, 1.0, p99, refused)


def test_percentiles_are_of_every_answer() -> None:
    assert Felt.of([n / 1000 for n in range(1, 101)], 2) == Felt(100, 50.5, 99.99, 2)


@pytest.mark.parametrize(("beside", "refused", "reached"), [(19.0, 0, True), (20.0, 0, False), (15.0, 1, False)])
def test_the_target_is_under_twice_with_every_message_accepted(beside: float, refused: int, reached: bool) -> None:
    found = Neighbours(felt(10.0), felt(beside, refused), beside / 10.0, {}, {})
    assert found.reached is reached
    assert found.as_json()["reached"] is reached


def test_every_kind_of_neighbour_can_be_chosen() -> None:
    assert set(_KINDS) == set(KINDS) == set(HOSTILE)
    assert CliRunner().invoke(neighbours, ["--kind", "polite"]).exit_code == 2


def test_a_sink_answers_frames_and_hangs_up_on_junk() -> None:
    with sink() as port:
        with socket.create_connection(("127.0.0.1", port)) as valid:
            valid.sendall(frame(b"MSH|"))
            assert valid.recv(3) == frame(b"")
        with socket.create_connection(("127.0.0.1", port)) as junk:
            junk.sendall(b"junk")
            assert hung_up(junk)


def hung_up(connection: socket.socket) -> bool:
    try:
        return connection.recv(3) == b""
    except ConnectionResetError:
        return True


@pytest.mark.live
def test_a_short_measurement_at_a_live_door_tells_what_both_did(tmp_path: Path) -> None:
    with door(tmp_path / "instance") as (port, _):
        found = measure(port, clients={"greedy": 1, "garbage": 1}, rounds=1, seconds=2.0)
    assert found.alone.messages >= 2
    assert found.beside.messages >= 2
    assert found.alone.refused == found.beside.refused == 0
    assert found.did["greedy"]["answers"] > 0
    assert found.did["garbage"]["connections"] > 0
