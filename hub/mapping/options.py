"""What the options of a program that reads no list may name, and what each may be: a mistyped one would be left out in silence.

    class Shelters(KnownOptions):
        known = {"timezone": zone, "most_absent": share}

Those of lists: hub.mapping.lists_options.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from hub.mapping.places import state_code
from hub.suggest import did_you_mean

__all__ = ["Check", "KnownOptions", "county", "flag", "listed", "one_of", "share", "state", "zone"]

Check = Callable[[Any], str]
"""What is wrong with the value of an option; empty where nothing is."""


class KnownOptions:
    """A program that knows its options (hub.mapping.program.Optioned)."""

    known: ClassVar[Mapping[str, Check]] = {}

    def wrong_options(self, options: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        """The way to each option that is none, or is not what it may be, and why."""
        for name, value in options.items():
            check = self.known.get(str(name))
            if check is None:
                there = sorted(self.known)
                yield (
                    (str(name),),
                    f"{name} is no option; {did_you_mean(str(name), there) or 'there are ' + ', '.join(there)}",
                )
            elif why := check(value):
                yield (str(name),), why


def zone(value: Any) -> str:
    """An IANA name."""
    try:
        ZoneInfo(str(value))
    except (ValueError, OSError):  # also of what has no file: ZoneInfoNotFoundError is a KeyError
        return f"is {value}: a time zone by its IANA name, such as America/Chicago"
    except KeyError:
        return f"there is no time zone {value}; an IANA name is meant, such as America/Chicago"
    return ""


def county(value: Any) -> str:
    """A FIPS code of a county."""
    return "" if re.fullmatch(r"\d{5}", str(value)) else f"is {value}: five digits in quotes, the FIPS code of a county"


def state(value: Any) -> str:
    """A state, by its postal abbreviation or name."""
    return "" if state_code(str(value)) else f"is {value}: no state of that name; two letters are meant, such as TN"


def share(value: Any) -> str:
    """A number from 0 to 1."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    return "" if fits else f"is {value}: a share from 0 to 1"


def flag(value: Any) -> str:
    """Yes or no."""
    return "" if isinstance(value, bool) else f"is {value}: true or false"


def one_of(*words: str) -> Check:
    """One of these words."""
    return lambda value: "" if value in words else f"is {value}: it is one of {', '.join(words)}"


def listed(*words: str) -> Check:
    """A list of these words; without any, of whatever text."""

    def check(value: Any) -> str:
        if not isinstance(value, Sequence) or isinstance(value, str):
            return f"is {value}: a list, such as [{', '.join(words) or 'A-1, B-2'}]"
        if any(not isinstance(each, str | int) or isinstance(each, bool) for each in value):
            return "names things, each a word or number"
        if unknown := [each for each in value if words and each not in words]:
            return f"{', '.join(map(str, unknown))} cannot be named; there is {', '.join(words)}"
        return ""

    return check
