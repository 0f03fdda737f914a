"""The page on which a checked list is looked at, mended and sent."""

from __future__ import annotations

from hub.connectors.upload import words
from hub.connectors.upload.check import Checked, CheckedRow
from hub.connectors.upload.desk import UploadDesk
from hub.connectors.upload.pages import Site, scrolled
from hub.markup import Child, Html, el

__all__ = ["checked", "shown_problems"]

ROWS_A_PAGE = 100
_MOST_INPUTS = 1_500  # on one page: a phone must still be able to show it
_MARKS = {"taken": "Ready", "ignored": "Left out", "problem": "Needs a look"}


def shown_problems(list_: Checked) -> list[CheckedRow]:
    """The rows that can be mended on the page now: the first ones."""
    most = max(1, min(25, _MOST_INPUTS // max(1, len(list_.columns))))
    return [row for row in list_.problems if row.mendable][:most]


def checked(site: Site, desk: UploadDesk, list_: Checked, check_id: str, number: int = 1) -> str:
    """`number`: which page of the rows."""
    counts = list_.counts
    ready, problems = counts["taken"], counts["problem"]
    return site.document(
        "Check",
        el("h1", "Checked: ", el("span", list_.file, class_="name")),
        _tiles(ready, counts["ignored"], problems),
        _send(site, check_id, ready, problems, sum(bool(row.left_empty) for row in list_.rows)),
        _mend(site, desk, list_, check_id) if problems else None,
        _all_rows(site, desk, list_, check_id, number),
        step=2,
    )


def _tiles(ready: int, ignored: int, problems: int) -> Html:
    tiles = [(ready, "ready to send", "taken"), (problems, "need a look", "problem"), (ignored, "left out", "ignored")]
    return el(
        "ul",
        *[el("li", el("strong", f"{count:,}"), el("span", name), class_=f"tile {kind}") for count, name, kind in tiles],
        class_="tiles",
        aria_label="Rows",
    )


def _send(site: Site, check_id: str, ready: int, problems: int, lacking: int) -> Html:
    away = site.form(f"/check/{check_id}/put-away", el("button", "Put this list away", class_="quiet"), class_="inline")
    if not ready:
        text = (
            "No row can be sent as it is. Mend the rows below and check again."
            if problems
            else "There is nothing in this list to send."
        )
        return el("section", el("p", text), away, class_="card send")
    rows = words.plural(ready, "row", "rows")
    send = site.form(f"/check/{check_id}/send", el("button", f"Send {rows}", class_="main"), class_="inline")
    later = (
        f" The {words.plural(problems, 'row', 'rows')} that {'needs' if problems == 1 else 'need'} a look will wait here: mend "
        f"{'it' if problems == 1 else 'them'} first, or send {'it' if problems == 1 else 'them'} afterwards."
        if problems
        else ""
    )
    without = (
        f"In {words.plural(lacking, 'row', 'rows')} that will be sent, the hub cannot use a value and leaves it empty: the table "
        "below says which. You can correct it in your list first, or later."
        if lacking
        else ""
    )
    return el(
        "section", el("p", "Nothing is sent yet.", later), el("p", without) if without else None,
        el("div", send, away, class_="doing"), class_="card send",
    )  # fmt: skip


def _mend(site: Site, desk: UploadDesk, list_: Checked, check_id: str) -> Html:
    shown = shown_problems(list_)
    others = len(list_.problems) - len(shown)
    more = (
        el("p", f"{words.plural(others, 'further row', 'further rows')} "
                f"{'is' if others == 1 else 'are'} not shown here: download them, or mend these first.")
        if others and shown else None
    )  # fmt: skip
    there = "where the file comes from" if list_.whole else "in your spreadsheet"
    only_there = el("p", f"These rows have to be mended {there}.") if not shown else None
    download = el(
        "p",
        el("a", "Download these rows", href=f"{site.at}/check/{check_id}/problems.csv", class_="button", download=True),
        el(
            "span",
            "With a note beside each."
            if list_.whole
            else "With a note beside each, to mend in your spreadsheet. Then choose that file as a new list.",
            class_="beside",
        ),
        class_="doing",
    )
    form = site.form(
        f"/check/{check_id}/mend",
        *[_mendable(row, list_, desk) for row in shown],
        el(
            "p",
            el("button", "Check these rows again"),
            el("span", "Nothing is sent yet.", class_="beside"),
        ),
    )
    return el(
        "section", el("h2", "Rows that need a look"), only_there, form if shown else None, more,
        [_not_mendable(row, desk) for row in list_.problems if not row.mendable][:25], download, class_="card", id="mend",
    )  # fmt: skip


def _mendable(row: CheckedRow, list_: Checked, desk: UploadDesk) -> Html:
    about = {name for problem in row.problems for name in problem.columns}
    reasons = f"row-{row.number}-why"
    fields: list[Child] = []
    for n, (column, cell) in enumerate(zip(list_.columns, row.cells, strict=True)):
        wrong = column in about
        name = f"r{row.number}c{n}"
        choices = desk.choices.get(column.lower(), ())[:50] if wrong else ()
        fields.append(
            el("div",
               el("label", column, for_=name),
               el("input", id=name, name=name, value=cell, autocomplete="off", aria_invalid="true" if wrong else None,
                  aria_describedby=reasons if wrong else None, list=f"{name}-words" if choices else None),
               el("datalist", *[el("option", word, value=word) for word in choices], id=f"{name}-words") if choices else None,
               class_="field wrong" if wrong else "field")
        )  # fmt: skip
    return el(
        "fieldset",
        el("legend", f"Row {row.number}"),
        el(
            "ul",
            *[el("li", words.why(problem, desk.choices, desk.examples)) for problem in row.problems],
            class_="why",
            id=reasons,
        ),
        el("div", *fields, class_="fields"),
    )


def _not_mendable(row: CheckedRow, desk: UploadDesk) -> Html:
    return el(
        "div",
        el("h3", row.name),
        el("ul", *[el("li", words.why(p, desk.choices, desk.examples)) for p in row.problems], class_="why"),
        class_="fault",
    )


def _all_rows(site: Site, desk: UploadDesk, list_: Checked, check_id: str, number: int) -> Html:
    pages = max(1, -(-len(list_.rows) // ROWS_A_PAGE))
    number = min(max(1, number), pages)
    rows = list_.rows[(number - 1) * ROWS_A_PAGE : number * ROWS_A_PAGE]
    head = [el("th", name, scope="col") for name in ("Row", "Outcome", "Why", *list_.columns)]
    body = [
        el("tr",
           el("th", row.place or str(row.number), scope="row"),
           el("td", el("span", _MARKS[row.outcome], class_=f"mark {row.outcome}")),
           el("td", _why(row, desk), class_="because"),
           *[el("td", cell) for cell in row.cells],
           class_=row.outcome)
        for row in rows
    ]  # fmt: skip
    table = el("table", el("thead", el("tr", *head)), el("tbody", *body), class_="rows")
    return el(
        "section",
        el("h2", "All rows"),
        scrolled("All rows", table),
        _turn(site, check_id, number, pages),
        class_="card",
    )


def _why(row: CheckedRow, desk: UploadDesk) -> Child:
    if row.outcome == "problem":
        return " ".join(words.why(problem, desk.choices, desk.examples) for problem in row.problems)
    if row.outcome == "ignored":
        return words.ignored(row)
    if row.left_empty and not desk.by_row:
        return f"Noted: {', '.join(words.code(problem) for problem in row.left_empty)}"
    empty = " ".join(words.why(problem, desk.choices, desk.examples) for problem in row.left_empty)
    return " ".join(filter(None, ("Mended here." if row.fixed else "", empty and f"Sent without a value: {empty}")))


def _turn(site: Site, check_id: str, number: int, pages: int) -> Html | None:
    if pages == 1:
        return None
    at = f"{site.at}/check/{check_id}?page="
    return el(
        "nav",
        el("a", "Earlier rows", href=f"{at}{number - 1}") if number > 1 else None,
        el("span", f"Page {number} of {pages}"),
        el("a", "Later rows", href=f"{at}{number + 1}") if number < pages else None,
        aria_label="Pages of rows",
        class_="turn",
    )
