"""The page for a terminal: the same numbers, exact, narrow enough for eighty columns."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from hub.report.first import Fix, fixes, words
from hub.report.numbers import Numbers
from hub.report.parts import FieldLine, KindPage, Page, done

__all__ = ["screen"]

_CELLS = 10
_FIRST = 8
_ALL_WELL = "Nothing to fix: every field that is asked for is filled, coded and in time"
_NOTHING_READ = "Nothing became an event: see why below. Is the file another source's?"
_EXACT = Numbers(rounded=False)


def screen(made: Page) -> Iterator[RenderableType]:
    """What to print, top to bottom."""
    about = made.about
    yield Text(f"{about.title}  ({about.name})", style="bold")
    yield Text(f"{about.window}, agreement {about.agreement_id}", style="dim")
    yield Text(_figures(made))
    yield Text("")
    yield from _first(made)
    for kind in made.kinds:
        yield Text("")
        yield from _kind(kind)
    for title, lines in (("refused", made.rejected), ("left aside", made.ignored or ())):
        for line in lines:
            at = f" in {line.field}" if line.field else ""
            yield Text(f"{title:10} {line.records:>7,}  {line.reason}{at}")
    if made.ignored is None:
        yield Text("left aside: the hub keeps no record of these; give the file to count them", style="dim")
    elif about.aside_since:
        yield Text(f"left aside: counted by the running role since {about.aside_since}, not in the window", style="dim")


def _figures(made: Page) -> str:
    parts = [
        (made.records, "records"), (made.events, "became events"), (made.refused, "refused"),
        (sum(kind.repeats for kind in made.kinds), "sent again unchanged"),
        (sum(kind.corrections for kind in made.kinds), "corrections"), (sum(k.withdrawn for k in made.kinds), "withdrawals"),
    ]  # fmt: skip
    return ", ".join(f"{n:,} {what}" for n, what in parts)


def _first(made: Page) -> Iterator[RenderableType]:
    found = fixes(made)
    yield Text(
        "Fix first" if found else _ALL_WELL if made.events else _NOTHING_READ,
        style="bold",
    )
    for place, fix in enumerate(found[:_FIRST], 1):
        yield Text(f" {place}. {fix.what}{_size(fix)}")
        before, where, after = fix.advice()
        yield Text(f"    {before}{' ' if where else ''}{where}{after}")
        yield Text(f"    costs: {fix.costs}", style="dim")
        if fix.places:
            yield Text(f"    first at: {'; '.join(fix.places)}", style="dim")
    if len(found) > _FIRST:
        yield Text(f"    … {len(found) - _FIRST} more: --json has them all", style="dim")


def _size(fix: Fix) -> str:
    if not fix.of:
        return ""
    people = (
        f", {_EXACT.count(fix.people, exact=fix.people_exact)} {'person' if fix.people == 1 else 'people'}"
        if fix.people
        else ""
    )
    return f": {fix.records:,} of {fix.of:,} ({_EXACT.share(fix.records, fix.of).words}{people})"


def _kind(kind: KindPage) -> Iterator[RenderableType]:
    span = f", {kind.first_on} to {kind.last_on}" if kind.first_on else ""
    area = f", {kind.area_only:,} of nobody who can be known" if kind.area_only else ""
    table = Table(box=None, pad_edge=False, padding=(0, 1), title_justify="left")
    table.title = Text(
        f"{kind.kind}: {kind.records:,} {'event' if kind.records == 1 else 'events'}{span}{area}", style="bold"
    )
    for name, justify in (
        ("field", "left"),
        ("sender's", "left"),
        ("asked", "left"),
        ("filled", "left"),
        ("", "right"),
        ("unmapped", "right"),
    ):
        table.add_column(name, justify="right" if justify == "right" else "left", no_wrap=name != "sender's")
    open_lines = [line for line in kind.fields if not done(line)]
    for line in open_lines:
        if line.status == "counted":
            table.add_row(*_row(line))
    if table.row_count:
        yield table
    else:
        yield table.title
    if whole := [words(line.field) for line in kind.fields if done(line)]:
        yield Text(f"filled in every record: {', '.join(whole)}", style="dim")
    for status, how in (
        ("not-agreed", "left out by the agreement"),
        ("not-in-format", "no place in the sender's format"),
        ("not-yet", "no record is in a state to have it"),
    ):
        if names := [words(line.field) for line in kind.fields if line.status == status]:
            yield Text(f"{how}: {', '.join(names)}", style="dim")
    for title, counted in (("no race or ethnicity because", kind.absences), ("accepted, but odd", kind.issues)):
        if counted:
            yield Text(f"{title}: {', '.join(f'{word} {n:,}' for word, n in counted.items())}")
    for delay in kind.delays:
        unit = delay.unit[0]
        yield Text(
            f"{delay.clock}: half within {delay.half} {unit}, 9 of 10 within {delay.nine_tenths} {unit}"
            + (f", {delay.late:,} over {delay.late_after} d" if delay.late_after is not None else "")
        )


def _row(line: FieldLine) -> tuple[Text, ...]:
    share = _EXACT.share(line.filled, line.of)
    full = int(_CELLS * (share.part or 0))  # rounded down: full only when all is filled
    lacks = line.need != "optional" and line.filled < line.of
    bar = Text("█" * full + "░" * (_CELLS - full), style="red" if lacks else "cyan")
    unmapped = f"{line.unmapped:,}" if line.unmapped else ""
    return (
        Text(words(line.field)),
        Text(line.sender if line.theirs else line.setting, style="dim"),
        Text(line.need),
        bar,
        Text(share.words),
        Text(unmapped),
    )
