"""HTML that cannot be written unescaped: elements are calls, and text is text.

`el("p", "Tom & Ada", class_="note")` is `<p class="note">Tom &amp; Ada</p>`. A child is text (escaped), an `Html` (an element made
here), a list of children, or None (nothing). Attributes: True stands alone, None and False are left out, `class_` and `for_` lose
the underscore, other underscores become hyphens.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TypeAlias

__all__ = ["Child", "Html", "el", "page"]


class Html(str):
    """Markup made by `el`; nothing else may make one."""

    __slots__ = ()


Child: TypeAlias = "str | Html | Sequence[Child] | None"
_VOID = frozenset({"input", "meta", "link", "br", "hr"})


def el(name: str, /, *children: Child, **attributes: str | int | bool | None) -> Html:
    """One element."""
    given = "".join(
        _attribute(key, value) for key, value in attributes.items() if value is not None and value is not False
    )
    if name in _VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{_text(children)}</{name}>")


def page(head: Sequence[Child], body: Sequence[Child]) -> str:
    """A whole document, in English."""
    return f"<!doctype html>\n{el('html', el('head', *head), el('body', *body), lang='en')}"


def _text(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, str):
        return escape(child)
    return "".join(map(_text, child))


def _attribute(name: str, value: str | int | bool) -> str:
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
