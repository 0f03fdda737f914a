"""Groups of verbs that say which verb was meant, and import one that is costly only when it is called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import click

from hub.suggest import did_you_mean

__all__ = ["Verb", "Verbs"]


class Verb(NamedTuple):
    """Where a verb's click command stands (`module:attribute`) and its line in the help of its group."""

    target: str
    help: str


class Verbs(click.Group):
    """A group of verbs; a verb that it does not have is wrong usage (exit 2), and the one that was meant is named. `later`, by
    name: verbs that are imported when they are called."""

    def __init__(self, *args: Any, later: Mapping[str, Verb] | None = None, **others: Any) -> None:
        super().__init__(*args, **others)
        self.later = later or {}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted([*self.commands, *self.later])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.later:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self.later[cmd_name].target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if not self.later:
            super().format_commands(ctx, formatter)
            return
        names = self.list_commands(ctx)
        limit = formatter.width - 6 - max(map(len, names))  # what click leaves beside the names
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._line(name, limit)) for name in names])

    def _line(self, name: str, limit: int) -> str:
        return self.later[name].help if name in self.later else self.commands[name].get_short_help_str(limit)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as why:
            known = self.list_commands(ctx)
            meant = did_you_mean(args[0], known) or f"there are {', '.join(known)}"
            raise click.UsageError(f"{why.message.rstrip('.')}: {meant}", ctx) from None
