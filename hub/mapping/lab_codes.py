"""Coded values of laboratory events: what may stand in the clear of what a sender wrote (health-standards.md §8 R39).

A code field may hold anything, a name too. So `code` and `original` are filled only with what a table of the hub or the check digit
of its code system vouches for, `display` is the hub's own name of the code, and everything else stays in the encrypted original.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from hub.domain.code_names import name_of_code
from hub.domain.events import Coded
from hub.domain.lab_meaning import Code, is_damaged
from hub.domain.lab_tables import observations, word_meanings
from hub.mapping.codes import code_of, system_of

__all__ = ["coded_answer", "coded_test"]

_MEMORABLE = 200  # characters: what a hostile sender writes is not kept in memory


def coded_test(codings: Sequence[Code], loinc: str | None) -> Coded:
    """What was tested: of the codings as sent the one that the hub understood (`loinc`), else the first that may be shown; of a
    code that is right but for its check digit only `original` is told. `mapped` is the class of the test (`diagnostic`, …)."""
    known = observations().get(loinc) if loinc else None
    return _told(codings, "", loinc or "", known.cls if known is not None else None, is_damaged)


def coded_answer(codings: Sequence[Code], meaning: str, text: str = "") -> Coded:
    """What was answered, coded or in words: one that the table of results has is an `original`. `mapped` is what it means."""
    return _told(codings, text, "", meaning, _is_result_word)


_Vouch = Callable[[str], bool]


def _told(codings: Sequence[Code], text: str, wanted: str, mapped: str | None, vouch: _Vouch) -> Coded:
    told = tuple(codings)
    short = sum(len(part) for coding in told for part in coding) + len(text) <= _MEMORABLE
    return (_coded_before if short else _coded)(told, text, wanted, mapped, vouch)


def _coded(codings: tuple[Code, ...], text: str, wanted: str, mapped: str | None, vouch: _Vouch) -> Coded:
    shown = [(code, coding.system) for coding in codings if (code := _shown(coding.code)) is not None]
    if shown:
        code, system = next((pair for pair in shown if pair[0] == wanted), shown[0])
        return Coded(code=code, system=system_of(system), display=name_of_code(code), original=code, mapped=mapped)
    known = next((name for coding in codings if (name := system_of(coding.system))), None)
    words = (*(word for coding in codings for word in (coding.code, coding.display)), text)
    original = next((word for word in words if word and vouch(word)), None)
    return Coded(system=known, original=original, mapped=mapped)


_coded_before = lru_cache(maxsize=4_096)(_coded)  # check digits and a strict model for the same few codes: 10 us


def _shown(code: str) -> str | None:
    return code if code in observations() else code_of(code)


def _is_result_word(word: str) -> bool:
    return " ".join(word.upper().split()) in word_meanings()
