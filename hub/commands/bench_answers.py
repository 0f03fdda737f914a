"""What `hub bench` prints of a figure that has a target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

__all__ = ["tell_answer"]


def tell_answer(answer: Mapping[str, Any]) -> None:
    """One line: whether the target is reached, of what, and at how many people where that is said."""
    verdict = "reached" if answer["reached"] else "NOT reached"
    at = f" at {answer['people']:,}" if "people" in answer else ""
    click.echo(f"{verdict}: {answer['name']}{at}: {answer['found']} (target {answer['target']})")
