"""Data-use agreements at the command line: the one an offline trial runs under, and `hub connector agree`, which writes one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click
import yaml

from hub.config import instance_dir, load_settings, today
from hub.connectors.catalog import Connector, find
from hub.declared import read_declared
from hub.domain.agreement import IntakeAgreement, grantable
from hub.errors import ConfigError
from hub.privacy.agreements import DRAFT, EXAMPLES, intake_agreement
from hub.wiring_reading import catalogue

__all__ = ["DRAFT", "agree", "trial_agreement", "ungranted"]

_PURPOSES = ("isolation-support", "vaccine-equity")
"""What data is granted for where nobody says otherwise."""
_SHORTEST_BASIS = 3  # as hub.domain.agreement has it
_FOLLOWING = ("ssn", "member_id")
"""Numbers that follow a person through every system: of a shipped connector granted only where they are asked for by name."""
_IN_PLACE_OF_NAMES = ("hashed", "local_id", "state", "county")
"""All that is granted of people whose source may not share identifiers."""
_HEAD = "# Written by `hub connector agree`: whoever signs agreements reads it and corrects it. What is not named is not taken.\n"


def trial_agreement(connector: Connector, file: Path | None, directory: Path) -> IntakeAgreement:
    """The one given, the installation's, the folder's draft, the shipped example, or all that the map fills, in this order.

    What is nobody's real agreement is said aloud on stderr, and so is what it would take away.
    """
    name, signed = connector.name, directory / "agreements" / f"{connector.name}.yaml"
    if file is not None:
        return _given(file, connector, today(load_settings(directory)))
    if signed.is_file():
        return intake_agreement(signed.parent, name, today(load_settings(directory)))
    draft = connector.folder / DRAFT if connector.folder is not None else None
    if draft is not None and draft.is_file():
        agreement, what = read_declared(draft, IntakeAgreement), f"its {DRAFT}"
    else:
        agreement = IntakeAgreement.model_validate(_proposed(connector, today(load_settings(directory))))
        what = "the shipped example" if connector.declared is None else "one for all that its map fills"
    click.echo(
        f"no agreement yet, so this trial is under {what}; before it goes live: hub connector agree {name}", err=True
    )
    if missing := ungranted(connector, agreement):
        click.echo(f"it does not grant {', '.join(missing)}: left out below", err=True)
    return agreement


def ungranted(connector: Connector, agreement: IntakeAgreement) -> list[str]:
    """What the map fills and the agreement takes away, as `food-assistance.delivered` and `person_block.phone`."""
    filled = _filled(connector)
    found = [
        f"{kind}.{name}" for kind, fields in filled["events"].items() for name in fields
        if name not in agreement.events.get(kind, ())
    ]  # fmt: skip
    return [*found, *(f"person_block.{name}" for name in filled["person_block"] if name not in agreement.person_block)]


@click.command()
@click.argument("name")
@click.option("--discloser", help="Who hands the data over.")
@click.option("--recipient", help="Who receives it.")
@click.option("--basis", help="The law or contract it rests on, in words.")
@click.option(
    "--purpose",
    "purposes",
    multiple=True,
    help=f"What it may be used for; several are allowed (default: {' and '.join(_PURPOSES)}).",
)
@click.option(
    "--identifier",
    "identifiers",
    multiple=True,
    type=click.Choice(_FOLLOWING),
    help="Grant this number too, for linking; of a shipped connector neither is granted unasked. May be said twice.",
)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day it holds (default: a year from today).")
@click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")
def agree(
    name: str,
    discloser: str | None,
    recipient: str | None,
    basis: str | None,
    purposes: tuple[str, ...],
    identifiers: tuple[str, ...],
    until: Any,
    instance: str | None,
) -> None:
    """Write the data-use agreement of NAME: what its source agreed to share. Without one nothing is taken in.

    It grants the fields that the connector's map fills (of a shipped connector: those of the example, without `ssn` and
    `member_id`, which --identifier adds). Read it, strike what was not
    agreed; a file that is there is never written over.
    """
    directory = instance_dir(instance)
    chosen = find(name, catalogue(directory))
    path = directory / "agreements" / f"{name}.yaml"
    if path.exists():
        raise click.UsageError(f"{path} is there already: edit it, then `hub connector lint {name}`")
    wanted = {"discloser": discloser, "recipient": recipient, "basis": basis}
    if absent := [option for option, given in wanted.items() if not given]:
        raise click.UsageError(
            f"an agreement says who shares with whom, and why they may: add {' '.join(f'--{each} …' for each in absent)}"
        )
    if basis is not None and len(basis) < _SHORTEST_BASIS:
        raise click.UsageError(f"--basis: the law or contract in words, {_SHORTEST_BASIS} characters at least")
    day = today(load_settings(directory))
    document = _proposed(chosen, day) | wanted | {"agreement_id": f"{name}-1"}
    document["purposes"] = tuple(dict.fromkeys(purposes)) or document["purposes"]
    document["valid_until"] = until.date() if until else document["valid_until"]
    brought = document["person_block"]
    if absent := [each for each in identifiers if each not in brought]:
        raise click.UsageError(f"{name} brings no {' and no '.join(absent)}")
    withheld = [each for each in _FOLLOWING if each in brought and each not in identifiers and chosen.declared is None]
    document["person_block"] = tuple(each for each in brought if each not in withheld)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("x", encoding="utf-8") as out:
        out.write(_HEAD + yaml.safe_dump(_lists(document), sort_keys=False, allow_unicode=True, width=110))
    try:
        read_declared(path, IntakeAgreement)
    except ConfigError:
        path.unlink()
        raise
    click.echo(f"wrote {path}: it holds until {document['valid_until']} and grants")
    for kind, fields in document["events"].items():
        click.echo(f"  {kind}: {', '.join(fields)}")
    click.echo(f"  of the person, for linking: {', '.join(document['person_block']) or 'nothing'}")
    click.echo(f"  for the purposes: {', '.join(document['purposes'])}")
    for each in withheld:
        click.echo(
            f"  not granted: {each}; add it with --identifier {each} where the source may share it and linking needs it"
        )
    click.echo("read it and strike what was not agreed")


def _given(file: Path, connector: Connector, day: date) -> IntakeAgreement:
    """`--agreement FILE`; a day on which it does not hold is said, and no reason not to try it."""
    if not file.is_file():
        raise click.BadParameter(f"{file}: there is no such file", param_hint="--agreement")
    agreement = read_declared(file, IntakeAgreement)
    if agreement.connector != connector.name:
        raise click.BadParameter(
            f"{file} is the agreement of connector {agreement.connector}, not of {connector.name}",
            param_hint="--agreement",
        )
    if not agreement.in_force(day):
        click.echo(
            f"{file} holds from {agreement.valid_from} to {agreement.valid_until}, not today: tried all the same",
            err=True,
        )
    return agreement


def _proposed(connector: Connector, day: date) -> dict[str, Any]:
    """The document of an agreement that grants what the connector can use, for a year."""
    example = EXAMPLES / f"{connector.program}.yaml"
    if connector.declared is None and example.is_file():
        filled = read_declared(example, IntakeAgreement).model_dump(
            include={"labels", "person_block", "events", "purposes"}
        )
    else:
        filled = {"labels": ("R",), "purposes": _PURPOSES, **_filled(connector)}
    if connector.options.get("hashed"):
        filled["person_block"] = _IN_PLACE_OF_NAMES
    return {
        "kind": "intake", "agreement_id": f"trial-{connector.name}", "connector": connector.name,
        "discloser": "not said", "recipient": "not said", "basis": "not said", "valid_from": day,
        "valid_until": day.replace(year=day.year + 1, day=min(day.day, 28)), "purposes": filled["purposes"],
        "labels": filled["labels"], "retention_days": 30, "person_block": filled["person_block"], "events": filled["events"],
    }  # fmt: skip


def _filled(connector: Connector) -> dict[str, Any]:
    """Person block and fields, by event kind, that the rules of a declared map fill; of a program nobody knows."""
    events: dict[str, tuple[str, ...]] = {}
    for rule in connector.map:
        named = [name for name in grantable(rule.event) if name in rule.fields]
        events[rule.event] = tuple(dict.fromkeys((*events.get(rule.event, ()), *named)))
    block = () if connector.identity is None else (*connector.identity.block, "local_id")
    return {"person_block": tuple(dict.fromkeys(block)), "events": events}


def _lists(document: Mapping[str, Any]) -> dict[str, Any]:
    """As YAML writes it: lists where the model has tuples."""
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in document.items()}
    return plain | {"events": {kind: list(fields) for kind, fields in document["events"].items()}}
