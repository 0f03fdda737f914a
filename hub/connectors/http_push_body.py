"""The body of a pushed request: its media type, its bytes as they came, and unpacked."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping
from types import MappingProxyType

from starlette.requests import ClientDisconnect, Request

from hub.connectors.front import Refused

__all__ = ["MEDIA_TYPES", "is_gzip", "media_type_of", "raw_body", "unpacked"]

MEDIA_TYPES: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "csv": ("text/csv", "text/tab-separated-values", "text/plain"),
    "json": ("application/json", "application/x-ndjson", "application/ndjson", "application/jsonl"),
    "hl7v2": ("application/hl7-v2", "x-application/hl7-v2+er7", "application/hl7-v2+er7", "text/plain"),
    "fhir": ("application/fhir+json", "application/json", "application/fhir+ndjson", "application/x-ndjson", "application/ndjson"),
})  # fmt: skip
"""Format of a connector → what its senders may call it."""

_MEMBERS = 16  # of one gzip body: each costs a copy of the rest


def media_type_of(request: Request, taken: Collection[str]) -> str:
    """The media type without its parameters; Refused (415) when it is none of `taken`."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in taken:
        said = ", ".join(taken)
        raise Refused(415, "media-type-not-taken", headers={"Accept-Post": said}, detail=f"taken are {said}")
    return media_type


def is_gzip(request: Request, *, allowed: bool) -> bool:
    """Whether the body must be unpacked; Refused (415) for any other coding, and where gzip is not `allowed`."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    gzip = encoding in ("gzip", "x-gzip")
    if encoding not in ("identity", "") and not (gzip and allowed):
        taken = "gzip, identity" if allowed else "identity"
        raise Refused(
            415, "content-encoding-not-taken", headers={"Accept-Encoding": taken}, detail=f"taken are {taken}"
        )
    return gzip


async def raw_body(request: Request) -> bytes:
    """The bytes as they came, within the limits of the mount; Refused (400) when there are none, or the sender went away."""
    pieces: list[bytes] = []
    try:
        async for piece in request.stream():
            pieces.append(piece)
    except ClientDisconnect:
        raise Refused(400, "body-incomplete") from None
    raw = b"".join(pieces)
    if not raw:
        raise Refused(400, "body-empty")
    return raw


def unpacked(raw: bytes, limit: int) -> bytes:
    """What a gzip body holds: Refused with 413 over `limit` bytes, with 400 when it is broken or cut off."""
    found = bytearray()
    for _ in range(_MEMBERS):
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            found += member.decompress(raw, limit + 1 - len(found))
        except zlib.error:
            raise Refused(400, "gzip-broken") from None
        if len(found) > limit:
            raise Refused(413, "body-too-large-unpacked")
        if not member.eof:
            raise Refused(400, "gzip-broken")
        raw = member.unused_data
        if not raw:
            return bytes(found)
    raise Refused(400, "gzip-broken")
