"""Groups of verbs that say which verb was meant."""

from __future__ import annotations

import click

from hub.suggest import did_you_mean

__all__ = ["Verbs"]


class Verbs(click.Group):
    """A group of verbs; a verb that it does not have is wrong usage (exit 2), and the one that was meant is named."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as why:
            known = self.list_commands(ctx)
            meant = did_you_mean(args[0], known) or f"there are {', '.join(known)}"
            raise click.UsageError(f"{why.message.rstrip('.')}: {meant}", ctx) from None
