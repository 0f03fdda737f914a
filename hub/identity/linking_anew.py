"""A new model (or a hub that makes other blocks) while people are linked already: everybody is weighed anew, page by page.

First all blocks, values and edges are made again, while people stay as they are; then the people of each page are put right, and
what changed is told as ever: splits and merges with the new model's version. The version is written last: a worker that ends
before begins again. Human decisions stay.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from contextlib import AbstractContextManager

from hub.identity.linking import Linked, Linking
from hub.identity.store import LinkStore
from hub.ops.logs import logger

__all__ = ["PAGE", "weigh_all_anew"]

PAGE = 1_000
"""Source persons a transaction."""
_log = logger(__name__)


def weigh_all_anew(
    transaction: Callable[[], AbstractContextManager[LinkStore]],
    linking: Linking,
    tell: Callable[[LinkStore, Linked], None],
    page: int = PAGE,
) -> bool:
    """Whether the store was made by another model than `linking` has, and is now made by its. `tell` stores what changed and
    puts it into the outbox, within the transaction."""
    with transaction() as store:
        made_by, nobody = store.model(), not store.tokens_after("", 1)
        if made_by == linking.made_by:
            return False
        if nobody:
            store.put_model(linking.made_by)
            return True
        store.clear_links()
    linking.forget()
    _log.info("weighing everybody anew", model=linking.made_by)
    done, last = 0, ""
    while tokens := _page(transaction, last, page, linking.weigh_anew):
        done, last = done + len(tokens), tokens[-1]
        _log.info("weighed anew", source_persons=done)
    moved, last = 0, ""

    def settle(store: LinkStore, tokens: Set[str]) -> None:
        nonlocal moved
        linked = linking.settle(store, tokens)
        moved += len(linked.touched)
        tell(store, linked)

    while tokens := _page(transaction, last, page, settle):
        last = tokens[-1]
    with transaction() as store:
        store.put_model(linking.made_by)
    _log.info("everybody is weighed anew", model=linking.made_by, moved=moved)
    return True


def _page(
    transaction: Callable[[], AbstractContextManager[LinkStore]],
    last: str,
    most: int,
    work: Callable[[LinkStore, Set[str]], None],
) -> list[str]:
    """Work on the source persons after `last`, in one transaction; none is left where there are none."""
    with transaction() as store:
        tokens = store.tokens_after(last, most)
        if tokens:
            work(store, set(tokens))
    return tokens
