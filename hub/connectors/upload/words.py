"""What the upload page says of rows, files and errors: plain words for people who keep a list and have other work to do. (What
stands around it is in pages.py, check_page.py and receipt_page.py, and nowhere else.)

`why(problem, …)` says what is wrong with a row and what to do; codes without words of their own get a sentence that is still true.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from hub.connectors.upload.check import BLANK, SAID_AGAIN, SENT, CheckedRow, Problem

__all__ = [
    "FILE_PROBLEMS",
    "IGNORED",
    "KINDS",
    "REFUSALS",
    "STATES",
    "code",
    "column_help",
    "ignored",
    "kinds",
    "noted",
    "plural",
    "refusal",
    "unreadable",
    "why",
]

_ROW = {
    "missing": "{column} is empty. Please fill it in.",
    "missing-key": "{column} is empty. The hub needs it to tell this row from others.",
    "not-a-date": "{column}: this is not a date that the hub can read. Write it like {examples}.",
    "date-in-the-future": "{column}: this day has not come yet. Please check it.",
    "born-after-record": "{column}: this day of birth is later than the day of the record. Please check which is right.",
    "not-a-time": "{column}: this is not a date and time that the hub can read. Write it like {examples}.",
    "not-an-integer": "{column}: this is not a whole number. Write only digits.",
    "not-yes-or-no": "{column}: please write yes or no.",
    "not-a-phone": "{column}: this is not a phone number. Write it like 555-201-3344, or leave it empty.",
    "not-an-email": "{column}: this is not an e-mail address. Correct it, or leave it empty.",
    "not-a-postal-code": "{column}: this is not a ZIP code. Write five digits, or leave it empty.",
    "not-an-address": "{column}: this is not an address that the hub can read. Write it like 12 Elm Street, Springfield, IL 62704.",
    "not-digits": "{column}: please write digits only.",
    "not-a-known-word": "{column}: the hub does not know this word. Please check its spelling.",
    "unmapped-code": "{column}: the hub does not know this word.{choices}",
    "short-row": "This row has fewer cells than the list has columns. Check that each value stands in its own column.",
    "long-row": "This row has more cells than the list has columns. Please mend it in your spreadsheet.",
    "bad-quoting": "A quotation mark in this row is opened and not closed. Please mend it in your spreadsheet.",
    "field-too-large": "A cell of this row is far too long. Please mend it in your spreadsheet.",
    "too-large": "This row is far too long. Please mend it in your spreadsheet.",
    "nul-byte": "This row holds characters that are no text. Please mend it in your spreadsheet.",
    "cell-without-value": "{column}: the cell holds a formula without a result, or an error. Type the value itself.",
    "several-values": "The columns {column} say different things. Please make them agree.",
}
_LEFT_OUT = {
    "born-after-record": "a day of birth later than the record",
    "date-in-the-future": "a day that has not come yet",
    "not-a-date": "no date that the hub can read",
    "not-a-known-word": "a word that the hub does not know",
    "not-a-phone": "no phone number",
    "not-a-postal-code": "no ZIP code",
    "not-a-time": "no date and time that the hub can read",
    "not-an-address": "no address that the hub can read",
    "not-an-email": "no e-mail address",
    "not-an-integer": "no whole number",
    "not-digits": "something else than digits",
    "not-yes-or-no": "neither yes nor no",
    "several-values": "different things in columns that should agree",
    "unmapped-code": "a word that the hub does not know",
}
_NOBODY = "without an id, so counted for its area and for no person"
_UNKNOWN = "{column}: the hub cannot use this value. Please check it, or ask who set this page up ({reason})."
_UNKNOWN_ROW = "The hub cannot use this row. Please check it, or ask who set this page up ({reason})."
_LIKE = {"not-a-date": "2021-02-15", "not-a-time": "2021-02-15 18:00"}  # where no column is known
_NONE: Mapping[str, Sequence[str]] = MappingProxyType({})
_A_CELL = "A cell of this row"

FILE_PROBLEMS = {
    "empty": "The file is empty. Did the export run?",
    "no-rows": "The file has a header and no rows below it. There is nothing to check.",
    "no-header": "The first row must name the columns. Please add a header row.",
    "duplicate-column": "Two columns have the same name. Please rename one of them.",
    "missing-column": "The list lacks: {columns}. The names must be as written here; the order does not matter.",
    "too-many-rows": "The list is too long for this page. Please send it in several files.",
    "too-large": "The file is too large for this page. Please send it in several files.",
    "not-a-workbook": "The file looks like an Excel workbook and cannot be opened. Save it again as .xlsx or as CSV.",
    "workbook-protected": "The workbook has a password, or is an old .xls file. Save it as .xlsx without a password, or as CSV.",
    "workbook-has-macros": "The workbook holds macros. Save it as .xlsx (without macros) or as CSV.",
    "no-such-sheet": "The workbook lacks the sheet that this page reads. Ask who set this page up which one that is.",
    "nul-byte": "The file is no list: it holds characters that are no text. Save your list as CSV or .xlsx.",
    "zip-several-files": "The zip holds more than one file. Please unpack it and send its files one by one.",
    "zip-empty": "There is no file in the zip.",
    "zip-encrypted": "The zip has a password. Please send the list without one.",
    "zip-too-large": "What is in the zip is too large for this page. Please send it in several files.",
    "zip-nested": "In the zip is another zip. Please send the list itself.",
    "zip-broken": "The zip cannot be opened. Please make it again, or send the list itself.",
    "gzip-broken": "The .gz file cannot be opened. Please make it again, or send the list itself.",
    "no-file": "Please choose a file first.",
}
_FILE_UNKNOWN = "The file cannot be read as a list ({reason}). Save it as CSV or .xlsx and try again."

IGNORED = {
    BLANK: "Blank row",
    SAID_AGAIN: "Row {again} says the same again; that one counts",
    SENT: "Already sent",
    "filtered": "Not for the hub, by this list's own rules",
    "kind-not-agreed": "Not covered by the agreement, so not taken",
}
_IGNORED_UNKNOWN = "Left out ({reason})"

STATES = {
    "sending": "On its way",
    "sent": "Received",
    "withdrawing": "Being taken back",
    "withdrawn": "Taken back",
}
KINDS = {
    "person": ("person", "people"),
    "lab-result": ("test result", "test results"),
    "vaccination": ("vaccination", "vaccinations"),
    "case": ("case", "cases"),
    "exposure": ("exposure", "exposures"),
    "shelter-stay": ("shelter stay", "shelter stays"),
    "living-situation": ("living situation", "living situations"),
    "site": ("site", "sites"),
    "food-assistance": ("food record", "food records"),
    "screening": ("screening answer", "screening answers"),
    "coverage": ("coverage record", "coverage records"),
    "vaccine-supply": ("supply record", "supply records"),
    "referral": ("referral", "referrals"),
    "consent": ("consent", "consents"),
    "service": ("service", "services"),
}
REFUSALS = {
    400: "The hub could not understand this request. Please go back and try again.",
    403: "This page is served over an encrypted connection only. Ask who set it up for its https address.",
    404: "There is nothing at this address. What was here may have been put away.",
    405: "There is nothing at this address.",
    408: "The file took too long to arrive. Please try again.",
    409: "This form is no longer good: you signed in again, or the list was put away. Please start again.",
    413: "The file is too large for this page. Please send it in several files.",
    429: "Many people use this page right now. Please wait a moment and try again.",
    503: "The hub is being restarted. Please wait a minute and try again. Nothing that was sent is lost.",
}
_REFUSED = "Something went wrong on our side. Nothing that was sent is lost. Please try again."


def plural(count: int, one: str, many: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{count:,} {one if count == 1 else many}"


def why(problem: Problem, choices: Mapping[str, Sequence[str]], examples: Mapping[str, Sequence[str]] = _NONE) -> str:
    """What is wrong and what to do, naming the column. By its lower-case name: `choices`, words a column may hold, and `examples`,
    how dates are written in it."""
    column = ", ".join(problem.columns)
    text = _ROW.get(problem.reason) or (_UNKNOWN if column else _UNKNOWN_ROW)
    allowed = [word for name in problem.columns for word in choices.get(name.lower(), ())][:12]
    said = f" It knows: {', '.join(allowed)}." if allowed else " Ask who set this page up to add it."
    written = [example for name in problem.columns for example in examples.get(name.lower(), ())]
    like = " or ".join(dict.fromkeys(written)) or _LIKE.get(problem.reason, "")
    return text.format(column=column or _A_CELL, reason=problem.reason, choices=said, examples=like)


def code(problem: Problem) -> str:
    """What a mapping program notes about a record that it takes: its code, and the field or columns."""
    return " ".join([problem.reason, *problem.columns])


def noted(found: Mapping[str, int]) -> str:
    """What is odd about rows that were taken, as a receipt says it: `Phone: no phone number, left empty (2 rows)`. What has no
    words here is told by its code."""
    told = [(*each.partition("."), n) for each, n in sorted(found.items())]
    return "; ".join(f"{_noted(code, about)} ({plural(n, 'row', 'rows')})" for code, _, about, n in told)


def _noted(code: str, about: str) -> str:
    if code == "nobody":
        return _NOBODY
    if code in _LEFT_OUT:
        return f"{about or 'A cell'}: {_LEFT_OUT[code]}, left empty"
    return f"{code}{f' ({about})' if about else ''}"


def column_help(
    column: str, filled: Collection[str], choices: Mapping[str, Sequence[str]], examples: Mapping[str, Sequence[str]]
) -> str:
    """How to write a column: `a date, like 02/15/2021; may be empty`. All three by lower-case name; `filled`: those that may not be
    empty."""
    name = column.lower()
    allowed, written = choices.get(name, ())[:12], examples.get(name, ())
    told = [f"one of {', '.join(allowed)}"] if allowed else []
    told += [f"a date, like {' or '.join(dict.fromkeys(written))}"] if written else []
    return "; ".join([*told, "must be filled in" if name in filled else "may be empty"])


def ignored(row: CheckedRow) -> str:
    """Why a row is left out."""
    return IGNORED.get(row.reason, _IGNORED_UNKNOWN).format(reason=row.reason, again=row.again)


def unreadable(reason: str, columns: Sequence[str] = ()) -> str:
    """Why a file as a whole is no list."""
    return FILE_PROBLEMS.get(reason, _FILE_UNKNOWN).format(reason=reason, columns=", ".join(columns))


def refusal(status: int) -> str:
    """What an error page says."""
    return REFUSALS.get(status, _REFUSED)


def kinds(counts: Mapping[str, int]) -> list[str]:
    """`3 food records`, one text a kind of event."""
    return [plural(count, *KINDS[kind]) for kind, count in sorted(counts.items()) if kind in KINDS]
