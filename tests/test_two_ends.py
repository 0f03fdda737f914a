"""Who of `pytest -n N --dist loadfile` gets which file, and in which order files stand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from xdist.workermanage import WorkerController

from tests.two_ends import TwoEnds, in_order


class Quiet:
    """A log of xdist's: logs of other names grow on it."""

    def __getattr__(self, _: str) -> Quiet:
        return self

    def __call__(self, *_: object) -> None:
        pass


class Node:
    """A worker as the scheduler sees it."""

    shutting_down = False

    def __init__(self, tests: list[str]) -> None:
        self.gateway = SimpleNamespace(id="made up")
        self.tests, self.given = tests, list[str]()

    def send_runtest_some(self, numbers: list[int]) -> None:
        self.given += [self.tests[number] for number in numbers]

    def shutdown(self) -> None:
        self.shutting_down = True


def scheduler(files: dict[str, int], workers: int) -> tuple[TwoEnds, list[Node]]:
    """Scheduled for these files (how many tests each has)."""
    tests = [f"{name}::test_{number}" for name, count in files.items() for number in range(count)]
    option = SimpleNamespace(loadscopereorder=True, debug=False)
    config = SimpleNamespace(option=option, getvalue=lambda name: [f"{workers}*popen"] if name == "tx" else None)
    made = TwoEnds(cast(Any, config), cast(Any, Quiet()))
    nodes = [Node(tests) for _ in range(workers)]
    for node in nodes:
        made.add_node(cast(WorkerController, node))
        made.add_node_collection(cast(WorkerController, node), tests)
    made.schedule()
    return made, nodes


def files(node: Node) -> list[str]:
    return list(dict.fromkeys(test.partition("::")[0] for test in node.given))


def finish(made: TwoEnds, nodes: list[Node]) -> None:
    """Each worker by turns runs one test, until nobody has any."""
    done = {id(node): 0 for node in nodes}
    while any(done[id(node)] < len(node.given) for node in nodes):
        for node in nodes:
            if done[id(node)] < len(node.given):
                number = node.tests.index(node.given[done[id(node)]])
                done[id(node)] += 1
                made.mark_test_complete(cast(WorkerController, node), number)


def test_the_first_worker_works_from_the_front_and_the_others_from_the_back() -> None:
    made, (first, second, third) = scheduler(dict.fromkeys("abcdefghi", 3), 3)
    assert (files(first)[0], files(second)[0], files(third)[0]) == ("a", "i", "h")
    finish(made, [first, second, third])
    assert files(first) == sorted(files(first))
    assert files(second) == sorted(files(second), reverse=True)
    assert sorted([*files(first), *files(second), *files(third)]) == list("abcdefghi")


def test_a_file_is_one_workers_and_who_is_through_helps_the_other() -> None:
    made, (first, second) = scheduler({"long": 40, "a": 1, "b": 1, "c": 1, "d": 1}, 2)
    finish(made, [first, second])
    assert files(first) == ["long"]
    assert files(second) == ["d", "c", "b", "a"]
    assert sorted([*first.given, *second.given]) == sorted(first.tests)


def test_one_worker_takes_all_in_order() -> None:
    made, (only,) = scheduler({"a": 3, "b": 30, "c": 3}, 1)
    finish(made, [only])
    assert files(only) == ["a", "b", "c"]


def item(name: str, *marks: str) -> pytest.Item:
    found = SimpleNamespace(
        nodeid=f"tests/{name}::test", get_closest_marker=lambda mark: mark if mark in marks else None
    )
    return cast(pytest.Item, found)


def test_what_waits_stands_in_front_by_folders_and_what_computes_long_stands_last() -> None:
    one = [item("a/few.py"), item("b/live.py", "live"), item("c/other.py", "live"), item("c/long.py", "live", "slow")]
    two = [
        item("a/many.py"),
        item("d/slow.py", "slow"),
        item("a/many.py"),
        item("c/mixed.py"),
        item("c/mixed.py", "live"),
    ]
    ordered = [each.nodeid.removeprefix("tests/").partition("::")[0] for each in in_order([*one, *two])]
    front = ["c/long.py", "c/mixed.py", "c/mixed.py", "c/other.py", "b/live.py"]
    assert ordered == [*front, "a/few.py", "a/many.py", "a/many.py", "d/slow.py"]
