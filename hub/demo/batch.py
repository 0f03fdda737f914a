"""The demo's batch answer: the county's files through preview, under the ids and agreements of the demo's own installation."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from hub.preview import Preview, PreviewResult
from hub.privacy.agreements import intake_agreement
from hub.synthetic.county import County
from hub.wiring_bus import denominators, ids_of, isolation_rules
from hub.wiring_reading import catalogue, outcomes

if TYPE_CHECKING:
    from hub.demo.stack import DemoStack

__all__ = ["preview_of"]


def preview_of(county: County, demo: DemoStack) -> PreviewResult:
    """Everything the county delivered, computed in one go as of its last day."""
    settings = demo.settings
    ids = ids_of(settings)
    preview = Preview(ids, isolation_rules(), denominators(settings))
    connectors = catalogue(demo.instance)
    with tempfile.TemporaryDirectory(prefix="hub-demo-") as scratch:
        folder = Path(scratch)
        county.write(folder)
        for name, connector in connectors.items():
            home = folder / name
            if not home.is_dir():
                continue
            agreement = intake_agreement(demo.instance / "agreements", name, date.today())
            for unit in sorted(home.iterdir()):
                preview.take(outcomes(connector, agreement, ids, unit))
    return preview.finish(county.truth.as_of)
