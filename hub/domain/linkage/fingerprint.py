"""What the scores of pairs depend on beside what was told of them: the model, and the code that weighs by it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from hub.domain.linkage.model import LinkModel

__all__ = ["RULES", "fingerprint"]

RULES = 7
"""The rules of this package: to be raised with any change under hub/domain/linkage, or of its tables, by which some pair may get
another score, grade or veto, or some record other blocks or values. Nothing checks it: whoever changes a rule raises it in the same
commit. Otherwise links made by the rules of before stand beside new ones until the model changes."""


def fingerprint(model: LinkModel) -> str:
    """16 hexadecimal digits: others where `RULES`, a weight, a list of common names or a threshold is another. What the model says
    of itself for people to read (`version`, `source`) does not count."""
    told = {name: value for name, value in asdict(model).items() if name not in ("version", "source")}
    clear = json.dumps([RULES, told], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(clear.encode()).hexdigest()[:16]
