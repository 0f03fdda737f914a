"""The command `hub`: names of verbs and exit codes; each verb's code is imported only when it runs.

Exit codes: 0 done · 1 done, and the answer is no (something rejected, not ready, not compatible) · 2 wrong usage,
or a name that nothing has · 70 a peer is away, try again · 78 the installation is wrong, the text says what to change ·
130 stopped by Ctrl-C.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from hub import __version__
from hub.errors import EXIT_CONFIG, EXIT_RETRY, EXIT_USAGE, ConfigError, HubError, UnknownName
from hub.verbs import Verb, Verbs

_OWN_PROCESS = object()
"""What `main` hands down when it was started as a program, not called: then logs and uncaught exceptions are its to set."""

VERBS = {
    "demo": Verb("hub.commands.demo:demo", "A made-up county through the real doors: needs and measures appear."),
    "up": Verb("hub.commands.stack:up", "Start the embedded stack: broker, registry, connectors, identify, streams."),
    "down": Verb("hub.commands.stack:down", "Stop it, leaving no process behind."),
    "status": Verb("hub.commands.stack:status", "What runs where, and whether it is ready."),
    "run": Verb("hub.commands.run:run", "Run one role in the foreground (what `up` and a container start)."),
    "connector": Verb("hub.commands.connector:connector", "Plug in a source system: draft, try, test, lint, remap."),
    "rejected": Verb("hub.commands.rejected:rejected", "Dead letters: list, show, explain, redrive."),
    "referral": Verb(
        "hub.commands.referral:referral", "Support needs as referrals to send: FHIR Task, ServiceRequest."
    ),
    "identity": Verb("hub.commands.identity:identity", "Who is the same person: how well records are linked, and why."),
    "audit": Verb("hub.commands.audit:audit", "The audit trail of disclosures: list, verify."),
    "preview": Verb("hub.commands.preview:preview", "The whole path without a broker: files in, needs out."),
    "topics": Verb("hub.commands.topics:topics", "List or create the topics."),
    "schemas": Verb("hub.commands.schemas:schemas", "List the contracts, or check them against the code."),
    "tail": Verb("hub.commands.tail:tail", "Follow a topic, decoded."),
    "bench": Verb("hub.commands.bench:bench", "Measure the fold on this machine."),
    "doctor": Verb("hub.commands.doctor:doctor", "What is wrong with this installation, in words."),
    "synthetic": Verb("hub.commands.synthetic:synthetic", "A made-up county as files, with the truth about it."),
    "broker": Verb("hub.commands.broker:broker", "The embedded broker's jars: fetch, list, lock."),
}


class LazyGroup(Verbs):
    """The verbs of `hub`, in the order of VERBS; called as a program it sets up logs before one runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.later)

    def invoke(self, ctx: click.Context) -> Any:
        if ctx.obj is _OWN_PROCESS:
            from hub.ops.logs import configure

            configure("cli", level="WARNING")  # else a library's log line or a traceback would show values
        return super().invoke(ctx)


@click.group(
    cls=LazyGroup, later=VERBS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120}
)
@click.version_option(__version__, prog_name="hub")
def cli() -> None:
    """Joins labs, tracing, vaccination, shelter and food systems as events, and says who needs help now."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the console script: turns the failure model into exit codes and one line on stderr."""
    try:
        own = _OWN_PROCESS if arguments is None else None
        outcome = cli.main(arguments and list(arguments), prog_name="hub", standalone_mode=False, obj=own)
    except click.ClickException as why:
        why.show()
        sys.exit(why.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except UnknownName as why:
        click.echo(f"hub: {why}", err=True)
        sys.exit(EXIT_USAGE)
    except ConfigError as why:
        click.echo(f"hub: {why}", err=True)
        sys.exit(EXIT_CONFIG)
    except HubError as why:
        click.echo(f"hub: {type(why).__name__}: {why}", err=True)
        sys.exit(EXIT_RETRY)
    sys.exit(outcome if isinstance(outcome, int) else 0)
