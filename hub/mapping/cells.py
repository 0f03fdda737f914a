"""Cells of tables as spreadsheets and databases write them: a word for nothing (`NULL`, `#N/A`, `nan`), a number kept as text
(`="00123"`), a whole number with a decimal (`208.0`)."""

from __future__ import annotations

import re

__all__ = ["ABSENT", "unwrapped", "whole", "written"]

ABSENT = frozenset({
    "NULL", "Null", "null", "(NULL)", "(null)", "[NULL]", "<NULL>", "<null>", "\\N", "#N/A", "N/A", "n/a", "NaN", "nan", "NA",
})  # fmt: skip
"""What SQL clients, Excel, pandas and R write where nothing was told. Not to be asked of a name: people are called Null and Na."""
_FORMULA = re.compile(r'="([^"]*)"$')
_WHOLE = re.compile(r"(\d{1,18})\.0+$")


def written(cell: str) -> str:
    """What a cell tells: what is within for a formula that is a text, empty for a word that stands for nothing."""
    return "" if (told := unwrapped(cell)) in ABSENT else told


def unwrapped(cell: str) -> str:
    """What is within a formula that is a text; any other cell as it is, also a word that stands for nothing elsewhere."""
    return text[1].strip() if cell.startswith('="') and (text := _FORMULA.match(cell)) else cell


def whole(cell: str) -> str:
    """A code of digits that a spreadsheet took for a number, as it was."""
    return number[1] if (number := _WHOLE.match(cell)) else cell
