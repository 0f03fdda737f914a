"""Settings of one installation: read here and nowhere else.

Later wins: the defaults below, DIR/settings.json (what an operator chose), DIR/run.json (addresses of the stack that
runs now, only while it runs), the environment (`HUB_BOOTSTRAP`, `HUB_REGISTRY_URL`, `HUB_PROFILE`, `HUB_PARTITIONS`,
`HUB_AS_OF`, `HUB_HOST`, `HUB_TIME_ZONE`, `HUB_IDENTITY_DATABASE`, `HUB_IDENTITY_POPULATION`).
Whatever is wrong raises ConfigError with the file or variable to change.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from hub.errors import ConfigError
from hub.suggest import did_you_mean

DEFAULT_INSTANCE = Path(".hub/default")
DEMO_INSTANCE = Path(".hub/demo")
ROLES = ("registry", "connectors", "identify", "streams", "measures", "delivery", "clock")

_ENVIRONMENT = {
    "HUB_BOOTSTRAP": "bootstrap",
    "HUB_REGISTRY_URL": "registry_url",
    "HUB_PROFILE": "profile",
    "HUB_PARTITIONS": "partitions",
    "HUB_AS_OF": "as_of",
    "HUB_HOST": "host",
    "HUB_TIME_ZONE": "time_zone",
    "HUB_IDENTITY_DATABASE": "identity_database",
    "HUB_IDENTITY_POPULATION": "identity_population",
}


class Settings(BaseModel):
    """One installation, frozen once read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instance: Path
    profile: Literal["embedded", "production"] = "embedded"
    bootstrap: str | None = None  # host:port[,host:port]; embedded: known once the broker is up
    registry_url: str | None = None
    host: str = "127.0.0.1"  # where the processes listen; a container sets 0.0.0.0
    identity_database: str | None = None  # URL of a PostgreSQL, without password; None: DIR/identity.sqlite
    # People whom the records may be of: the more, the more must agree (hub.domain.who). A smaller number unites more without
    # asking, and wrongly 8 of the 97 named hard cases at 100,000 and 16 at 20,000; at the default none (docs/identity.md, "Live").
    identity_population: int = Field(default=1_000_000, ge=1_000, le=1_000_000_000)
    time_zone: str = "UTC"  # IANA name of the county's civil time: when its day begins
    # State (USPS code) whose isolation rules hold; US: the national ones.
    jurisdiction: str = Field(default="US", pattern="^[A-Z]{2}$")
    partitions: int = Field(default=4, ge=1, le=128)  # of every topic on the person path: never change it in place
    clock: Literal["wall", "scripted"] = "wall"
    as_of: date | None = None  # scripted clock: the day on which it ends
    ports: dict[str, int] = Field(default_factory=dict)  # role or door → port; absent: any free port
    broker_port: int = Field(default=0, ge=0, le=65535)  # embedded broker; 0: any free port
    broker_heap_mb: int = Field(default=512, ge=128)

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError("no such time zone: give the county's IANA name, such as America/Chicago") from None
        return name

    @field_validator("identity_database")
    @classmethod
    def _is_postgresql(cls, url: str | None) -> str | None:
        if url is None:
            return None
        try:
            parts = urlsplit(url)
            told = [parts.password, *parse_qs(parts.query).get("password", [])]
            usable = parts.scheme in ("postgresql", "postgresql+psycopg") and parts.path.strip("/") and parts.port != 0
        except ValueError:
            usable, told = "", []
        if not usable:
            raise ValueError("give postgresql://account@host/database, or nothing: then it is DIR/identity.sqlite")
        if any(told):
            raise ValueError("a URL with a password gets seen: write it into DIR/secrets/identity-database, mode 0600")
        return url

    @model_validator(mode="after")
    def _agree(self) -> Settings:
        if self.profile == "production" and not (self.bootstrap and self.registry_url):
            raise ValueError("the production profile has no embedded broker: give bootstrap and registry_url")
        if self.clock == "scripted" and self.as_of is None:
            raise ValueError("a scripted clock needs as_of, the day on which it ends")
        return self

    @property
    def replication(self) -> int:
        """Replicas of every topic: one broker has one, a cluster three."""
        return 1 if self.profile == "embedded" else 3

    @property
    def min_insync_replicas(self) -> int:
        return 1 if self.profile == "embedded" else 2

    @property
    def standbys(self) -> int:
        """Standby replicas of each table of the streams."""
        return 0 if self.profile == "embedded" else 1

    def port(self, name: str) -> int:
        """Port of a role or door; 0 means any free one."""
        return self.ports.get(name, 0)

    def require_bootstrap(self) -> str:
        """The broker's address, or a ConfigError that says how to get one."""
        if not self.bootstrap:
            raise ConfigError(f"no broker is known: run `hub up --instance {self.instance}`, or set HUB_BOOTSTRAP")
        return self.bootstrap

    def require_registry_url(self) -> str:
        """The schema registry's URL, or a ConfigError that says how to get one."""
        if not self.registry_url:
            raise ConfigError(f"no registry is known: run `hub up --instance {self.instance}`, or set HUB_REGISTRY_URL")
        return self.registry_url


def _now() -> datetime:
    return datetime.now(UTC)


def today(settings: Settings, now: Callable[[], datetime] = _now) -> date:
    """The county's civil date: what the clock ticks and what agreements are held against. `now` gives an aware time."""
    return now().astimezone(ZoneInfo(settings.time_zone)).date()


def instance_dir(chosen: str | Path | None = None) -> Path:
    """The instance directory: as given, else HUB_INSTANCE, else `.hub/default`; absolute."""
    return Path(chosen or os.environ.get("HUB_INSTANCE") or DEFAULT_INSTANCE).expanduser().absolute()


def load_settings(instance: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings of an instance as they hold now; a missing settings.json means the defaults.

    Raises ConfigError for an unreadable file, an unknown field or a value out of range, naming the field.
    """
    found: dict[str, Any] = _read(instance / "settings.json")
    running = _read(instance / "run.json").get("settings", {})
    found["ports"] = {**found.get("ports", {}), **running.pop("ports", {})}
    found.update(running)
    for variable, field in _ENVIRONMENT.items():
        if value := (os.environ if environment is None else environment).get(variable):
            found[field] = value
    return _validated({**found, "instance": instance}, source=str(instance / "settings.json"))


def save_settings(settings: Settings) -> None:
    """Writes settings.json whole or not at all."""
    path = settings.instance / "settings.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, settings.model_dump(mode="json", exclude={"instance"}, exclude_defaults=True))


def write_json(path: Path, value: object) -> None:
    """Replaces a file in one step, so a reader or a crash never sees half of it."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(json.dumps(value, indent=2) + "\n")
    part.replace(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except json.JSONDecodeError as why:
        raise ConfigError(f"{path}: line {why.lineno}, column {why.colno}: {why.msg}: mend it or remove it") from why
    except (OSError, ValueError) as why:
        raise ConfigError(f"cannot read {path} ({type(why).__name__}): mend it or remove it") from why
    if not isinstance(found, dict):
        raise ConfigError(f"{path} must hold one JSON object: mend it or remove it")
    return found


def _meant(error: ErrorDetails) -> str:
    if error["type"] != "extra_forbidden":
        return ""
    likely = did_you_mean(str(error["loc"][-1]), Settings.model_fields.keys() - {"instance"})
    return f", {likely}" if likely else ""


def _validated(found: dict[str, Any], source: str) -> Settings:
    try:
        return Settings.model_validate(found)
    except ValidationError as why:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}{_meant(e)}" for e in why.errors())
        raise ConfigError(f"{source} or a HUB_* variable is wrong: {wrong}") from why
