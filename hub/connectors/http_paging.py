"""How the next page of an HTTP source is found, and what "since" means to it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Literal

import httpx
from pydantic import Field

from hub.connectors.away import SourceAway
from hub.connectors.http_client import Body
from hub.declared import Declared

__all__ = ["Paging", "Since", "at", "json_of", "next_link", "with_params"]

_NEXT = re.compile(r'<([^<>]*)>\s*((?:;\s*[\w-]+\s*=\s*(?:"[^"]*"|[^",;\s]+)\s*)*)')
_REL = re.compile(r';\s*rel\s*=\s*"?([^";]+)"?', re.IGNORECASE)


class Paging(Declared):
    """How the next page is found."""

    by: Literal["none", "link-header", "body-link", "fhir", "page-number", "cursor"] = "none"
    at: str = Field(default="next", description="body-link, cursor: path in the JSON body, with dots")
    param: str = Field(default="page", description="page-number, cursor: query parameter")
    first: int = Field(default=1, description="page-number: the first page")
    items: str | None = Field(
        default=None, description="path of the list of records in the body; an empty list is no page"
    )


class Since(Declared):
    """Ask for changes only."""

    param: str = Field(min_length=1, description="query parameter, such as _lastUpdated")
    form: str = Field(default="{}", pattern=r"\{\}", description="how the time is written into it, such as ge{}")
    overlap_s: float = Field(
        default=300.0, ge=0, description="how far to look back: later than a transaction at the source lasts"
    )


def next_link(body: Body, paging: Paging, resolve: Callable[[str, str], str]) -> str | None:
    """URL of the next page, as `resolve` (page, link) lets it through; None at the end. SourceAway `http-unreadable`."""
    if paging.by == "none" or not body.content.strip():
        return None
    if paging.by == "link-header":
        found: Any = _link_header(body.headers.get("link", ""))
    elif paging.by == "fhir":
        links = at(json_of(body), "link")
        nexts = [each.get("url") for each in links or () if isinstance(each, dict) and each.get("relation") == "next"]
        found = nexts[0] if nexts else None
    else:
        found = at(json_of(body), paging.at)
    if found is None or found == "" or found is False:
        return None
    if paging.by == "cursor" and isinstance(found, str | int):
        return with_params(body.url, {paging.param: str(found)})
    if not isinstance(found, str):
        raise SourceAway("http-unreadable")
    return resolve(body.url, found)


def with_params(url: str, params: dict[str, str]) -> str:
    """`url` with these query parameters set, the others kept."""
    return str(httpx.URL(url).copy_merge_params(params)) if params else url


def json_of(body: Body) -> Any:
    """The document of an answer. SourceAway `http-unreadable`."""
    try:
        return json.loads(body.content)
    except (ValueError, RecursionError):
        raise SourceAway("http-unreadable") from None


def at(document: Any, path: str) -> Any:
    """The value at a path with dots, None where there is none."""
    for part in path.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return document


def _link_header(header: str) -> str | None:
    for url, params in _NEXT.findall(header):
        rel = _REL.search(params)
        if rel is not None and "next" in rel.group(1).lower().split():
            return str(url)
    return None
