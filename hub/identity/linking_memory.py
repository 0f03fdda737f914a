"""What linking by weights remembers from batch to batch, so that a batch reads only what is new to it. Nobody else writes.

After a batch that was rolled back it may know too much: the linker that holds it is thrown away with the transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hub.domain.ids import Ids, with_lengths
from hub.domain.linkage.comparable import Comparable
from hub.domain.linkage.encoding import NO_LANE, Lane
from hub.domain.linkage.shared import SharedValue, person_of, values_of
from hub.identity.store import LinkStore, Use

__all__ = ["EMPTY", "Memory"]

EMPTY = Comparable()
"""Says nothing: of a source person without a block, or whose key was erased."""

_MATCH = "match"
_BETWEEN = "\x1f"
_BLOCK = "block" + _BETWEEN


class Memory:
    """Comparables that were opened (up to `most` from batch to batch), and which values are a service's: all of them as tokens,
    those of remembered comparables in the clear. `ids` makes keyed tokens, `lane` filters."""

    def __init__(self, ids: Ids, most: int, lane: Lane = NO_LANE) -> None:
        self._token, self._tokens = ids.under(_MATCH), ids.each_under(_MATCH)
        self._most, self.with_filters = most, lane
        self.comparables: dict[str, Comparable] = {}
        self.shared: set[SharedValue] = set()
        self._shared_tokens: set[str] | None = None

    def begin(self, store: LinkStore) -> None:
        """At the start of a batch: forget what was not used for longest."""
        if self._shared_tokens is None:
            self._shared_tokens = store.shared()
        for token in list(self.comparables)[: max(0, len(self.comparables) - self._most)]:
            del self.comparables[token]

    def clear(self) -> None:
        """Begin anew, after the store did."""
        self.comparables.clear()
        self.shared.clear()
        self._shared_tokens = None

    def load(self, store: LinkStore, source_persons: Iterable[str]) -> Mapping[str, Comparable]:
        """Have these in memory until the batch ends; all that is in memory."""
        known, missing = self.comparables, set()
        for source_person in source_persons:
            found = known.pop(source_person, None)
            if found is None:
                missing.add(source_person)
            else:
                known[source_person] = found
        if missing:
            opened = store.comparables(missing)
            for source_person in missing:
                found = opened.get(source_person)
                self.keep(source_person, EMPTY if found is None else self.with_filters(found))
        return known

    def keep(self, source_person: str, one: Comparable) -> None:
        """Remember what counts now, with its filters."""
        self.comparables[source_person] = one
        if self._shared_tokens:
            self.shared.update(value for value in values_of(one) if self.value_token(value) in self._shared_tokens)

    def is_shared(self, value_token: str) -> bool:
        """Whether this value is a service's."""
        return self._shared_tokens is not None and value_token in self._shared_tokens

    def turn(self, value: SharedValue, value_token: str, *, shared: bool) -> None:
        """From now on the value is a service's, or isn't."""
        assert self._shared_tokens is not None
        if shared:
            self._shared_tokens.add(value_token)
            self.shared.add(value)
        else:
            self._shared_tokens.discard(value_token)
            self.shared.discard(value)

    def block_token(self, key: str) -> str:
        """A block key as it is stored."""
        return self._token(_BLOCK + key)

    def block_tokens(self, keys: Sequence[str]) -> list[str]:
        """Of many, in less time: each record of a batch has some twenty."""
        return self._tokens([with_lengths(_BLOCK + key) for key in keys])

    def value_token(self, value: SharedValue) -> str:
        """A value as it is stored."""
        return self._token("value" + _BETWEEN + value.field + _BETWEEN + value.value)

    def uses(self, source_person: str, one: Comparable) -> dict[Use, SharedValue]:
        """The values that a comparable's person uses; none where neither name nor birth date is told."""
        person, values = person_of(one), values_of(one)
        if person is None or not values:
            return {}
        names, born = person
        who = self._token("person" + _BETWEEN + _BETWEEN.join((*names, born)))
        return {Use(self.value_token(value), who, source_person): value for value in values}
