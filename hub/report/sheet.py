"""The page as one HTML file that needs nothing else: no script, no font, no picture from anywhere; for screen and paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files

from hub.markup import Child, Html, el, page
from hub.report.first import Fix, fixes, words
from hub.report.numbers import Numbers
from hub.report.parts import DelayLine, FieldLine, KindPage, Page, ReasonLine, done

__all__ = ["FIRST", "sheet"]

FIRST = 8
"""So many things to fix stand at the top; the tables below show the rest."""
_BAR, _HIGH = 96, 10
_SPANS = ("Half within", "9 of 10", "99 of 100")
_LOW = 0.8
_ALL_WELL = "Nothing: every field that is asked for is filled, coded and in time."
_NOTHING_READ = "Nothing of these records could be taken: the tables below say why. Are they of another source?"
_LAST_NEEDED = ("required", "expected")
_LEGEND = (
    "Required: without it a record cannot do what it is for. Expected: without it one use of the record is lost. "
    "Optional: good to have. In red: some records lack it."
)


def sheet(made: Page, *, rounded: bool = False) -> str:
    """The whole document. `rounded`: for others than the source itself (hub.report.numbers)."""
    numbers = Numbers(rounded=rounded)
    about = made.about
    css = (files("hub.report") / "sheet.css").read_text(encoding="utf-8")
    head = (
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="robots", content="noindex"),
        el("title", f"{about.name}: report of {about.made_on.isoformat()}"),
        Html(f"<style>{css}</style>"),  # our own file, and no text of anybody
    )
    main = (
        _figures(made, numbers),
        _first(made, numbers),
        *(_kind(kind, numbers) for kind in made.kinds),
        _reasons(
            "Refused", "Kept as dead letters; mended records that come again keep their ids.", made.rejected, numbers
        ),
        _left_aside(made, numbers),
    )
    return page(head, (_header(made), el("main", *main, class_="wide"), _footer(numbers)))


def _header(made: Page) -> Html:
    about = made.about
    return el(
        "header",
        el(
            "div",
            el("h1", about.title),
            el("p", f"{about.name} · {about.standard}"),
            el("p", f"{about.window} · agreement {about.agreement_id} · made on {about.made_on.isoformat()}"),
            class_="wide",
        ),
    )


def _figures(made: Page, numbers: Numbers) -> Html:
    shown: list[tuple[str, str]] = [
        ("records", numbers.count(made.records)),
        ("became events", numbers.count(made.events)),
        ("refused", numbers.count(made.refused)),
        ("left aside", "not kept" if made.ignored is None else numbers.count(sum(n.records for n in made.ignored))),
        ("sent again unchanged", numbers.count(sum(kind.repeats for kind in made.kinds), exact=_exact(made))),
        ("corrections", numbers.count(sum(kind.corrections for kind in made.kinds), exact=_exact(made))),
        ("withdrawals", numbers.count(sum(kind.withdrawn for kind in made.kinds))),
    ]
    return el("dl", *(el("div", el("dt", what), el("dd", n)) for what, n in shown), class_="figures")


def _exact(made: Page) -> bool:
    return all(kind.exact for kind in made.kinds)


def _first(made: Page, numbers: Numbers) -> Html:
    found = [fix for fix in fixes(made) if not fix.ours]
    if not found:
        return el("section", el("h2", "Fix first"), el("p", _ALL_WELL if made.events else _NOTHING_READ))
    more = len(found) - FIRST
    return el(
        "section",
        el("h2", "Fix first"),
        el("ol", *(_fix(fix, numbers) for fix in found[:FIRST]), class_="fixes"),
        el("p", f"{more} more: see the tables below.", class_="soft") if more > 0 else None,
    )


def _fix(fix: Fix, numbers: Numbers) -> Html:
    before, where, after = fix.advice(partner=True)
    return el(
        "li",
        el("div", el("span", fix.what), el("span", _size(fix, numbers), class_="size"), class_="fix"),
        el("p", f"Costs: {fix.costs}.".replace("..", "."), class_="soft"),
        el("p", before, *((" ", el("code", where), after) if where else ()), *_asked_by(fix)),
        el("p", f"First at: {'; '.join(fix.places)}.", class_="soft") if fix.places and not numbers.rounded else None,
    )


def _size(fix: Fix, numbers: Numbers) -> str:
    """How many records and people it is about; of so few that no share is told, the records alone."""
    share = numbers.share(fix.records, fix.of)
    if not fix.of or share.part is None:
        return numbers.of(fix.records, "record", "records") if fix.of else ""
    people = f", {numbers.of(fix.people, 'person', 'people', exact=fix.people_exact)}" if fix.people else ""
    return f"{numbers.count(fix.records)} of {numbers.count(fix.of)} ({share.words}){people}"


def _asked_by(fix: Fix) -> tuple[Child, ...]:
    return (" ", el("span", f"Asked by {fix.standard}.", class_="soft")) if fix.standard else ()


def _kind(kind: KindPage, numbers: Numbers) -> Html:
    counted = [line for line in kind.fields if line.status == "counted" and not done(line)]
    return el(
        "section",
        el("h2", f"{kind.kind}: {numbers.of(kind.records, 'event', 'events')}"),
        el("p", " · ".join(_about_kind(kind, numbers)), class_="soft"),
        _fields(kind, counted, numbers) if counted else None,
        _whole(kind),
        _left_out(kind),
        _delays(kind.delays, numbers),
        _words_of("Reasons given for no race or ethnicity", kind.absences, numbers),
        _words_of("Accepted, but odd", kind.issues, numbers),
    )


def _about_kind(kind: KindPage, numbers: Numbers) -> Iterator[str]:
    if kind.people:
        yield numbers.of(kind.people, "person", "people", exact=kind.exact)
    if kind.area_only:
        yield f"{numbers.count(kind.area_only)} name nobody and count for their area only"
    if kind.first_on is not None and kind.last_on is not None:
        yield from numbers.days(kind.first_on, kind.last_on, kind.records, kind.people)
    if kind.elsewhere:
        yield "whom they speak of is told once, in this source's person records"


def _fields(kind: KindPage, lines: Sequence[FieldLine], numbers: Numbers) -> Html:
    coded = ("Coded",) if any(line.unmapped for line in lines) else ()
    people = ("#People without",) if any(line.people for line in lines) else ()
    heads = _heads("Field, as the sender calls it", "Asked", "Filled", *coded, *people, "Without it")
    rows = [_field(line, numbers, coded=bool(coded), people=bool(people)) for line in lines]
    return _table(f"How the fields of {kind.kind} are filled. {_LEGEND}", heads, rows)


def _field(line: FieldLine, numbers: Numbers, *, coded: bool, people: bool) -> Html:
    filled = numbers.share(line.filled, line.of)
    lacks = line.need in _LAST_NEEDED and line.filled < line.of and not line.setting
    understood = numbers.share(line.filled - line.unmapped, line.filled).words
    how = f"{understood}, {numbers.count(line.unmapped)} unmapped" if line.unmapped else ""
    who = numbers.count(line.people, exact=line.people_exact) if line.people else ""
    return el(
        "tr",
        el(
            "th",
            words(line.field),
            el("code", line.sender, class_="own") if line.sender and line.theirs else None,
            scope="row",
        ),
        _cell("Asked", el("span", line.need, class_="need lacks" if lacks else "need")),
        _cell("Filled", _bar(filled.part, low=lacks and (filled.part or 0) < _LOW), filled.words, class_="bar"),
        _cell("Coded", how) if coded else None,
        _cell("People without", who, class_="n") if people else None,
        _cell("Without it", line.without if lacks else "", class_="soft why"),
    )


def _bar(part: float | None, *, low: bool) -> Html | None:
    """The words beside it say the same: nobody has to see it."""
    if part is None:
        return None
    level = el("rect", width=round(_BAR * part), height=_HIGH, rx=2, class_="level low" if low else "level")
    track = el("rect", width=_BAR, height=_HIGH, rx=2, class_="track")
    return el("svg", track, level, width=_BAR, height=_HIGH, viewBox=f"0 0 {_BAR} {_HIGH}", aria_hidden="true")


def _whole(kind: KindPage) -> Child:
    names = [words(line.field) for line in kind.fields if done(line)]
    return el("p", el("strong", "Filled in every record: "), ", ".join(names), ".") if names else None


def _left_out(kind: KindPage) -> Child:
    said = []
    for status, how in (
        ("not-agreed", "Left out by the agreement"),
        ("not-in-format", "No place in the sender's format"),
        ("not-yet", "No record is in a state to have it"),
    ):
        names = [words(line.field) for line in kind.fields if line.status == status]
        if names:
            said.append(el("p", f"{how}: {', '.join(names)}.", class_="soft"))
    return said


def _delays(lines: Sequence[DelayLine], numbers: Numbers) -> Child:
    if not lines:
        return None
    heads = _heads("From", "to", *(f"#{head}" for head in _SPANS), "#Late")
    return [
        el("h3", "How late"),
        _table("Delays, by the clocks they are taken from", heads, [_delay(x, numbers) for x in lines]),
    ]


def _delay(line: DelayLine, numbers: Numbers) -> Html:
    unit = {"days": "d", "hours": "h"}[line.unit]
    late = "" if line.late_after is None else f"{numbers.count(line.late)} over {line.late_after} d"
    told = not numbers.rounded or line.records >= 100
    spans = (line.half, line.nine_tenths, line.most)
    return el(
        "tr",
        _cell("From", line.since),
        _cell("to", line.until),
        *(_cell(head, f"{n} {unit}" if told else "too few", class_="n") for head, n in zip(_SPANS, spans, strict=True)),
        _cell("Late", late, class_="n"),
    )


def _words_of(title: str, counted: object, numbers: Numbers) -> Child:
    if not isinstance(counted, dict) or not counted:
        return None
    said = ", ".join(f"{word} {numbers.count(n)}" for word, n in counted.items())
    return el("p", el("strong", f"{title}: "), said)


def _reasons(title: str, note: str, lines: Sequence[ReasonLine], numbers: Numbers) -> Child:
    if not lines:
        return None
    where = not numbers.rounded and any(line.places for line in lines)
    asked = any(line.ask for line in lines)
    heads = _heads(
        "Reason",
        "Field",
        "#Records",
        *(("First at",) if where else ()),
        "What it means",
        *(("What to do",) if asked else ()),
    )
    rows = [
        el(
            "tr", el("th", el("code", line.reason), scope="row"), _cell("Field", el("code", line.field) if line.field else None),
            _cell("Records", numbers.count(line.records), class_="n"),
            _cell("First at", "; ".join(line.places)) if where else None,
            _cell("What it means", line.means), _cell("What to do", line.ask) if asked else None,
        )
        for line in lines
    ]  # fmt: skip
    return el("section", el("h2", title), _table(note, heads, rows))


def _left_aside(made: Page, numbers: Numbers) -> Child:
    if made.ignored is None:
        return None
    since = f" Counted since {made.about.aside_since}, whatever the window above." if made.about.aside_since else ""
    note = f"Good records that the hub has no use for; nothing must be done.{since}"
    return _reasons("Left aside", note, made.ignored, numbers)


def _cell(label: str, *children: Child, class_: str | None = None) -> Html:
    """A cell that says its column's name where the page is too narrow for a head row; an empty one is not shown there."""
    return el("td", *children, class_=class_, data_label=label if any(children) else None)


def _heads(*names: str) -> Html:
    """The head row; `#` before a name: a column of numbers."""
    cells = (el("th", name.lstrip("#"), scope="col", class_="n" if name.startswith("#") else None) for name in names)
    return el("tr", *cells)


def _table(caption: str, heads: Html, rows: Sequence[Html]) -> Html:
    return el(
        "div", el("table", el("caption", caption), el("thead", heads), el("tbody", *rows)), class_="scroll", tabindex=0
    )


def _footer(numbers: Numbers) -> Html:
    whom = (
        "Counts of 1 to 10 are written as under 11, of 11 to 14 as that, others to the nearest ten: "
        "for anybody who may see the source's quality."
        if numbers.rounded
        else "Exact counts: for the source itself and the hub. For anybody else, make it with --rounded."
    )
    said = "No record, no value and nothing of a person is in this page; it counts how records are filled, not what they say."
    return el(
        "footer",
        el("p", f"{said} {whom} What is asked, why, and by which standard: docs/data-dictionary.md."),
        class_="wide",
    )
