"""The HTTP-poll door against a real HTTPS server: whom it trusts, how it logs in, where it does not go."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from joserfc.jwk import ECKey, RSAKey
from pydantic import ValidationError

from hub.connectors import doors
from hub.connectors.http_poll import HttpPollOptions
from hub.errors import ConfigError, FatalError
from tests.connectors.https_server import Source, https_server
from tests.connectors.pretend import values
from tests.connectors.pulling import MemoryPositions, around_of, live_until, read_json, when
from tests.fakes import FakeBus

FAST = {
    "kind": "http-poll", "poll_s": 0.005, "first_pause_s": 0.005, "last_pause_s": 0.01, "refused_pause_s": 0.02,
}  # fmt: skip
FHIR = {"paging": {"by": "fhir", "items": "entry"}, "tls": {"ca": "ca"}}


class Scene:
    """A server of a private authority, and one connector on it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.authority, self.held = folder, trustme.CA(), ExitStack()
        self.source = Source()
        self.bus, self.positions = FakeBus(), MemoryPositions()
        self.secrets = {"ca": self.authority.cert_pem.bytes().decode()}
        self.around = around_of(folder, self.positions)

    def serve(self, source: Source | None = None, **more: Any) -> Source:
        return self.held.enter_context(https_server(source or self.source, self.authority, self.folder, **more))

    def live(self, until: Callable[[], bool], path: str = "/fhir/Patient", **options: Any) -> None:
        where = {} if "streams" in options else {"url": self.source.url + path}
        told = HttpPollOptions.model_validate({**FAST, **FHIR, **where, **options})
        self.around = around_of(self.folder, self.positions, **self.secrets)

        async def life() -> None:
            done = asyncio.Event()
            watching = asyncio.create_task(when(until, done))
            try:
                async with asyncio.timeout(240):
                    await live_until(doors.build(told, self.around), self.bus, done, read_json)
            finally:
                watching.cancel()

        asyncio.run(life())

    def ids(self) -> set[Any]:
        return set(values(self.bus.log, "event"))

    def has(self, *ids: int) -> Callable[[], bool]:
        return lambda: self.ids() >= wanted(*ids) and self.round_over()

    def round_over(self) -> bool:
        now = self.positions.now.values()
        return bool(now) and all("next" not in each and "status" not in each for each in now)

    def says(self, reason: str) -> Callable[[], bool]:
        return lambda: self.around.watch.why == reason


def wanted(*ids: int) -> set[bytes]:
    return {f"event-p{each}-208".encode() for each in ids}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    with made.held:
        yield made


def test_a_private_authority_is_trusted_where_it_is_named_and_nowhere_else(scene: Scene) -> None:
    scene.serve()
    scene.live(scene.says("http-certificate"), tls={})
    scene.secrets["ca"] = trustme.CA().cert_pem.bytes().decode()
    scene.live(scene.says("http-certificate"))
    assert not scene.ids()
    scene.secrets["ca"] = scene.authority.cert_pem.bytes().decode()
    scene.live(scene.has(*range(10)))


def test_a_certificate_for_another_name_is_refused(scene: Scene) -> None:
    scene.serve(name="elsewhere.example.org")
    scene.live(scene.says("http-certificate"))


def test_a_client_certificate_is_shown_where_the_server_wants_one(scene: Scene) -> None:
    clients = trustme.CA()
    scene.serve(clients=clients)
    # Under TLS 1.3 some servers hang up without an alert: then nobody can tell why.
    scene.live(lambda: scene.around.watch.why in ("http-client-certificate", "http-unreachable"))
    assert not scene.source.seen
    ours = clients.issue_cert("hub.example.org")
    scene.secrets |= {"cert": ours.cert_chain_pems[0].bytes().decode(), "key": ours.private_key_pem.bytes().decode()}
    scene.live(scene.has(*range(10)), tls={"ca": "ca", "certificate": "cert", "key": "key"})


def test_secrets_of_tls_that_are_none_are_configuration_errors(scene: Scene) -> None:
    scene.source.url = "https://localhost:1"
    with pytest.raises(ConfigError, match="no secret"):
        scene.live(lambda: False, tls={"ca": "not-there"})
    scene.secrets["ca"] = "no certificate"
    with pytest.raises(ConfigError, match="PEM"):
        scene.live(lambda: False)
    with pytest.raises(ValidationError, match="belong together"):
        scene.live(lambda: False, tls={"certificate": "cert"})


@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
def test_smart_backend_services_log_in_with_a_signed_assertion_again_when_a_token_ends_between_pages(
    algorithm: str, scene: Scene
) -> None:
    key: RSAKey | ECKey = RSAKey.generate_key(2048) if algorithm == "RS384" else ECKey.generate_key("P-384")
    scene.source.public, scene.source.algorithm = key, algorithm
    scene.secrets["our-key"] = key.as_pem(private=True).decode()
    scene.serve()
    login = {
        "token_url": f"{scene.source.url}/token", "client_id": "hub", "by": "private-key", "secret": "our-key",
        "key_id": "k1", "algorithm": algorithm, "scope": "system/*.rs",
    }  # fmt: skip
    scene.live(scene.has(*range(10)), login=login)
    assert len(scene.source.assertions) >= 2
    assert {each["kid"] for each in scene.source.assertions} == {"k1"}
    with pytest.raises(ConfigError, match="no private key"):
        scene.live(lambda: False, login={**login, "algorithm": "ES384" if algorithm == "RS384" else "RS384"})


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_source_that_is_busy_is_left_alone_as_long_as_it_says(form: str, scene: Scene) -> None:
    scene.serve()
    now, began = datetime.now(UTC), time.monotonic()
    until = (now + timedelta(seconds=3)).replace(microsecond=0)  # dates know no fractions
    scene.source.busy = [{"retry-after": "1" if form == "seconds" else format_datetime(until, usegmt=True)}]
    scene.live(scene.has(*range(10)))
    first, second = (at for _, at, _ in scene.source.seen[:2])
    free = first + 1 if form == "seconds" else began + (until - now).total_seconds()
    assert second >= free - 0.1


def test_resources_of_one_system_are_streams_with_positions_of_their_own(scene: Scene) -> None:
    scene.serve()
    streams = tuple(
        {"name": kind.lower(), "url": f"{scene.source.url}/fhir/{kind}"} for kind in ("Patient", "Observation")
    )
    both = wanted(*range(10), *range(1_000, 1_010))
    scene.live(lambda: scene.ids() == both and len(scene.positions.now) == 2 and scene.round_over(), streams=streams)
    assert set(scene.positions.now) == {"patient", "observation"}
    with pytest.raises(ValidationError, match="one name"):
        scene.live(lambda: False, streams=(streams[0], streams[0]))


def test_a_page_that_unpacks_to_more_than_its_limit_is_not_taken(scene: Scene) -> None:
    scene.serve()
    scene.live(scene.says("http-too-large"), "/bomb")


def test_a_redirect_is_not_followed_and_said(scene: Scene) -> None:
    scene.serve()
    scene.live(scene.says("http-redirect"), "/moved")
    assert {path for path, *_ in scene.source.seen} == {"/moved"}


@pytest.mark.parametrize("k", [0, 4, 9])
def test_a_bulk_export_that_is_cut_killed_and_packed_comes_whole(k: int, scene: Scene) -> None:
    scene.serve()
    scene.source.cut_short = 2
    scene.bus.crash_after = k
    with pytest.raises(FatalError):
        scene.live(lambda: False, "/fhir/Patient/$export", export={})
    scene.bus.crash_after = None
    scene.live(
        scene.has(*range(10)), "/fhir/Patient/$export", export={}, poll_s=600
    )  # no next one while it is looked at
    assert scene.ids() == wanted(*range(10))
    assert scene.positions.now["all"] == {"since": "2021-02-01T00:00:00Z"}
    assert not list((scene.folder / "spool").iterdir())


def test_a_list_of_deletions_leaves_a_dead_letter_without_body(scene: Scene) -> None:
    scene.serve()
    scene.source.deleted = [{"type": "Bundle", "url": f"{scene.source.url}/files/deleted.ndjson"}]
    scene.live(scene.has(*range(10)), "/fhir/Patient/$export", export={})
    assert (b"deletions-not-read", None) in {(key, value) for _, key, value, *_ in scene.bus.log}


def test_files_on_another_host_come_only_where_it_is_named_and_never_get_our_token(scene: Scene) -> None:
    store = scene.serve(Source())
    scene.serve()
    scene.source.file_host = store.url
    scene.secrets["client-secret"] = "made-up"
    login = {"token_url": f"{scene.source.url}/token", "client_id": "hub"}
    scene.live(scene.says("http-foreign-host"), "/fhir/Patient/$export", export={}, login=login)
    assert not store.seen
    scene.live(scene.has(*range(10)), "/fhir/Patient/$export", export={}, login=login, hosts=(store.url,))
    assert {token for path, _, token in store.seen} == {None}
    assert all(token for path, _, token in scene.source.seen if path != "/token")


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "127.0.0.1",
        "0.0.0.0",
        "::1",
        "fe80::1",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "224.0.0.1",
    ],
)
def test_a_name_that_means_this_machine_or_a_clouds_secrets_is_not_connected_to(
    address: str, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.source.url = "https://tracing.example.org"
    family = socket.AF_INET6 if ":" in address else socket.AF_INET

    def answers(*_: Any, **__: Any) -> list[Any]:
        return [(family, socket.SOCK_STREAM, 6, "", (address, 443))]

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    scene.live(scene.says("http-forbidden-address"))


def test_a_link_local_address_is_asked_where_it_is_configured_itself(scene: Scene) -> None:
    from hub.connectors.http_wire import _Guarded

    guard = _Guarded(frozenset({"169.254.1.1"}))
    assert guard._is_allowed("169.254.1.1", "169.254.1.1")
    assert not guard._is_allowed("169.254.169.254", "169.254.169.254")
    assert guard._is_allowed("tracing.example.org", "10.0.0.8")
