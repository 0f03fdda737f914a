"""Whether the exit of an enrollment stands: what the newest export says that has it, standing or deleted, in any order of arrival.

The end of a stay is told in an Exit row and makes part of the fact of its Enrollment row, so that what deletes and restores facts
(hub.domain.absent_rows) does not reach it: an exit that came back without a new change time left its stay open. Its row is
remembered beside; what an older export says that a newer one undid is read as the newer one says it, and what the newest says is
told above all that older ones said. An exit that an export does not have is not deleted by that: its stay stays ended.

Limit: whether the stay is ended is the same in any order, the day of its end is that of the row changed last. Where an exit is back
with another day and no later change time, the day that stands depends on the order in which the exports arrived.

Source: social-standards.md R4, §1.3 (DateDeleted is a soft delete that a later export may restore).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from hub.domain.absent_rows import END_OF_STAY, Standing, Telling, Told, microseconds, moment, restored_rank
from hub.mapping.program import MappingContext
from hub.mapping.shelters_exits import Exit
from hub.mapping.shelters_index import Index
from hub.mapping.stamp import Stamp

__all__ = ["Ends"]

_Version = tuple[datetime, int]


class Ends:
    """Of one export made at `made_at`. To be made before its rows are read: the index is corrected. `context`: as the rows are to
    be read. `remember` lays aside what it says."""

    def __init__(self, index: Index, context: MappingContext, made_at: int, telling: Telling) -> None:
        self._index, self._stamp, self._made_at, self._telling = index, Stamp(context), made_at, telling
        self._told: list[Told] = []
        self._above: dict[str, _Version] = {}
        for enrollment, left in list(index.exits.items()):
            if self._is_stay(enrollment):
                self._look_at(enrollment, left)
        for enrollment in self._open():
            self._still_open(enrollment)
        self.context = replace(context, rises=self._rising(context.rises)) if self._above else context

    def remember(self) -> None:
        for told in self._told:
            self._telling.fact(told)

    def _is_stay(self, name: str) -> bool:
        enrollment = self._index.enrollments.get(name)
        if enrollment is None or enrollment.clashes:
            return False
        project = self._index.project_of(enrollment)
        return project.overnight and not project.stopped

    def _open(self) -> Iterator[str]:
        """Enrollments that are presence as long as they are open, and have no exit here."""
        index = self._index
        for name, enrollment in index.enrollments.items():
            stands = name not in index.exits and not enrollment.deleted
            if stands and not index.project_of(enrollment).nightly and self._is_stay(name):
                yield name

    def _look_at(self, enrollment: str, left: Exit) -> None:
        end, stands = self._stamp.fact_key(END_OF_STAY, enrollment), left.undeleted is None
        before = self._telling.standing(end, end)
        changed = microseconds(left.changed_at) if left.changed_at else 0
        project = self._index.enrollments[enrollment].project
        self._told.append(Told(end, end, END_OF_STAY, self._stamp.site(project), 0, 0, 0, changed, stands, ""))
        if before is None:
            return
        newer = max(before.stood or 0, before.deleted or 0) > self._made_at
        if newer and before.stands != stands:
            self._index.exits[enrollment] = left.undeleted or Exit(None, None, left.content)
        elif not newer and (before.deleted if stands else before.stood) is not None:
            self._lift(enrollment, before, changed)

    def _still_open(self, enrollment: str) -> None:
        end = self._stamp.fact_key(END_OF_STAY, enrollment)
        before = self._telling.standing(end, end)
        if before is not None and not before.stands and (before.deleted or 0) < self._made_at:
            self._lift(enrollment, before, 0)

    def _lift(self, enrollment: str, before: Standing, changed: int) -> None:
        above = moment(max(before.changed, changed)), restored_rank(self._made_at)
        self._above[self._stamp.fact_key("enrollment", enrollment)] = above

    def _rising(self, others: Callable[[str], _Version | None] | None) -> Callable[[str], _Version | None]:
        above = self._above

        def rises(fact: str) -> _Version | None:
            found = [each for each in (above.get(fact), others(fact) if others else None) if each is not None]
            return max(found, default=None)

        return rises
