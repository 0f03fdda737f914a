"""A case of the corpus, and the short words in which its outcomes are told and compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from hub.mapping.program import Mapped

__all__ = ["Case", "told", "words"]


class Case(NamedTuple):
    """A file and what it says: one `told` a record, in order."""

    name: str
    data: bytes
    expected: tuple[str, ...]

    @classmethod
    def of(cls, name: str, data: bytes | str, *expected: str) -> Case:
        return cls(name, data.encode() if isinstance(data, str) else data, expected)


def told(found: Iterable[Mapped]) -> tuple[str, ...]:
    """What a program made of a file."""
    return tuple(
        words(one.outcome, one.type, one.reason, {} if one.event is None else one.event.model_dump()) for one in found
    )


def words(outcome: str, kind: str | None, reason: str | None, event: Mapping[str, Any]) -> str:
    """`positive final`, `administered 208 covid historical`, `coverage medicaid`, `person`, `rejected no-patient`, …; `nobody`
    where the event can never become a person, `test` where it does not count."""
    if outcome != "event":
        return f"{outcome} {reason}"
    match kind:
        case "lab-result":
            said = [event["meaning"], event["status"]]
        case "coverage":
            said = [kind, event["payer_class"]]
        case "vaccination":
            said = [event["status"], event["cvx"] or event["ndc"] or "-"]
            said += [name for name in ("covid", "historical") if event.get(name)]
        case _:
            said = [str(kind)]
    said += ["test"] if event.get("processing", "production") != "production" else []
    said += ["nobody"] if event["source_person"] is None else []
    return " ".join(said)
