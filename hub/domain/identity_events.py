"""What identify tells about links: who a source person is now, and every decision behind it. Tokens and codes only."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from hub.domain.events import Model

__all__ = ["Decision", "Link"]


class Link(Model):
    """The person a source person belongs to now (compacted by source_person; the highest revision is the newest)."""

    kind: ClassVar[str] = "link"

    source_person: str
    person_key: str
    link_revision: int


class Decision(Model):
    """One decision of the linkage zone, replayed by a rebuild; `decision` numbers them without a hole."""

    kind: ClassVar[str] = "decision"

    decision: int
    grade: Literal["create", "link", "merge", "split"]
    person_key: str
    evidence: tuple[str, ...] = Field(description="codes: what spoke for it")
    model: str = Field(description="version of the comparison that decided")
    actor: str = Field(description="`identify`, or the reviewer's role")
    moved: tuple[str, ...] = Field(description="source persons that changed hands")
    before: str | None = Field(description="their person_key before; None: they had none")
    after: str = Field(description="their person_key now")
