"""What counts of source persons, as it is kept: sealed under each one's own data key, bound to its place, padded. Filters of who is
known in the clear are not kept: they are made anew from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from hub.domain.events import Sealed
from hub.domain.linkage.comparable import Comparable
from hub.errors import Reject
from hub.privacy.vault import Vault

__all__ = ["open_comparables", "seal_comparables"]

_PLACE = ("identity", "comparable")
_PAD = 64  # lengths tell names apart: as person blocks are padded (hub.privacy.vault)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Comparable).decode


def seal_comparables(vault: Vault, comparables: Mapping[str, Comparable]) -> dict[str, bytes]:
    """By source person. Their keys are made where there are none, all in one durable transaction."""
    if not comparables:
        return {}
    vault.ensure_keys(comparables)
    sealed: dict[str, bytes] = {}
    for token, one in comparables.items():
        clear = _encode(replace(one, encoded=()) if one.encoded else one)
        clear += b" " * (-len(clear) % _PAD)  # JSON may end in blanks
        sealed[token] = vault.seal(clear, token, *_PLACE, token).ciphertext
    return sealed


def open_comparables(vault: Vault, sealed: Mapping[str, bytes]) -> dict[str, Comparable]:
    """By source person; their keys are read at once. Who was erased is left out, also when there is a new key for them since, which
    does not open what was sealed under the old one."""
    if not sealed:
        return {}
    vault.load_keys(sealed)
    found: dict[str, Comparable] = {}
    for token, each in sealed.items():
        try:
            clear = vault.open(Sealed(key_id=token, ciphertext=each), *_PLACE, token)
        except Reject:
            continue
        found[token] = _decode(clear)
    return found
