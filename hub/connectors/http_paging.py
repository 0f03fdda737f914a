"""How the next page of an HTTP source is found, and what "since" means to it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal

import httpx
from pydantic import Field, model_validator

from hub.connectors.away import SourceAway
from hub.connectors.http_client import Body
from hub.connectors.http_origin import at
from hub.declared import Declared

__all__ = ["Paging", "Since", "json_of", "next_link", "numbers", "query", "size_of", "with_params"]

_NEXT = re.compile(r'<([^<>]*)>\s*((?:;\s*[\w-]+\s*=\s*(?:"[^"]*"|[^",;\s]+)\s*)*)')
_REL = re.compile(r';\s*rel\s*=\s*"?([^";]+)"?', re.IGNORECASE)


class Paging(Declared):
    """How the next page is found."""

    by: Literal["none", "link-header", "body-link", "fhir", "page-number", "offset", "cursor"] = "none"
    at: str = Field(default="next", description="body-link, cursor: path in the JSON body, with dots")
    param: str = Field(
        default="page", description="page-number, offset, cursor: query parameter; of offset how many records to skip"
    )
    first: int = Field(default=1, description="page-number: the first page")
    size: int = Field(default=100, ge=1, le=10_000, description="offset: records of a page")
    size_param: str | None = Field(default=None, description="offset: the query parameter that says so")
    items: str | None = Field(
        default=None,
        description="path of the list of records in the body, `@` where the body is that list; an empty list is no page",
    )

    @model_validator(mode="after")
    def _knows_its_records(self) -> Paging:
        if self.by == "offset" and self.items is None:
            raise ValueError("offset needs items: what was read is counted")
        return self


class Since(Declared):
    """Ask for changes only."""

    param: str = Field(min_length=1, description="query parameter, such as _lastUpdated")
    form: str = Field(
        default="{}",
        pattern=r"\{\}",
        description="how the time is written into it, such as ge{}; {skip} and {limit} stand there for those of "
        "paging: {by: offset}, which then has no parameters of its own",
    )
    first: str | None = Field(
        default=None, description="the time of the first round; left out: that asks without the parameter"
    )
    overlap_s: float = Field(
        default=300.0, ge=0, description="how far to look back: later than a transaction at the source lasts"
    )

    def begin(self, since: str) -> str:
        """The time to ask from, of one that was kept."""
        return (datetime.fromisoformat(since) - timedelta(seconds=self.overlap_s)).strftime("%Y-%m-%dT%H:%M:%SZ")


def query(paging: Paging, since: Since | None, begin: str | None, place: int | None = None) -> dict[str, str]:
    """The query parameters of a request: changes from `begin` on (a time as kept), the page at `place` (a number, or an offset)."""
    found: dict[str, str] = {}
    if place is not None:
        found[paging.param] = str(place)
        if paging.by == "offset" and paging.size_param:
            found[paging.size_param] = str(paging.size)
    if since is None:
        return found
    if "{skip}" in since.form:
        found.pop(paging.param, None)
    time = since.first if begin is None else since.begin(begin)
    if time is not None:
        told = since.form.replace("{skip}", str(place or 0)).replace("{limit}", str(paging.size))
        found[since.param] = told.replace("{}", time)
    return found


def size_of(body: Body, paging: Paging) -> int:
    """How many records a page holds; 1 where nothing says what a record is. SourceAway `http-unreadable`."""
    if not body.content.strip():
        return 0
    if paging.items is None:
        return 1
    found = at(json_of(body), paging.items)
    return len(found) if isinstance(found, list | dict) else int(bool(found))


def numbers(paging: Paging) -> bool:
    """Whether pages are asked for by number, which shift while they are read."""
    return paging.by in ("page-number", "offset")


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


def _link_header(header: str) -> str | None:
    for url, params in _NEXT.findall(header):
        rel = _REL.search(params)
        if rel is not None and "next" in rel.group(1).lower().split():
            return str(url)
    return None
