"""A first connector.yaml out of a sample: columns and types inferred, a map proposed for names that are recognised.

Proposed is what a name or the hub's own code tables say; everything else is a TODO for people. A draft always loads, and
its agreement is a draft too: nothing is taken in under it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from hub.connectors.drafting_fields import apart_by, block_of, fields_of, kind_of, names_of, person_of, voided
from hub.connectors.drafting_pad import Pad
from hub.connectors.drafting_samples import Sample, is_hl7, read_sample
from hub.connectors.drafting_standards import Proposal, of_messages, of_resources
from hub.connectors.drafting_words import BLOCK, CHANGED, LEFT, OCCURRED, RESULTED, SITE, TRANSPORT

__all__ = ["Draft", "draft"]


class Draft(NamedTuple):
    """`files`: text by path below the connector's folder; `todo`: what people must decide, in words; `sample`: path and content of
    the sample as its connector reads it (a workbook as the table that it holds)."""

    files: Mapping[str, str]
    todo: tuple[str, ...]
    sample: tuple[str, bytes]


def draft(name: str, sample: Path, today: date, *, header: bool = False) -> Draft:
    """A draft for the sample; ConfigError when nothing can be read of it, or its first row looks like a record; `header`: it names
    the columns, whatever it looks like."""
    kept = (f"samples/{sample.name}", sample.read_bytes())
    if is_hl7(sample, kept[1]):
        pad = Pad(name, Sample("hl7v2", {}))
        proposed = of_messages(pad, kept[1])
    else:
        read = read_sample(sample, header=header)
        kept = kept if read.table is None else (f"samples/{sample.stem}.csv", read.table)
        pad = Pad(name, read)
        proposed = of_resources(pad) if read.resource is not None else _of_table(pad)
    files = _files(pad, proposed, today)
    return Draft(files, tuple(pad.todo), kept)


def _of_table(pad: Pad) -> Proposal:
    kind = kind_of(pad)
    person = person_of(pad)
    changed, site = pad.find(CHANGED) or (pad.find(RESULTED) if kind == "lab-result" else None), pad.find(SITE)
    happened = pad.find(OCCURRED) or _the_day(pad, kind, changed)
    rule: dict[str, Any] = {"event": kind}
    when = pad.date(happened, required=True) if happened else None
    if when:
        rule["occurred_on"] = when
    if changed and changed != happened and (told := pad.date(changed)):
        rule["changed_at"] = told
    rule |= voided(pad)
    rule["fields"] = fields_of(pad, kind, site, when)
    block = {name: block_of(pad, name, column) for name, hints in BLOCK.items() if (column := pad.find(hints))}
    block = names_of(pad) | {name: given for name, given in block.items() if given is not None}
    key = [person] + ([happened] if when and happened else []) + apart_by(pad, kind, person)
    identity = {"id": person, "authority": {"value": pad.name}, "ignore": [], "block": block}
    return Proposal(kind, rule, identity, key)


def _the_day(pad: Pad, kind: str, changed: str | None) -> str | None:
    """Where no column is called like the day it happened: the only one that holds days, if there is just one."""
    if kind in ("person", "site"):
        return None
    others = {changed, *(pad.find(BLOCK[name]) for name in BLOCK), pad.find(LEFT)}
    found = [column for column in pad.dated() if column not in others and pad.words[column] not in TRANSPORT]
    if len(found) == 1:
        pad.todo.append(f"map.occurred_on: {found[0]} is the only column of days; is it the day that it happened?")
        return found[0]
    named = f"; {' and '.join(found)} hold days" if found else ""
    pad.todo.append(
        f"map.occurred_on: no column is called like the day that it happened{named}: name it, and put it into `dedupe`"
    )
    return None


def _files(pad: Pad, proposed: Proposal, today: date) -> dict[str, str]:
    source: dict[str, Any] = {
        "sector": "labs" if proposed.kind == "lab-result" else "other",
        "format": pad.sample.format,
    }
    source |= {"standard": "TODO: what its users call it", "timezone": "America/New_York"}
    if pad.sample.format == "hl7v2":
        source["each"] = "OBX"
    elif pad.sample.each not in (None, "[]"):
        source["each"] = pad.sample.each
    document = {
        "name": pad.name, "title": f"TODO: what {pad.name} sends", "source": source,
        "door": {"kind": "mllp"} if pad.sample.format == "hl7v2" else {"kind": "file-drop", "unit": "file"},
        "cadence": {"expected_every_s": 86400, "grace_s": 3600}, "emits": [proposed.kind], "dedupe": proposed.dedupe,
        "identity": proposed.identity, "map": [proposed.rule],
    }  # fmt: skip
    pad.todo += [
        "source: sector and standard",
        "source.timezone: America/New_York is a guess; in which zone does the source write its times?",
        "dedupe: do these values name one fact, and no other?",
    ]
    if transport := _transport(pad, yaml.safe_dump(document)):
        source["transport"] = transport
        pad.todo.append("source.transport: do these say something of the export only, and nothing of the fact?")
    used = yaml.safe_dump(document)
    unused = [column for column in pad.columns if column not in used]
    rest = [f"#   {column}: {len(set(pad.columns[column]))} different values" for column in unused]
    if unused:
        pad.todo.append(f"nobody maps yet: {', '.join(unused)}")
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    text += "\n".join(["# Columns that nobody maps yet:", *rest, ""]) if rest else ""
    files = {
        "connector.yaml": "# Drafted by `hub connector new`; docs/connector-yaml.md explains every field.\n" + text
    }
    files |= {f"codes/{name}.csv": table for name, table in pad.codes.items()}
    files["agreement.draft.yaml"] = _agreement(pad, proposed, today)
    return files


def _transport(pad: Pad, used: str) -> list[str]:
    """Columns that nobody maps and that are called like what changes with every export."""
    plain = re.compile(r"[\w.$]+\Z" if pad.sample.format != "csv" else r".+\Z")
    return [
        column for column, told in pad.words.items() if told in TRANSPORT and column not in used and plain.match(column)
    ]


def _agreement(pad: Pad, proposed: Proposal, today: date) -> str:
    document = {
        "kind": "intake", "agreement_id": f"draft-{pad.name}", "connector": pad.name,
        "discloser": "TODO: who hands the data over", "recipient": "TODO: who receives it",
        "basis": "TODO: the law or contract it rests on", "valid_from": today,
        "valid_until": today.replace(year=today.year + 1, day=min(today.day, 28)),
        "purposes": ["isolation-support", "vaccine-equity"], "labels": ["R"], "retention_days": 30,
        "person_block": [*proposed.identity["block"], "local_id"], "events": {proposed.kind: list(proposed.rule["fields"])},
    }  # fmt: skip
    head = "# DRAFT: for `hub connector try` only. Have it corrected and signed, then put it into <instance>/agreements/.\n"
    return head + yaml.safe_dump(document, sort_keys=False, width=110)
