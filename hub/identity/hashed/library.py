"""Calls clkhash and anonlink in their own environment: clkhash wants a version of cryptography that is too old for the hub.

The child process gets one request through a pipe and ends. What it says on stderr is not passed on: it might hold a value.
"""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.errors import ConfigError

__all__ = ["PYTHON", "alike_pairs", "filters_of", "installed"]

_ROOT = Path(__file__).resolve().parents[3]
PYTHON = _ROOT / ".venv-hashed" / "bin" / "python"
_CHILD = Path(__file__).with_name("child.py")


def installed() -> bool:
    """Whether `make setup-hashed` has run."""
    return PYTHON.exists()


def filters_of(
    columns: Sequence[tuple[Mapping[str, Any], Sequence[Sequence[str]]]], secret: bytes
) -> list[list[bytes]]:
    """For each linkage schema of clkhash the filters of the rows that go with it."""
    asked = [{"schema": schema, "rows": rows} for schema, rows in columns]
    told = _asked({"do": "hash", "secret": _text(secret), "asked": asked})
    return [[b64decode(each) for each in filters] for filters in told["filters"]]


def alike_pairs(
    left: Sequence[bytes], right: Sequence[bytes], *, dice: float, most: int
) -> list[tuple[int, int, float]]:
    """Places in `left` and `right` whose filters have this Dice coefficient or more; of each record the `most` best."""
    sides = {"left": [_text(each) for each in left], "right": [_text(each) for each in right]}
    return [
        (one, other, much) for one, other, much in _asked({"do": "alike", **sides, "dice": dice, "most": most})["pairs"]
    ]


def _asked(request: Mapping[str, Any]) -> dict[str, Any]:
    if not installed():
        raise ConfigError("the hashed lane needs clkhash and anonlink: make setup-hashed")
    ran = subprocess.run(
        [str(PYTHON), "-I", str(_CHILD)], input=json.dumps(request).encode(), capture_output=True, check=False
    )
    if ran.returncode:
        raise ConfigError(
            "clkhash and anonlink did not answer: is .venv-hashed whole? Remove it and run make setup-hashed"
        )
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()
