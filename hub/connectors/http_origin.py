"""Which URLs may stand in connector.yaml, what counts as the same place, and how an answer is looked into."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

__all__ = ["Origin", "at", "origin", "safe_url"]

Origin = tuple[str, str, int]
"""Scheme, host and port."""


def safe_url(url: str) -> str:
    """`url`, if it may stand in connector.yaml; ValueError for one that would send data or secrets in the clear to elsewhere."""
    scheme, host, _ = origin(url)
    if scheme == "http" and host not in ("127.0.0.1", "::1", "localhost"):
        raise ValueError("must be https: plain http is for this machine only")
    return url


def origin(url: str) -> Origin:
    """Scheme, host and port; ValueError unless it is an http(s) URL without credentials."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError("must be an http or https URL without user name")
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def at(document: Any, path: str) -> Any:
    """The value at a path with dots (`@`: the document itself), None where there is none."""
    if path == "@":
        return document
    for part in path.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return document
