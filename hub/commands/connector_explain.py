"""Why an event is as it is, in lines for people: rule, input, code row, what the agreement removed, where it goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub.bus.avro_schema import schema_file_name
from hub.bus.topics import intake_topic
from hub.commands.connector_shown import shown
from hub.commands.connector_sources import source_lines
from hub.commands.connector_summary import mask
from hub.domain.events import EVENT_TYPES, PLACE_KINDS, Event, PersonBlock
from hub.mapping.declared.program import Traced
from hub.mapping.declared.targets import Step
from hub.mapping.program import Mapped
from hub.wiring_names import FileNames

__all__ = ["explain_lines"]


def explain_lines(
    traced: Traced, granted: Mapped, *, masked: bool, names: FileNames | None = None, given: str = ""
) -> Iterator[str]:
    """Lines about one outcome; with `masked`, what came out of the source's own text is shown by its length only. `names`: of the
    program that read it; None for a declared map, which tells its own steps. `given`: the
    name of the file that was tried; one of another name, out of a folder or zip, is told."""
    where = " ".join(_at(name, f"{part}", given) for name, part in granted.where.items()).strip()
    event = traced.mapped.event
    yield f"{where}: {granted.type or 'record'}, {granted.outcome}{f' ({granted.reason})' if granted.reason else ''}"
    for step in traced.steps:
        yield f"  {step.field:18} {_output(step, granted, masked)}  ← {step.rule}{_inputs(step, masked)}{_more(step)}"
    if names is not None:
        yield from source_lines(names, traced.mapped, masked=masked)
    if event is None:
        return
    if granted.event is not None:
        removed = list(_removed(event, granted.event))
        yield f"  the agreement removed: {', '.join(removed) or 'nothing'}"
        own = "source_person" if event.source_person else "fact_key"
        kind = type(event)
        key = "site" if kind.kind in PLACE_KINDS else own
        yield f"  to {intake_topic(kind.kind)}, key {key} {getattr(event, key)}, schema {schema_file_name(kind)}"


def _at(name: str, part: str, given: str) -> str:
    if name == "file":
        return "" if part == given else part
    return f"{name} {part}"


def _inputs(step: Step, masked: bool) -> str:
    shown = ", ".join(f"{path} = {mask(text) if masked else text}" for path, text in step.inputs)
    return f"; {shown}" if shown else ""


def _more(step: Step) -> str:
    return "".join(f"; {word}" for word in (step.code, step.note) if word)


def _output(step: Step, granted: Mapped, masked: bool) -> str:
    if step.output is None:
        return "(empty)"
    event = EVENT_TYPES.get(granted.type or "", Event)
    model = PersonBlock if step.field in PersonBlock.model_fields and step.field not in event.model_fields else event
    decided = bool(step.code) or step.rule == "constant"
    return shown(model, step.field, step.output, masked=masked and not (decided and isinstance(step.output, str)))


def _removed(event: Event, granted: Event) -> Iterator[str]:
    kept = granted.person.model_dump(exclude_none=True) if isinstance(granted.person, PersonBlock) else {}
    if isinstance(event.person, PersonBlock):
        yield from (f"person.{name}" for name in event.person.model_dump(exclude_none=True) if name not in kept)
    same: Any = ("person", "labels", "purposes", "agreement_id")
    for name in type(event).model_fields:
        if name not in same and getattr(event, name) != getattr(granted, name):
            yield name
