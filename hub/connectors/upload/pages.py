"""The pages, each a function of what it shows. No text that a sender wrote passes but as text (markup.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.connectors.upload import words
from hub.connectors.upload.kept import Upload
from hub.markup import Child, Html, el, page

__all__ = ["Site", "home", "message", "notice", "scrolled", "sign_in", "signed_out", "state"]


@dataclass(frozen=True)
class Site:
    """What every page knows: `at` is the prefix of all addresses; `who` and `csrf` only where somebody is signed in."""

    at: str
    title: str
    recipient: str
    zone: ZoneInfo
    idle_minutes: int
    who: str = ""
    csrf: str = ""

    def document(self, title: str, *content: Child, step: int = 0) -> str:
        """The frame around every page. `step`: where in choose, check, send it stands."""
        head = [
            el("meta", charset="utf-8"),
            el("meta", name="viewport", content="width=device-width, initial-scale=1"),
            el("title", f"{title} – {self.title}"),
            el("link", rel="stylesheet", href=f"{self.at}/page.css"),
            el("link", rel="icon", href="data:,"),
            el("script", src=f"{self.at}/page.js", defer=True),
        ]
        body = [
            el("a", "Skip to the content", href="#content", class_="skip"),
            el("header", el("div", self._brand(), self._account(), class_="bar wide")),
            el("main", _steps(step) if step else None, *content, id="content", class_="wide", tabindex="-1"),
            el(
                "footer",
                el("p", f"What you send goes to {self.recipient}, under your organization’s agreement with it."),
                class_="wide",
            ),
        ]
        return page(head, body)

    def form(self, action: str, *content: Child, **more: str | bool) -> Html:
        """A form that carries the session's token."""
        token = el("input", type="hidden", name="csrf", value=self.csrf)
        return el("form", token, *content, method="post", action=f"{self.at}{action}", **more)

    def time(self, at: datetime, *, seconds: bool = False) -> Html:
        """A time as people here write it; with `seconds` where two of one minute must be told apart."""
        local = at.astimezone(self.zone)
        clock = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
        return el("time", f"{local:%Y-%m-%d} {clock} {local:%Z}", datetime=at.isoformat(timespec="seconds"))

    def _brand(self) -> Html:
        return el("a", self.title, href=f"{self.at}/", class_="brand")

    def _account(self) -> Html | None:
        if not self.who:
            return None
        leave = self.form("/sign-out", el("button", "Sign out", class_="quiet"), class_="inline")
        return el("div", el("span", "Signed in as ", el("strong", self.who)), leave, class_="account")


def _steps(current: int) -> Html:
    names = ("Choose", "Check", "Send")
    marks = [el("li", name, aria_current="step" if n == current else None) for n, name in enumerate(names, start=1)]
    return el("ol", *marks, class_="steps", aria_label="Steps")


def notice(kind: str, *content: Child) -> Html:
    """A coloured box: `good`, `bad` or `plain`. Said aloud by screen readers when the page opens."""
    return el("div", *content, class_=f"notice {kind}", role="alert" if kind == "bad" else "status")


def sign_in(site: Site, token: str, *, label: str = "", problem: str = "") -> str:
    """`token` must come back with the form, as in the cookie."""
    wrong = notice("bad", el("p", problem)) if problem else None
    fields = [
        el("input", type="hidden", name="csrf", value=token),
        el("label", "Your name here", for_="label"),
        el("p", "The one you got together with your access word.", class_="hint", id="label-hint"),
        el("input", id="label", name="label", value=label, autocomplete="username", autocapitalize="none", spellcheck="false",
           required=True, maxlength=40, aria_describedby="label-hint", autofocus=not label),
        el("label", "Access word", for_="word"),
        el("input", id="word", name="word", type="password", autocomplete="current-password", required=True, maxlength=200,
           autofocus=bool(label)),
        el("p", el("button", "Sign in", class_="main")),
    ]  # fmt: skip
    return site.document(
        "Sign in",
        el(
            "section",
            el("h1", "Sign in"),
            wrong,
            el("form", *fields, method="post", action=f"{site.at}/sign-in"),
            class_="card narrow",
        ),
    )


def signed_out(site: Site, idle: bool) -> str:
    """After leaving, or after a while without use."""
    why = (
        f"Nothing was done here for {words.plural(site.idle_minutes, 'minute', 'minutes')}, so the page was cleared: nobody else "
        "should see what was on your screen. Lists that you sent are safe. A list that you only checked has to be chosen again."
        if idle
        else "You are signed out. Lists that you sent are safe."
    )
    again = el("p", el("a", "Sign in again", href=f"{site.at}/", class_="button main"))
    return site.document("Signed out", el("section", el("h1", "Signed out"), el("p", why), again, class_="card narrow"))


def message(site: Site, title: str, text: str) -> str:
    """One sentence and the way back."""
    back = el("p", el("a", "Back to the start", href=f"{site.at}/", class_="button"))
    return site.document(title, el("section", el("h1", title), el("p", text), back, class_="card narrow"))


_LISTS = ".csv,.tsv,.txt,.xlsx,.zip,.gz,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def home(
    site: Site,
    uploads: Sequence[Upload],
    needed: Sequence[tuple[str, str]],
    optional: Sequence[tuple[str, str]],
    *,
    open_check: str = "",
    problem: str = "",
    reads: str = "",
) -> str:
    """Choose a list; and what was sent before. `needed`, `optional`: columns and how to write them; `open_check`: address of a list
    that was checked and still lies here; `reads`: what is taken where the columns are not known."""
    wrong = notice("bad", el("h2", "This file was not taken"), el("p", problem)) if problem else None
    going_on = (
        notice("plain", el("p", "A list that you checked still lies here. ", el("a", "Go on with it", href=open_check)))
        if open_check
        else None
    )
    takes = f"This page takes: {reads}." if reads else "A CSV file or an Excel workbook (.xlsx), or a zip of one."
    choose = site.form(
        "/check",
        el("div",
           el("label", "Choose a list", for_="file"),
           el("p", takes, el("span", " You can also drop it here.", class_="with-script"),
              class_="hint", id="file-hint"),
           el("input", id="file", name="file", type="file", required=True, aria_describedby="file-hint",
              accept=None if reads else _LISTS),
           class_="drop"),
        el("p", el("button", "Check this list", class_="main"), el("span", "Nothing is sent yet.", class_="beside")),
        enctype="multipart/form-data", class_="choose",
    )  # fmt: skip
    columns = (
        None
        if reads
        else el(
            "details",
            el("summary", "Which columns the list needs"),
            el("p", "The first row names the columns. Their order does not matter, and other columns do no harm."),
            _columns(needed),
            [
                el("p", "Also used, if they are there:"),
                _columns(optional),
            ]
            if optional
            else None,
            el("p", el("a", "Download an empty list with these columns", href=f"{site.at}/empty.csv", download=True)),
        )
    )
    return site.document(
        "Send a list",
        el("h1", "Send a list"),
        wrong,
        going_on,
        el("section", choose, columns, class_="card"),
        _sent_before(site, uploads),
        step=1,
    )


def _columns(described: Sequence[tuple[str, str]]) -> Html:
    return el("dl", *[el("div", el("dt", name), el("dd", told)) for name, told in described], class_="columns")


def _sent_before(site: Site, uploads: Sequence[Upload]) -> Html:
    if not uploads:
        return el(
            "section",
            el("h2", "What you sent"),
            el("p", "Nothing yet. Each list that you send gets a receipt, listed here."),
            class_="card",
        )
    rows = [
        el("tr",
           el("td", el("a", each.file or "(name forgotten)", href=f"{site.at}/uploads/{each.id}"), class_="name"),
           el("td", site.time(each.began, seconds=True), class_="when"),
           el("td", f"{each.rows:,}", class_="number"),
           el("td", state(each)))
        for each in uploads
    ]  # fmt: skip
    names = [
        el("th", name, scope="col", class_="number" if name == "Rows" else None)
        for name in ("List and receipt", "Sent", "Rows", "State")
    ]
    table = el("table", el("thead", el("tr", *names)), el("tbody", *rows), class_="sent")
    return el("section", el("h2", "What you sent"), scrolled("What you sent", table), class_="card")


def state(upload: Upload) -> Html:
    """A word with a colour; the word says it all."""
    return el("span", words.STATES[upload.state], class_=f"mark {upload.state}")


def scrolled(name: str, table: Html) -> Html:
    """A table that may be wider than a phone."""
    return el("div", table, class_="scroll", role="region", aria_label=name, tabindex="0")
