"""Deterministic ids: keyed hashes, so that a repeat keeps its id and nobody without the key can guess one.

Domain code is handed an `Ids`; it never reads a key itself. All tokens are 26 characters of lower-case base32 (130 bits
of HMAC-SHA-256): opaque, safe in topic keys, headers, metrics and logs.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from struct import Struct

__all__ = ["Ids", "content_hash"]

# 26 base32 characters = 130 bits (no collision to be expected below 2^60 facts): two words of 64 bits and two bits of a byte
_WORDS = Struct(">QQB").unpack_from
_BLOCK = 64  # bytes that SHA-256 takes at a time
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"  # base32 of RFC 4648, lower case
# Ten bits at a time, by table: faster than base64.b32encode, and labs make four tokens a message. (Fifteen at a time are slower
# again: such a table does not stay in the processor's cache.)
_PAIRS = tuple(high + low for high in _ALPHABET for low in _ALPHABET)


def content_hash(*parts: str) -> str:
    """Hash of a source record's content (32 hex characters). Hand in no transport fields: a re-send must hash alike."""
    return sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def _with_lengths(parts: tuple[str, ...]) -> bytes:
    """Each part behind its length in bytes of UTF-8."""
    return b"".join([b"%d:%b" % (len(encoded := part.encode()), encoded) for part in parts])


def _base32(digest: bytes) -> str:
    """Its first 130 bits as 26 characters. (Of two words, since every step on a number of 130 bits makes another such number.)"""
    p = _PAIRS
    a, b, c = _WORDS(digest)
    return (
        f"{p[a >> 54]}{p[a >> 44 & 1023]}{p[a >> 34 & 1023]}{p[a >> 24 & 1023]}{p[a >> 14 & 1023]}{p[a >> 4 & 1023]}"
        f"{p[(a & 15) << 6 | b >> 58]}{p[b >> 48 & 1023]}{p[b >> 38 & 1023]}{p[b >> 28 & 1023]}{p[b >> 18 & 1023]}"
        f"{p[b >> 8 & 1023]}{p[(b & 255) << 2 | c >> 6]}"
    )


class Ids:
    """Makes every deterministic id of one installation from its secret (bytes, 32 or more).

    The secret is never rotated in place: a new one is a rebuild of everything.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("the id secret must have at least 32 bytes")
        # HMAC of RFC 2104 on the two states of hashlib itself: objects of the module hmac take four times as long.
        key = (sha256(secret).digest() if len(secret) > _BLOCK else secret).ljust(_BLOCK, b"\0")
        self._inner, self._outer = sha256(bytes(b ^ 0x36 for b in key)), sha256(bytes(b ^ 0x5C for b in key))

    def token(self, *parts: str) -> str:
        """One opaque token for these parts, in this order; each goes in with its length, so ("a", "bc") and ("ab", "c") differ."""
        told = "".join([f"{len(part)}:{part}" for part in parts])
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(told.encode() if told.isascii() else _with_lengths(parts))
        outer.update(inner.digest())
        return _base32(outer.digest())

    def under(self, *parts: str) -> Callable[..., str]:
        """`token(*parts, *more)` as a function of `more`: where the first parts recur, they are hashed once."""
        begun, outer_state = self._inner.copy(), self._outer
        begun.update(_with_lengths(parts))

        def token(*more: str) -> str:
            told = "".join([f"{len(part)}:{part}" for part in more])
            inner, outer = begun.copy(), outer_state.copy()
            inner.update(told.encode() if told.isascii() else _with_lengths(more))
            outer.update(inner.digest())
            return _base32(outer.digest())

        return token

    def source_person(self, source: str, authority: str, local_id: str) -> str:
        """The person as one source knows them: HMAC(source, authority of the id, local id)."""
        return self.token("source-person", source, authority, local_id.strip())

    def fact_key(self, source: str, kind: str, *native_key: str) -> str:
        """The fact as one source knows it: HMAC(source, kind, native key parts)."""
        return self.token("fact", source, kind, *native_key)

    def event_id(self, fact_key: str, content: str, mapping_version: int) -> str:
        """This version of a fact; the same content mapped alike gives the same id."""
        return self.token("event", fact_key, content, str(mapping_version))

    def site(self, source: str, site_id: str) -> str:
        """A site (project, facility)."""
        return self.token("site", source, site_id)

    def need(self, rule: str, condition: str, support: str, source_person: str, anchor: str) -> str:
        """A need: HMAC(rule, condition, support, its anchor: a fact as one source person has it).

        Never of a person_key, so that a merge keeps it. The source person is in it because a source may tell one fact
        of two people (a result corrected on to another patient).
        """
        return self.token("need", rule, condition, support, source_person, anchor)

    def match_key(self, *parts: str) -> str:
        """Equality key of normalised identifiers, for the linkage zone only."""
        return self.token("match", *parts)
