"""From the files of an installation to what each of its connectors should be (hub.connectors.fleet.Order).

| files | connector |
| --- | --- |
| all well | runs as they say; the version that ran before stands ready where the new one cannot be opened |
| a secret cannot be used (a line that is no key) | runs on with what it read before; a secret that is gone stops it |
| the folder does not load | runs on as before, under the agreement as it is now; where nothing ran, it is off and says why |
| no agreement, a broken one, or one not in force today | takes nothing in, at once: what was granted before is no grant |
| `enabled: false`, or the folder is gone | takes nothing in |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from hub.connectors.catalog import SHIPPED, Catalogue, Connector
from hub.connectors.catalog.map_lock import map_parts, unraised_parts
from hub.connectors.fleet import Order, Running, Version
from hub.connectors.reload import Looks, Prints
from hub.connectors.watch import Watch
from hub.domain.agreement import IntakeAgreement
from hub.errors import ConfigError, SecretGone
from hub.ops.logs import logger
from hub.privacy.agreements import NONE_YET, intake_agreement
from hub.wiring_reading import catalogue
from hub.wiring_workshop import Workshop

__all__ = ["DISABLED", "NO_AGREEMENT", "REMOVED", "Loaded", "Orders", "nothing_to_run"]

NO_AGREEMENT, DISABLED, REMOVED = "no-agreement", "disabled", "removed"
log = logger(__name__)


class Loaded(NamedTuple):
    """A connector as it loaded, and the fingerprint of the folder that it was read from (`Version.source`). `map`: of what decides
    what a record becomes, by part; `unraised`: it changed, and `mapping_version` did not; `secrets`: of those it was made with."""

    connector: Connector
    print: str
    map: Mapping[str, str] = {}
    unraised: bool = False
    secrets: str = ""


class Orders:
    """Asked every few seconds, from one thread. `last(name)` is the version that runs, or ran last."""

    def __init__(self, workshop: Workshop, last: Callable[[str], Version | None], today: Callable[[], date]) -> None:
        instance = workshop.settings.instance
        self._workshop, self._last, self._today = workshop, last, today
        self._agreements = instance / "agreements"
        self._looks = Looks([SHIPPED, instance / "connectors"], self._agreements, instance / "secrets")
        self._loaded: dict[str, tuple[tuple[Path, str], Loaded | None, str]] = {}
        self._agreed: dict[str, tuple[tuple[str, date], IntakeAgreement | None, str]] = {}
        self._judged_before: dict[str, Loaded] = {}
        self._first_judged: dict[str, Loaded] = {}
        self._withdrawn: dict[str, str] = {}  # connector → fingerprint of secrets that lack one it had
        self._known: set[str] = set()
        self._read: Catalogue | None = None

    def now(self) -> Mapping[str, Order]:
        """By name; those that are gone since an earlier call are off."""
        prints, self._read = self._looks.look(), None
        gone = self._known - prints.keys()
        self._known |= prints.keys()
        orders = {name: self._order(name, found) for name, found in prints.items()}
        return {**orders, **{name: Order(off=REMOVED, detail="its folder is gone") for name in gone}}

    def meant(self, orders: Mapping[str, Order]) -> list[Connector]:
        """Those of these orders that are meant to run: switched on, with an agreement, were it broken or expired; of a folder that
        does not load what loaded before."""
        off = [name for name, order in orders.items() if order.off in (DISABLED, REMOVED)]
        off += [name for name, order in orders.items() if order.off and order.detail.startswith(NONE_YET)]
        return [each.connector for name, each in self._judged_before.items() if name in orders and name not in off]

    def _order(self, name: str, prints: Prints) -> Order:
        loaded, complaint = self._load(name, prints)
        if loaded is not None and not loaded.connector.enabled:
            return Order(off=DISABLED, detail=f"{prints.path}: enabled: is false")
        agreement, refusal = self._agreement(name, prints.agreement)
        if agreement is None and (loaded is not None or self._last(name) is not None):
            return Order(off=NO_AGREEMENT, detail=refusal)
        before = self._last(name)
        ran = before.source if before is not None else None
        candidates = [(loaded, prints), (ran, prints)]
        if isinstance(ran, Loaded) and self._withdrawn.get(name) != prints.secrets:
            candidates.append(
                (ran, prints._replace(secrets=ran.secrets))
            )  # it alone has read those, and only while it runs
        versions: dict[str, Version] = {}
        for each, made_of in candidates:
            if isinstance(each, Loaded) and agreement is not None:
                version = self._version(each, agreement, made_of)
                versions.setdefault(version.key, version)
        return Order(tuple(versions.values()), complaint)

    def _version(self, loaded: Loaded, agreement: IntakeAgreement, prints: Prints) -> Version:
        async def make(watch: Watch) -> Running:
            await self._workshop.check_topics(loaded.connector, agreement)
            try:
                return self._workshop.make(loaded.connector, agreement, watch)
            except SecretGone:
                self._withdrawn[loaded.connector.name] = prints.secrets
                raise

        told = f"{loaded.print} {prints.agreement} {prints.secrets}"
        connector = loaded.connector
        facts = {
            "door": connector.door.kind,
            "mapping_version": connector.mapping_version,
            "agreement": agreement.agreement_id,
            "unraised": loaded.unraised,
        }
        source = loaded._replace(secrets=prints.secrets)
        return Version(sha256(told.encode()).hexdigest()[:12], make, source, facts)

    def _load(self, name: str, prints: Prints) -> tuple[Loaded | None, str]:
        """The connector, or why it does not load; read again only when its folder changed."""
        print_ = (prints.path, prints.folder)
        known = self._loaded.get(name)
        if known is None or known[0] != print_:
            found = self._catalogue()
            complaint = found.broken.get(name, "")
            if not complaint and name not in found:
                complaint = f"{prints.path}: went away while it was read"
            known = (print_, None, complaint)
            if not complaint:
                try:
                    known = (print_, self._judged(name, found[name], prints.folder), "")
                except (ConfigError, OSError):
                    known = (print_, None, f"{prints.path}: its codes or hooks changed while they were read")
            complaint = known[2]
            if complaint:
                log.error("the folder of a connector does not load", connector=name, exc_info=ConfigError(complaint))
            self._loaded[name] = known
        return known[1], known[2]

    def _judged(self, name: str, connector: Connector, print_: str) -> Loaded:
        """Against the first that loaded under this version and its map.lock: outcomes of another map under one version have the
        same ids, and none sorts after."""
        loaded = Loaded(connector, print_, map_parts(connector), bool(unraised_parts(connector)))
        before, first = self._judged_before.get(name), self._first_judged.get(name)
        if first is None or first.connector.mapping_version != loaded.connector.mapping_version:
            self._first_judged[name] = loaded
        elif before is not None:
            loaded = loaded._replace(unraised=loaded.unraised or first.map != loaded.map)  # not so once it is restored
            if loaded.map not in (before.map, first.map):
                log.warning("the map or codes of a connector changed, its mapping_version did not", connector=name)
        self._judged_before[name] = loaded
        return loaded

    def _catalogue(self) -> Catalogue:
        """All folders as they are now, read once per call of `now`."""
        if self._read is None:
            self._read = catalogue(self._workshop.settings.instance)
        return self._read

    def _agreement(self, name: str, print_: str) -> tuple[IntakeAgreement | None, str]:
        day = self._today()
        known = self._agreed.get(name)
        if known is None or known[0] != (print_, day):
            try:
                known = ((print_, day), intake_agreement(self._agreements, name, day), "")
            except ConfigError as why:
                known = ((print_, day), None, str(why))
                log.warning("connector is off: no agreement in force", connector=name, exc_info=why)
            self._agreed[name] = known
        return known[1], known[2]


def nothing_to_run(orders: Mapping[str, Order]) -> str | None:
    """Why no connector can start, in one line; None when one may. A folder or an agreement that is there and no good is named
    before an agreement that nobody wrote."""
    if any(order.versions for order in orders.values()):
        return None
    broken = {name: order.complaint for name, order in orders.items() if order.complaint}
    without = {name: order.detail for name, order in orders.items() if order.off == NO_AGREEMENT}
    refused = broken | dict(sorted(without.items(), key=lambda each: each[1].startswith(NONE_YET)))
    if not refused:
        return "no connector can start: none is enabled"
    first, *others = (why.replace("\n", "; ") for why in refused.values())
    names = f" (and {len(others)} more, each named in the log)" if others else ""
    return f"no connector can start: {first}{names}"
