"""Agreement files, DIR/agreements/*.yaml: read, and refused with words that say what to write.

One file per connector (`kind: intake`, named after it) and per subscriber (`kind: delivery`). No file, no data: a
missing or broken one is a ConfigError, and so is an intake agreement that is not in force. A delivery agreement that is
not in force is read all the same: what was delivered under it must be taken back.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import yaml

from hub.declared import read_declared
from hub.domain.agreement import DeliveryAgreement, IntakeAgreement
from hub.errors import ConfigError

__all__ = [
    "DRAFT", "EXAMPLES", "NONE_YET", "NotBegun", "delivery_agreements", "example_agreement", "intake_agreement", "kind_of",
]  # fmt: skip

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "deploy" / "agreements" / "examples"
"""One example per shipped connector and one subscriber; `hub up` copies them for the made-up county only."""
NONE_YET = "no data-use agreement"
"""How the complaint begins where there is no file at all, unlike one that is broken or expired."""
DRAFT = "agreement.draft.yaml"
"""In a connector's folder: what nobody signed, for trials only."""


class NotBegun(ConfigError):
    """An agreement that holds from a later day on: nobody is expected to send yet."""


def intake_agreement(directory: Path, connector: str, today: date) -> IntakeAgreement:
    """The agreement under which `connector` may take data in today; ConfigError naming the file to write or mend."""
    path = directory / f"{connector}.yaml"
    if not path.is_file():
        raise ConfigError(
            f"{NONE_YET} for connector {connector}: there is no {path} (`hub connector agree {connector}` writes it)"
        )
    agreement = read_declared(path, IntakeAgreement)
    if agreement.connector != connector:
        raise ConfigError(f"{path}: connector: is {agreement.connector}, but the file is named after {connector}")
    _in_force(path, agreement, today)
    return agreement


def example_agreement(connector: str) -> IntakeAgreement:
    """The shipped example, for offline trials only; ConfigError when there is none."""
    return read_declared(EXAMPLES / f"{connector}.yaml", IntakeAgreement)


def delivery_agreements(directory: Path) -> dict[str, DeliveryAgreement]:
    """Every delivery agreement, in force or not, by subscriber; ConfigError where one is broken or a subscriber has two."""
    found: dict[str, DeliveryAgreement] = {}
    for path in sorted(directory.glob("*.yaml")):
        if kind_of(path) == "intake":
            continue
        agreement = read_declared(path, DeliveryAgreement)
        if agreement.subscriber in found:
            raise ConfigError(f"{path}: subscriber: {agreement.subscriber} has a second agreement")
        found[agreement.subscriber] = agreement
    return found


def kind_of(path: Path) -> Any:
    """`intake` or `delivery` as the file says; None where it cannot be read."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return None  # read_declared says what is wrong with it
    return document.get("kind") if isinstance(document, dict) else None


def _in_force(path: Path, agreement: IntakeAgreement, today: date) -> None:
    if today > agreement.valid_until:
        raise ConfigError(
            f"{path}: the agreement expired on {agreement.valid_until} (today is {today}): once it is renewed, change "
            "valid_until in this file"
        )
    if not agreement.in_force(today):
        raise NotBegun(
            f"{path}: the agreement begins on {agreement.valid_from} (today is {today}): see valid_from in this file"
        )
