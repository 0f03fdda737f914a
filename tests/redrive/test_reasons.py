"""Every reason code in the code is explained."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import hub
from hub.bus.codec import DECODE_REASONS
from hub.formats.errors import REASONS
from hub.redrive.reasons import reasons

_CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
_RAISED = {"ParseError", "NotMapped", "Reject", "hard_stop", "ignored", "rejected", "Problem", "_fault", "BadValue"}
_SAY_WHY = {"_fault", "_consented", "_shape", "fault_of"}
"""Functions that return a code."""
_NAMED = {
    "fault",
    "MAPPING_ERROR",
    "_STOP",
    "ERASED",
    "UNOPENABLE",
    "NO_ORIGINAL",
    "NEEDS_ITS_FILE",
    "_NOTHING",
}
_OTHER = {"999"}


def words(node: ast.AST | None) -> Iterator[str]:
    """Text constants of an expression, less what stands in a test or a look-up."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr) and node.values:  # a code with the field behind it: `missing.{name}`
        yield from (word.removesuffix(".") for word in words(node.values[0]) if word.endswith("."))
    elif isinstance(node, ast.IfExp):
        yield from words(node.body)
        yield from words(node.orelse)
    elif isinstance(node, ast.BoolOp):
        for each in node.values:
            yield from words(each)


def codes(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if any(isinstance(each, ast.Attribute) and each.attr == "issues" for each in ast.walk(node.func)):
                yield from (word.partition(".")[0] for argument in node.args for word in words(argument))
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in _RAISED and node.args:
                yield from words(node.args[0])
            if name in ("_deliver", "_found") and len(node.args) > 1:
                yield from words(node.args[1])
        elif isinstance(node, ast.Assign) and any(getattr(target, "id", "") in _NAMED for target in node.targets):
            yield from words(node.value)
        elif isinstance(node, ast.FunctionDef) and node.name in _SAY_WHY:
            for each in ast.walk(node):
                if isinstance(each, ast.Return):
                    yield from words(each.value)


def used() -> dict[str, set[str]]:
    """Reason code to the files that give it."""
    root = Path(hub.__file__).parent
    found: dict[str, set[str]] = {code: {"hub/formats/errors.py"} for code in REASONS}
    found |= {code: {"hub/bus/codec.py"} for code in DECODE_REASONS}
    found |= {code: {"hub/formats/mllp.py"} for code in ("frame-no-start", "frame-too-large", "frame-abandoned")}
    found["row-too-large"] = {"hub/streams/processor.py"}
    for path in sorted(root.rglob("*.py")):
        for code in codes(ast.parse(path.read_text(encoding="utf-8"))):
            if _CODE.match(code) and code not in _OTHER:
                found.setdefault(code, set()).add(str(path.relative_to(root.parent)))
    return found


def test_every_reason_code_is_explained() -> None:
    missing = {code: sorted(files) for code, files in used().items() if code not in reasons()}
    assert not missing, f"add a row to hub/redrive/reasons.csv for each of {missing}"


def test_each_explanation_says_what_it_means_and_what_to_do() -> None:
    for code, reason in reasons().items():
        assert _CODE.match(code), code
        assert reason.means.endswith("."), code
        assert reason.do.endswith("."), code
