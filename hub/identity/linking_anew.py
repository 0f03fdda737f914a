"""A new model (or a hub with other rules) while people are linked already: everybody is weighed anew, page by page.

First all blocks, values and edges are made again, while people stay as they are; then the people of each page are put right, and
what changed is told as ever: splits and merges with the new model's version. Until all is done the registry says that it is not:
a worker that ends before begins again, with whichever model it starts next. Human decisions stay.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from contextlib import AbstractContextManager
from typing import Protocol

from hub.identity.linking import Linked, Linking
from hub.identity.store import LinkStore
from hub.ops.logs import logger

__all__ = ["PAGE", "UNFINISHED", "Page", "weigh_all_anew"]

PAGE = 1_000
"""Source persons a transaction."""
UNFINISHED = "unfinished"
"""In place of what links were made by: no model's, not even that of before."""
_log = logger(__name__)


class Page(Protocol):
    """One transaction of the registry."""

    @property
    def link_store(self) -> LinkStore: ...

    def keep(self, linked: Linked, /) -> None:
        """Store what changed."""


def weigh_all_anew(
    transaction: Callable[[], AbstractContextManager[Page]],
    linking: Linking,
    page: int = PAGE,
    beat: Callable[[], None] = lambda: None,
) -> bool:
    """Whether people were linked by another model than `linking` has, or without one; now they are by its. `beat` is called after
    every page. What counts must be stored before (hub.identity.intake_again)."""
    with transaction() as begun:
        store = begun.link_store
        made_by, nobody = store.model(), not store.tokens_after("", 1)
        if made_by == linking.made_by:
            return False
        if nobody:
            store.put_model(linking.made_by)
            return False
        store.clear_links()
        store.put_model(UNFINISHED)
    linking.forget()
    _log.info("weighing everybody anew", model=linking.made_by)
    done, last = 0, ""
    while tokens := _page(transaction, last, page, lambda at, each: linking.weigh_anew(at.link_store, each)):
        done, last = done + len(tokens), tokens[-1]
        _log.info("weighed anew", source_persons=done)
        beat()
    moved, last = 0, ""

    def settle(at: Page, each: Set[str]) -> None:
        nonlocal moved
        linked = linking.settle(at.link_store, each)
        moved += len(linked.touched)
        at.keep(linked)

    while tokens := _page(transaction, last, page, settle):
        last = tokens[-1]
        beat()
    with transaction() as ended:
        ended.link_store.put_model(linking.made_by)
    _log.info("everybody is weighed anew", model=linking.made_by, moved=moved)
    return True


def _page(
    transaction: Callable[[], AbstractContextManager[Page]],
    last: str,
    most: int,
    work: Callable[[Page, Set[str]], None],
) -> list[str]:
    """Work on the source persons after `last`, in one transaction; none is left where there are none."""
    with transaction() as at:
        tokens = at.link_store.tokens_after(last, most)
        if tokens:
            work(at, set(tokens))
    return tokens
