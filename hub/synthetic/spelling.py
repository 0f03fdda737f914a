"""How names are written down, and when two spellings agree exactly."""

from __future__ import annotations

import unicodedata
from datetime import date

__all__ = ["letters", "name_key", "plain_capitals"]


def name_key(given: str, family: str, birth_date: date | None) -> tuple[str, str, str]:
    """What two records must share to agree exactly: letters only, no accents, no case; and the birth date."""
    return letters(given), letters(family), birth_date.isoformat() if birth_date else ""


def letters(text: str) -> str:
    """Letters and digits only, without accents and case."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(sign for sign in decomposed if sign.isalnum())


def plain_capitals(name: str) -> str:
    """A name as an old system keeps it: capitals without accents. Agrees exactly with the name once normalised."""
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign)).upper()
