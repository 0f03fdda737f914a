"""All intake once more, where people were linked by equal names: what weights compare of them was never kept in the registry. And
where it was, but normalised otherwise than this hub does (hub.domain.linkage.comparable.NORMAL).

The topics of intake keep everything. So each source person's counting block is read again and stored; nobody moves by it, for all
are weighed afterwards (hub.identity.linking_anew), under the person keys that they have. Cut short, it begins again. Of whom no
intake is left counts what did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from itertools import islice

from hub.bus.consumer import Incoming
from hub.domain.identity import version_of
from hub.domain.linkage import comparable
from hub.identity.linker import Sighting
from hub.identity.linking import Linking
from hub.identity.linking_anew import PAGE, UNFINISHED, Page
from hub.identity.opening import open_all
from hub.identity.ports import Wire
from hub.ops.logs import logger
from hub.privacy.vault import Vault

__all__ = ["read_again"]

_log = logger(__name__)


def read_again(
    transaction: Callable[[], AbstractContextManager[Page]],
    linking: Linking,
    intake: Iterable[Incoming],
    wire: Wire,
    vault: Vault,
    beat: Callable[[], None] = lambda: None,
) -> None:
    """Store what counts of all, as this hub normalises it; nothing, and `intake` unread, where that is stored. `intake` are all
    records of its topics, in any order; what cannot be read among them was set aside before."""
    normal = str(comparable.NORMAL)
    with transaction() as begun:
        store = begun.link_store
        model, people = store.model(), bool(store.tokens_after("", 1))
        if not people:
            store.put_normal(normal)
        if not people or (model is not None and store.normal() == normal):
            return
        store.put_normal(UNFINISHED)
        if model is not None:  # whoever goes on, and be it the hub of before, reads and weighs everybody
            store.put_model(UNFINISHED)
    because = "people were linked by equal names" if model is None else "the hub normalises otherwise than before"
    _log.info("reading all intake again", because=because)
    left, done = iter(intake), 0
    recounted: set[str] = set()
    while page := list(islice(left, PAGE)):
        with transaction() as at:
            linking.recount(at.link_store, _sightings(page, wire, vault), recounted)
        done += len(page)
        beat()
    with transaction() as ended:
        ended.link_store.put_normal(normal)
    _log.info("all intake is read again", records=done)


def _sightings(records: Sequence[Incoming], wire: Wire, vault: Vault) -> list[Sighting]:
    people = open_all(records, wire, vault).people
    return [
        Sighting(each.source_person, each.event.source, version_of(each.event), block=each.block) for each in people
    ]
