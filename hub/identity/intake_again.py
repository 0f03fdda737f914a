"""All intake once more, where people were linked by equal names: what weights compare of them was never kept in the registry.

The topics of intake keep everything. So each source person's counting block is read again and stored; nobody moves by it, for all
are weighed afterwards (hub.identity.linking_anew), under the person keys that they have. Cut short, it begins again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import islice

from hub.bus.consumer import Incoming
from hub.domain.events import is_production
from hub.domain.identity import version_of
from hub.errors import Reject
from hub.identity.linker import Sighting
from hub.identity.linking import Linking
from hub.identity.linking_anew import PAGE, Page, linked_by_equality
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
    """Store what counts of all who were linked by equal names; nothing, and `intake` unread, where nobody was. `intake` are all
    records of its topics, in any order; what cannot be read among them was set aside before."""
    if not linked_by_equality(transaction):
        return
    _log.info("people were linked by equal names: reading all intake again")
    left, done = iter(intake), 0
    while page := list(islice(left, PAGE)):
        with transaction() as at:
            linking.recount(at.link_store, list(_sightings(page, wire, vault)))
        done += len(page)
        beat()
    _log.info("all intake is read again", records=done)


def _sightings(records: Iterable[Incoming], wire: Wire, vault: Vault) -> Iterator[Sighting]:
    events = []
    for record in records:
        try:
            event = wire.event(record)
        except Reject:
            continue
        if event.source_person is not None and is_production(event):
            events.append(event)
    vault.load_keys(event.source_person for event in events if event.source_person is not None)
    for event in events:
        assert event.source_person is not None
        try:
            block = vault.open_person(event)
        except Reject:
            continue
        yield Sighting(event.source_person, event.source, version_of(event), block=block)
