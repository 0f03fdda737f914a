"""What somebody who mistyped a name probably meant: one rule for verbs, connectors and topics."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["did_you_mean"]

_SHOWN = 3


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean X or Y?`, or nothing where no known name comes near `word`."""
    names = list(known)
    folded = {name.casefold(): name for name in names}
    near = [folded[each] for each in get_close_matches(word.casefold(), folded, n=_SHOWN, cutoff=0.6)]
    near = near or [name for name in names if word and word.casefold() in name.casefold()][:_SHOWN]
    return f"did you mean {' or '.join(near)}?" if near else ""
