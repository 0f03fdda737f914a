"""CONSENT from drop to drop: a no stops what an earlier yes let in, and a yes of before that no lets nothing in.

The demographics of a drop have no time of their own: a word is of the newest answer of its person in the drop, and of two words of
one time the refusal stands. Whoever never consented has nothing here to stop: of them no event is made. Remembered are tokens and
times, of a refusal too, since an older drop that comes late would let in what was refused.

A no of somebody who answered nothing in its drop has no time: it counts at the newest yes read before it, and a yes of after that
lifts it. Read before that yes, it takes nothing back: nobody can say which of the two was newer.

That a drop was read does not say that its no arrived: the broker may be away, and the file overwritten before it is back. So each
drop that has the person tells the choice that stands, as the same event, whether it says that itself, something older or nothing.

Source: social-standards.md R23 (revocation stops new use at once and withdraws open flags); CONSENT Y/N as in §5.
"""

from __future__ import annotations

from hub.domain.absent_rows import Chosen, Memory, microseconds, moment
from hub.domain.events import Consent
from hub.domain.ids import content_hash
from hub.mapping.program import EPOCH
from hub.mapping.screening_set import PersonKey, ScreeningSet
from hub.mapping.stamp import Stamp

__all__ = ["DropConsents"]

_GIVEN, _REFUSED = 1, 2


class DropConsents:
    """Of one drop, beside what was told before. `remember` once the drop was read to its end."""

    def __init__(self, people: ScreeningSet, stamp: Stamp, memory: Memory) -> None:
        self._people, self._stamp, self._memory = people, stamp, memory
        self._known = memory.choices()

    def outdated(self, who: PersonKey) -> bool:
        """Whether this person said no later than, or when, this drop says yes."""
        refused = self._before(who).refused
        return refused is not None and refused >= self._at(who)

    def choice(self, who: PersonKey) -> Consent | None:
        """The choice of somebody that stands after this drop: taken back where something was taken in, or given after that."""
        (given, refused), at = self._before(who), self._at(who)
        if self._people.told_people().get(who, False):
            given = max(at, given or at)  # an outdated one may have been let in where nothing was remembered yet
        elif self._people.refused(who) and given is not None:
            refused = max(self._refused_at(who), refused or 0)
        if given is None or refused is None:
            return None
        return self._event(who, max(given, refused), revoked=refused >= given)

    def remember(self) -> None:
        told: dict[str, Chosen] = {}
        for who, given in self._people.told_people().items():
            if given and not self.outdated(who):
                told[self._token(who)] = Chosen(given=self._at(who))
            elif self._people.refused(who):
                told[self._token(who)] = Chosen(refused=self._refused_at(who))
        self._memory.chose(told)

    def _event(self, who: PersonKey, when: int, *, revoked: bool) -> Consent:
        at, word = moment(when), "revoked" if revoked else "given"
        fields = self._stamp.fields(
            self._stamp.fact_key(Consent.kind, *who),
            source_person=self._token(who),
            changed_at=at,
            status_rank=_REFUSED if revoked else _GIVEN,
            content=content_hash(word),
            occurred_on=at.date() if at != EPOCH else None,
        )
        return Consent(**fields, status="revoked" if revoked else "given")

    def _before(self, who: PersonKey) -> Chosen:
        return self._known.get(self._token(who), Chosen())

    def _token(self, who: PersonKey) -> str:
        return self._stamp.person(*who)

    def _refused_at(self, who: PersonKey) -> int:
        """Without a time of its own a no is of the newest yes before it."""
        given = self._before(who).given
        return given if self._people.newest(who) is None and given is not None else self._at(who)

    def _at(self, who: PersonKey) -> int:
        return microseconds(self._people.newest(who) or EPOCH)
