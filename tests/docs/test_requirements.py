"""Every requirement of health-standards.md §8 that the health side answers (1 to 28 and 38 to 41) is named by a test: by its name
(`test_r18_…`) or its docstring, in a file that cites health-standards; social-standards.md numbers requirements of its own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
ASKED = {*range(1, 29), *range(38, 42)}
IN_NAME = re.compile(r"test((?:_r\d+)+)_")


def _named() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {number: [] for number in ASKED}
    for path in sorted(TESTS.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        of_file = ast.get_docstring(tree) or ""
        for node in tree.body:
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or not node.name.startswith("test_"):
                continue
            said = ast.get_docstring(node) or ""
            if "health-standards" not in of_file + said:
                continue
            name = IN_NAME.match(node.name)
            numbers = [*re.findall(r"\d+", name.group(1) if name else ""), *re.findall(r"\bR(\d+)\b", said)]
            for number in {int(number) for number in numbers} & ASKED:
                found[number].append(f"{path.name}::{node.name}")
    return found


def test_every_requirement_of_the_health_side_is_named_by_a_test() -> None:
    assert [number for number, tests in sorted(_named().items()) if not tests] == []
