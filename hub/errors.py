"""The failure model, sorted by what to do next.

HubError
├── ConfigError   the installation is wrong: stop, say why, exit 78; nothing to retry
│   ├── UnknownName   somebody named what is not there (a connector, a topic): exit 2 on a command line
│   └── SecretGone    a secret file is not there, empty, or open to others: what it let in is let in no more
├── Reject        this input is wrong: dead letter with a reason code, then go on with its neighbours
├── RetryError    a peer or the broker is away: nothing is acknowledged, exit 70, the supervisor restarts
└── FatalError    a promise would be broken by going on (a lost delivery report, a hole in the log): exit 70 at once

No exception text may hold a raw value, a name, an id or a birth date: reason codes and positions only.
"""

from __future__ import annotations

EXIT_USAGE = 2
EXIT_RETRY = 70
EXIT_CONFIG = 78


class HubError(Exception):
    """Anything the hub raises on purpose."""


class ConfigError(HubError):
    """The installation is wrong; the text says what to change."""


class UnknownName(ConfigError):
    """A name that nothing has, said on a command line: exit 2, with the names that come near."""


class SecretGone(ConfigError):
    """A secret file cannot be used as a whole: who takes a secret away means it, who slips in a line of it does not."""


class Reject(HubError):
    """One input cannot become an event.

    `reason` is a closed-set code such as `no-consent`, `stage` the step that refused it (`parse`, `map`, `agreement`, `encode`),
    `where` a position in the source (a row or message number, a segment): never a value.
    """

    def __init__(self, reason: str, stage: str = "map", where: str = "") -> None:
        super().__init__(f"{stage}:{reason}" + (f" at {where}" if where else ""))
        self.reason = reason
        self.stage = stage
        self.where = where


class RetryError(HubError):
    """A peer did not answer in time; the same work may go through later."""


class FatalError(HubError):
    """Going on would break the promise; the process must end without acknowledging anything."""
