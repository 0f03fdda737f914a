"""Deterministic ids: keyed hashes, so that a repeat keeps its id and nobody without the key can guess one.

Domain code is handed an `Ids`; it never reads a key itself. All tokens are 26 characters of lower-case base32 (130 bits
of HMAC-SHA-256): opaque, safe in topic keys, headers, metrics and logs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256

__all__ = ["Ids", "content_hash", "with_lengths"]

_BLOCK = 64  # bytes that SHA-256 takes at a time
_CHARACTERS = 26  # of base32: 130 bits, so that no collision is to be expected below 2^60 facts
_HASHED = 20  # bytes that are spread, of which the first 26 characters are kept
_SPREAD = 32  # bytes they are spread over: five bits in each
_ROOM = bytes(_SPREAD - _HASHED)
_LANES = 64  # digests that are spread together: 2 kB
_ALPHABET = b"abcdefghijklmnopqrstuvwxyz234567"  # base32 of RFC 4648, lower case
_LETTERS = _ALPHABET * 8  # by byte; none is over 31


def _halving(width: int) -> tuple[int, int]:
    """For numbers of 2 * `width` bits, each at the low end of a lane (of 256 bits in all): a mask of their upper halves, and what
    these are multiplied by and added, so that each half stands at the low end of half a lane."""
    lane = _SPREAD * width // 20 * 2  # 160 bits in 256, …, 10 in 16
    upper = sum(((1 << width) - 1) << (at + width) for at in range(0, _SPREAD * 8, lane))
    return upper, (1 << (lane // 2 - width)) - 1


(_80, _BY_80), (_40, _BY_40), (_20, _BY_20), (_10, _BY_10), (_5, _BY_5) = map(_halving, (80, 40, 20, 10, 5))


def content_hash(*parts: str) -> str:
    """Hash of a source record's content (32 hex characters). Hand in no transport fields: a re-send must hash alike."""
    return sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def with_lengths(*parts: str) -> str:
    """Parts of a token as they are hashed: each behind its length in bytes of UTF-8."""
    return "".join([f"{len(part.encode())}:{part}" for part in parts])


def _with_lengths(parts: tuple[str, ...]) -> bytes:
    """Each part behind its length in bytes of UTF-8."""
    return b"".join([b"%d:%b" % (len(encoded := part.encode()), encoded) for part in parts])


def _base32(digest: bytes) -> str:
    """Its first 130 bits as 26 characters: the number is halved five times, until each five bits have a byte of their own. (A
    quarter of the time of base64.b32encode; a table of pairs takes longer too, as it does not stay in the processor's cache.)"""
    n = int.from_bytes(digest[:_HASHED], "big")
    n += (n & _80) * _BY_80
    n += (n & _40) * _BY_40
    n += (n & _20) * _BY_20
    n += (n & _10) * _BY_10
    n += (n & _5) * _BY_5
    return n.to_bytes(_SPREAD, "big").translate(_LETTERS)[:_CHARACTERS].decode()


@lru_cache(maxsize=_LANES)
def _of_lanes(number: int) -> tuple[int, ...]:
    """The masks of `_base32` for so many digests side by side."""
    return tuple(sum(mask << (_SPREAD * 8 * lane) for lane in range(number)) for mask in (_80, _40, _20, _10, _5))


def _base32_of_each(digests: Sequence[bytes]) -> Iterator[str]:
    """`_base32` of many: side by side in one number, they are spread in a quarter of the time."""
    for begin in range(0, len(digests), _LANES):
        some = digests[begin : begin + _LANES]
        by_80, by_40, by_20, by_10, by_5 = _of_lanes(len(some))
        n = int.from_bytes(_ROOM + _ROOM.join([digest[:_HASHED] for digest in some]), "big")
        n += (n & by_80) * _BY_80
        n += (n & by_40) * _BY_40
        n += (n & by_20) * _BY_20
        n += (n & by_10) * _BY_10
        n += (n & by_5) * _BY_5
        text = n.to_bytes(_SPREAD * len(some), "big").translate(_LETTERS).decode()
        for at in range(0, len(text), _SPREAD):
            yield text[at : at + _CHARACTERS]


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
        begun = self._inner.copy()
        begun.update(_with_lengths(parts))
        new_inner, new_outer = begun.copy, self._outer.copy

        def token(*more: str) -> str:
            told = ""
            for part in more:
                told += f"{len(part)}:{part}"  # few and short: a list to join takes longer
            inner, outer = new_inner(), new_outer()
            inner.update(told.encode() if told.isascii() else _with_lengths(more))
            outer.update(inner.digest())
            return _base32(outer.digest())

        return token

    def each_under(self, *parts: str) -> Callable[[Sequence[str]], list[str]]:
        """`under(*parts)` of many: each text is what `with_lengths` makes of the further parts of one."""
        begun = self._inner.copy()
        begun.update(_with_lengths(parts))
        new_inner, new_outer = begun.copy, self._outer.copy

        def tokens(told: Sequence[str]) -> list[str]:
            digests = []
            for each in told:
                inner, outer = new_inner(), new_outer()
                inner.update(each.encode())
                outer.update(inner.digest())
                digests.append(outer.digest())
            return list(_base32_of_each(digests))

        return tokens

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
