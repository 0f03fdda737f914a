"""Workbooks for tests: made with the library, or bent by hand into what nobody should open."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl  # type: ignore[import-untyped]

__all__ = ["bent", "workbook"]


def workbook(
    rows: Sequence[Sequence[Any]], *, title: str = "Guests", formats: Mapping[str, str] | None = None
) -> bytes:
    """An xlsx file of one sheet; `formats` are number formats by cell name."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    for cell, shown_as in (formats or {}).items():
        sheet[cell].number_format = shown_as
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def bent(
    data: bytes, *, add: Mapping[str, bytes] | None = None, replace: Mapping[str, tuple[str, str]] | None = None
) -> bytes:
    """The same file with parts added (or put in the place of their own), or text replaced in a part (by its name)."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            if part.filename in (add or {}):
                continue
            text = old.read(part)
            if replace and part.filename in replace:
                before, after = replace[part.filename]
                assert before.encode() in text
                text = text.replace(before.encode(), after.encode())
            new.writestr(part.filename, text)
        for name, text in (add or {}).items():
            new.writestr(name, text)
    return out.getvalue()
