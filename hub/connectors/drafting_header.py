"""Whether the first row of a table names its columns, or is a record already, whose data would become names in connector.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

__all__ = ["data_in_header"]

_DATA = re.compile(
    r"\d+([.,]\d+)?%?"  # a number
    r"|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?"  # a day, a time
    r"|\d{1,2}[- ]?[A-Za-z]{3}[- ]?\d{2,4}"  # 15-Feb-2021
    r"|\d{1,7}-\d"  # a LOINC code
    r"|\d{3}-\d{2}-\d{4}"  # a social security number
    r"|\+?[\d() .-]{7,20}"  # a phone
    r"|[^@\s]+@[^@\s]+\.\w+"  # an e-mail address
    r"|[A-Za-z]{1,2}-\d{2,}|[A-Za-z]{1,3}-?\d{5,}",  # an id
    re.ASCII,
)


def data_in_header(columns: Mapping[str, Sequence[str]]) -> list[int]:
    """Places (from 1) of columns whose name looks like a value (a number, day, code, phone, address or id), or is a value of its
    own column."""
    return [
        place
        for place, (name, values) in enumerate(columns.items(), 1)
        if _DATA.fullmatch(name.strip()) or name in values
    ]
