"""Who may push: keys, signatures, certificates. The signatures are made by the package of the Standard Webhooks project."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import trustme
from standardwebhooks import Webhook

from hub.connectors import front_gate, front_tls, http_push_keys
from hub.connectors.front import FrontLimits
from hub.connectors.front_tls import Tls
from hub.connectors.http_push_keys import api_key_digests, is_signed, webhook_keys
from hub.errors import ConfigError
from tests.connectors.pushing import KEY, WEBHOOK_KEY, Pushing, Raw, head, pushing

OTHER_KEY = "whsec_" + base64.b64encode(b"another made-up secret, new").decode()
BODY = b"ann:208"


def signed(key: str, body: bytes = BODY, *, at: datetime | None = None, name: str = "msg-1") -> dict[str, str]:
    """The headers of a webhook."""
    at = at or datetime.now(UTC)
    signature = Webhook(key).sign(name, at, body.decode())
    stamp = str(int(at.timestamp()))
    return {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": signature, "X-API-Key": ""}


async def status(hub: Pushing, headers: dict[str, str] | None = None, body: bytes = BODY) -> int:
    return (await hub.push(body, headers=headers)).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": ""},
        {"X-API-Key": KEY + "x"},
        {"X-API-Key": KEY[:-1]},
        {"X-API-Key": "", "Authorization": KEY},
        {"X-API-Key": "", "Authorization": f"Basic {KEY}"},
        {"Authorization": "Bearer wrong", "X-API-Key": KEY},
        {"X-API-Key": "\u00e9\u00e9".encode("latin-1").decode("latin-1")},
        {"X-API-Key": hashlib.sha256(KEY.encode()).hexdigest()},
    ],
)
def test_without_a_key_of_ours_nobody_is_let_in_and_nothing_is_told(headers: dict[str, str], tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
            told = await hub.client.post(
                "/push/pretend", content=BODY, headers=httpx.Headers([*raw, (b"content-type", b"text/plain")])
            )
            assert (told.status_code, told.json()["reason"]) == (401, "not-authenticated")
            wrong_type = await hub.push(BODY, headers={"Content-Type": "image/png", "X-API-Key": "wrong"})
            assert wrong_type.status_code == 401
        assert hub.bus.log == []

    asyncio.run(scenario())


def test_keys_come_as_bearer_or_header_and_stand_in_the_file_plain_or_hashed(tmp_path: Path) -> None:
    hashed = "sha256:" + hashlib.sha256(b"the key that is known by its hash").hexdigest()
    secrets = {"api-keys": f"# since March\n{KEY}\n\n{hashed}"}

    async def scenario() -> None:
        async with pushing(tmp_path, secrets=secrets, api_keys="api-keys") as hub:
            assert await status(hub) == 200
            bearer = {"X-API-Key": "", "Authorization": "bearer the key that is known by its hash"}
            assert await status(hub, bearer) == 200

    asyncio.run(scenario())


def test_a_key_that_was_taken_out_of_its_file_is_out_and_a_new_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_push_keys, "REREAD_S", 0.0)

    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            hub.secrets["api-keys"] = f"{KEY}\nthe new key of this sender"
            assert await status(hub, {"X-API-Key": "the new key of this sender"}) == 200
            assert await status(hub) == 200
            hub.secrets["api-keys"] = "the new key of this sender"
            assert await status(hub) == 401
            del hub.secrets["api-keys"]
            assert await status(hub, {"X-API-Key": "the new key of this sender"}) == 401

    asyncio.run(scenario())


def test_nobody_is_sent_away_while_the_files_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_push_keys, "REREAD_S", 0.0)

    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            answers = await asyncio.gather(*(status(hub, body=b"p%d:208" % n) for n in range(60)))
            assert set(answers) == {200}

    asyncio.run(scenario())


def test_a_webhook_signed_by_the_standards_own_package_is_let_in_also_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            headers = signed(WEBHOOK_KEY)
            assert [await status(hub, headers) for _ in range(2)] == [200, 200]
        assert set(hub.events()) == {b"event-ann-208"}

    asyncio.run(scenario())


def test_while_keys_are_rotated_both_sign_and_afterwards_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_push_keys, "REREAD_S", 0.0)

    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            hub.secrets["webhook-keys"] = f"{WEBHOOK_KEY}\n{OTHER_KEY}"
            assert [await status(hub, signed(key)) for key in (WEBHOOK_KEY, OTHER_KEY)] == [200, 200]
            both = signed(WEBHOOK_KEY)
            both["webhook-signature"] += " " + signed(OTHER_KEY)["webhook-signature"]
            hub.secrets["webhook-keys"] = OTHER_KEY
            assert await status(hub, signed(WEBHOOK_KEY)) == 401
            assert await status(hub, both) == 200

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("change", "body"),
    [
        ({}, b"ann:207"),
        ({}, BODY + b"\n"),
        ({"webhook-id": "msg-2"}, BODY),
        ({"webhook-timestamp": "1"}, BODY),
        ({"webhook-timestamp": "-5"}, BODY),
        ({"webhook-timestamp": "9" * 400}, BODY),
        ({"webhook-timestamp": "now"}, BODY),
        ({"webhook-signature": ""}, BODY),
        ({"webhook-signature": "v1,"}, BODY),
        ({"webhook-signature": "v1"}, BODY),
        ({"webhook-signature": ("v1,AAAA " * 500).strip()}, BODY),
    ],
)
def test_a_forged_webhook_is_sent_away(change: dict[str, str], body: bytes, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            assert await status(hub, {**signed(WEBHOOK_KEY), **change}, body) == 401
        assert hub.bus.log == []

    asyncio.run(scenario())


def test_those_who_only_claim_a_signature_keep_no_sender_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_gate, "LINGER_S", 30.0)

    async def scenario() -> None:
        async with pushing(tmp_path, requests=20, body_s=30, limits=FrontLimits(drain_s=0.1)) as hub:
            wrong = {"X-API-Key": "wrong", "Content-Length": "100"}
            claims = [await Raw.to(hub.front) for _ in range(60)]
            for sender in claims:  # one more is let in where the longest is sent away
                await sender.write(head(**{**signed(WEBHOOK_KEY), **wrong}) + b"x")
                await asyncio.sleep(0.002)
            for _ in range(60):
                stranger = await Raw.to(hub.front)
                await stranger.write(head(**wrong) + b"x")
                assert (await stranger.answer())[0] == 401
            assert [await status(hub), await status(hub, signed(WEBHOOK_KEY))] == [200, 200]
            answers = [(await sender.answer())[0] for sender in claims[:40]]
            assert set(answers) <= {408, 429}
            assert answers.count(408) > 20

    asyncio.run(scenario())


def test_a_signed_body_is_not_packed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            assert await status(hub, {**signed(WEBHOOK_KEY), "Content-Encoding": "gzip"}) == 415

    asyncio.run(scenario())


@pytest.mark.parametrize(("off_s", "let_in"), [(-290, 200), (290, 200), (-310, 401), (310, 401)])
def test_a_webhook_may_be_five_minutes_old_or_early(off_s: int, let_in: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pushing(tmp_path) as hub:
            assert await status(hub, signed(WEBHOOK_KEY, at=datetime.now(UTC) + timedelta(seconds=off_s))) == let_in

    asyncio.run(scenario())


def test_the_bytes_are_signed_as_they_came_whatever_they_are() -> None:
    keys, raw = webhook_keys(WEBHOOK_KEY, "f"), b"MSH|\xff\xfe\r"
    stamp = "1616161616"
    mac = hmac.digest(keys[0], b"m." + stamp.encode() + b"." + raw, "sha256")
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    }
    assert is_signed(headers, raw, keys, 1616161616)
    assert not is_signed(headers, raw + b"\n", keys, 1616161616)
    assert not is_signed(
        {**headers, "webhook-signature": "v1a" + headers["webhook-signature"][2:]}, raw, keys, 1616161616
    )


@pytest.mark.parametrize("text", ["short", "sha256:12", "# none", f"{KEY}\nsha256:" + "z" * 64])
def test_a_file_of_api_keys_with_a_mistake_is_refused_by_line_and_shows_no_key(text: str) -> None:
    with pytest.raises(ConfigError) as error:
        api_key_digests(text, "api-keys")
    assert "api-keys" in str(error.value)
    assert text.splitlines()[-1].removeprefix("# ") not in str(error.value).replace("api-keys", "").split()


@pytest.mark.parametrize("text", ["whsec_!!!", "whsec_c2hvcnQ=", "whsec_"])
def test_a_file_of_webhook_keys_with_a_mistake_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="line 1"):
        webhook_keys(text, "webhook-keys")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, trustme.CA]:
    """DIR/secrets/http with a server certificate and the authority of clients."""
    folder, authority = tmp_path_factory.mktemp("secrets") / "http", trustme.CA()
    folder.mkdir()
    server = authority.issue_cert("localhost", "127.0.0.1")
    (folder / "certificate.pem").write_bytes(b"".join(blob.bytes() for blob in server.cert_chain_pems))
    server.private_key_pem.write_to_path(folder / "key.pem")
    (folder / "key.pem").chmod(0o600)
    authority.cert_pem.write_to_path(folder / "client-authorities.pem")
    return folder, authority


def client_of(hub: Pushing, authority: trustme.CA, signer: trustme.CA | None, name: str = "") -> httpx.AsyncClient:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    if signer is not None:
        signer.issue_cert(name).configure_cert(context)
    return httpx.AsyncClient(base_url=hub.front.url, verify=context)


def test_only_clients_with_a_named_certificate_of_our_authority_are_let_in(
    tmp_path: Path, certificates: tuple[Path, trustme.CA]
) -> None:
    folder, authority = certificates

    async def answer(hub: Pushing, signer: trustme.CA | None, name: str = "") -> int | str:
        async with client_of(hub, authority, signer, name) as client:
            try:
                headers = {"Content-Type": "text/plain", "X-API-Key": KEY}
                return (await client.post("/push/pretend", content=BODY, headers=headers)).status_code
            except (httpx.HTTPError, ssl.SSLError):
                return "refused"

    async def scenario() -> None:
        names = ("lab.example.org",)
        async with pushing(tmp_path, tls=Tls.of(folder), client_names=names, api_keys="api-keys") as hub:
            assert hub.front.url.startswith("https://")
            assert await answer(hub, authority, "lab.example.org") == 200
            assert await answer(hub, authority, "LAB.example.org") == 200
            assert await answer(hub, authority, "other.example.org") == 401
            assert await answer(hub, None) == 401
            assert await answer(hub, trustme.CA(), "lab.example.org") == "refused"

    asyncio.run(scenario())


def test_a_renewed_certificate_is_used_by_the_next_connection_and_a_wrong_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front_tls, "RENEW_S", 0.01)
    old, new = trustme.CA(), trustme.CA()

    def put(authority: trustme.CA, key_of: trustme.CA | None = None) -> None:
        server = authority.issue_cert("localhost", "127.0.0.1")
        other = (key_of or authority).issue_cert("localhost") if key_of else server
        other.private_key_pem.write_to_path(tmp_path / "key.pem")
        (tmp_path / "key.pem").chmod(0o600)
        (tmp_path / "certificate.pem").write_bytes(b"".join(blob.bytes() for blob in server.cert_chain_pems))

    async def trusts(hub: Pushing, authority: trustme.CA) -> bool:
        async with client_of(hub, authority, None) as client:
            try:
                headers = {"Content-Type": "text/plain", "X-API-Key": KEY}
                return (await client.post("/push/pretend", content=BODY, headers=headers)).status_code == 200
            except httpx.ConnectError:
                return False

    async def scenario() -> None:
        async with pushing(tmp_path, tls=Tls.of(tmp_path)) as hub:
            assert (await trusts(hub, old), await trusts(hub, new)) == (True, False)
            put(new, key_of=old)
            for _ in range(5):
                await asyncio.sleep(0.02)
                assert await trusts(hub, old)
            put(new)
            while not await trusts(hub, new):
                await asyncio.sleep(0.02)
            assert not await trusts(hub, old)

    put(old)
    asyncio.run(scenario())


def test_certificates_that_cannot_be_used_are_a_mistake_of_the_installation(
    tmp_path: Path, certificates: tuple[Path, trustme.CA]
) -> None:
    async def opening(tls: Tls | None) -> None:
        async with pushing(tmp_path, tls=tls, client_names=("lab.example.org",)):
            pytest.fail("it opened")

    folder, _ = certificates
    with pytest.raises(ConfigError, match="client-authorities"):
        asyncio.run(opening(None))
    with pytest.raises(ConfigError, match="cannot use the certificate"):
        asyncio.run(opening(Tls(folder / "key.pem", folder / "key.pem", folder / "client-authorities.pem")))
    open_key = tmp_path / "key.pem"
    open_key.write_bytes((folder / "key.pem").read_bytes())
    open_key.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        asyncio.run(opening(Tls(folder / "certificate.pem", open_key, folder / "client-authorities.pem")))
    (tmp_path / "certificate.pem").write_bytes(b"")
    open_key.unlink()
    with pytest.raises(ConfigError, match="private key"):
        Tls.of(tmp_path)
