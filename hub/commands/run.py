"""`hub run ROLE`: one process of the hub in the foreground, ending with the exit code its supervisor acts on."""

from __future__ import annotations

import sys
import traceback

import click

from hub.config import ROLES, instance_dir, load_settings
from hub.errors import EXIT_CONFIG, EXIT_RETRY, ConfigError, HubError


@click.command()
@click.argument("role", type=click.Choice(ROLES))
@click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")
@click.option("--port", type=int, help="Where /metrics, /livez, /readyz are served (default: settings, else any).")
def run(role: str, instance: str | None, port: int | None) -> None:
    """Run one role until SIGTERM. Exit 0 drained, 70 start me again, 78 do not: the installation is wrong."""
    try:
        settings = load_settings(instance_dir(instance))
        if port is not None:
            settings = settings.model_copy(update={"ports": {**settings.ports, role: port}})
        from hub.wiring import run_role

        run_role(role, settings)
    except ConfigError as why:
        _end(f"{role}: {why}", EXIT_CONFIG)
    except HubError as why:
        _end(f"{role}: {type(why).__name__}: {why}", EXIT_RETRY)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as why:
        # Only where it happened: the text of a foreign exception may hold a value.
        where = traceback.extract_tb(why.__traceback__)[-1]
        _end(f"{role}: unexpected {type(why).__name__} at {where.filename}:{where.lineno}", EXIT_RETRY)


def _end(line: str, code: int) -> None:
    """The last line of the log is the reason: the supervisor quotes it."""
    click.echo(line, err=True)
    sys.exit(code)
