"""Every requirement on identity (equity-identity.md, 16 to 27) is named by a test: by its name (`test_r18_…`) or its
docstring, in a file that cites equity-identity; other references number requirements of their own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
ASKED = {*range(16, 28)}
IN_NAME = re.compile(r"test((?:_r\d+)+)_")
IN_WORDS = re.compile(r"\b[Rr]equirements? (\d+(?:(?:, | and )\d+)*)")


def _named() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {number: [] for number in ASKED}
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if "equity-identity" not in text:
            continue
        tree = ast.parse(text)
        of_file = ast.get_docstring(tree) or ""
        for node in tree.body:
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or not node.name.startswith("test_"):
                continue
            said = ast.get_docstring(node) or ""
            if "equity-identity" not in of_file + said:
                continue
            name = IN_NAME.match(node.name)
            told = " ".join([name.group(1) if name else "", *IN_WORDS.findall(said)])
            numbers = [*re.findall(r"\d+", told), *re.findall(r"\bR(\d+)\b", said)]
            for number in {int(number) for number in numbers} & ASKED:
                found[number].append(f"{path.name}::{node.name}")
    return found


def test_every_requirement_on_identity_is_named_by_a_test() -> None:
    assert [number for number, tests in sorted(_named().items()) if not tests] == []
