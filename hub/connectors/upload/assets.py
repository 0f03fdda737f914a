"""What the page loads: its style and its script, from beside this file and from nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

__all__ = ["ASSETS"]

ASSETS: Mapping[str, tuple[str, bytes]] = {
    name: (media, (files("hub.connectors.upload") / name).read_bytes())
    for name, media in (("page.css", "text/css; charset=utf-8"), ("page.js", "text/javascript; charset=utf-8"))
}
"""Media type and content by name."""
