"""TLS at the MLLP door: client certificates, whose facility they stand for, renewal, and the wrong protocol at the wrong port."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from typing import Any

import pytest
import trustme
from pydantic import ValidationError

from hub.connectors.mllp_options import MllpOptions
from hub.connectors.mllp_senders import MllpSender, certificate_names, may_send, of_certificate
from hub.connectors.mllp_tls import MllpTls, Renewing
from hub.errors import ConfigError
from hub.formats.mllp import frame
from tests.connectors.made_up_lab import message
from tests.connectors.mllp_hub import Hub, closed, scenario, until_closed
from tests.connectors.pretend import values
from tests.fakes import FakeBus

NAMED = (
    MllpSender(certificate="lab.example.org", applications=("LAB",), facilities=("00D0000000", "Other Lab")),
    MllpSender(certificate="other.example.org"),
)


class Authority:
    """A certificate authority that does not exist, and what it signed, as secret files."""

    def __init__(self) -> None:
        self.ca = trustme.CA()
        self.files = {"client-authorities.pem": self.ca.cert_pem.bytes().decode()}
        self.issue()

    def issue(self) -> None:
        """A new certificate for the hub."""
        ours = self.ca.issue_cert("hub.example.org")
        self.files["key.pem"] = ours.private_key_pem.bytes().decode()
        self.files["certificate.pem"] = "".join(each.bytes().decode() for each in ours.cert_chain_pems)

    def secret(self, name: str) -> str:
        if name not in self.files:
            raise ConfigError(f"there is no secret {name}")
        return self.files[name]

    def client(
        self, *names: str, authority: trustme.CA | None = None, common_name: str | None = None
    ) -> ssl.SSLContext:
        """A sender that trusts the hub; with a certificate of these names, if any."""
        context = ssl.create_default_context(cadata=self.ca.cert_pem.bytes().decode())
        if names or common_name:
            (authority or self.ca).issue_cert(*names, common_name=common_name).configure_cert(context)
        return context


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def tls_scenario(
    play: Callable[[Hub], Any], authority: Authority, clients: str = "required", **options: Any
) -> FakeBus:
    return scenario(play, secret=authority.secret, tls={"clients": clients, **options.pop("tls", {})}, **options)


async def refused(it: Hub, context: ssl.SSLContext) -> bool:
    """Whether this sender gets nowhere: its handshake fails, or the connection ends without an answer."""
    try:
        sender = await it.sender(tls=context)
        return await sender.ask(b"ann:1") == b""
    except OSError:
        return True


def test_a_sender_with_a_certificate_of_our_authority_is_served(authority: Authority) -> None:
    async def play(it: Hub) -> None:
        sender = await it.sender(tls=authority.client("lab.example.org"))
        assert await sender.ask(b"ann:1") == b"AA ann:1"

    assert values(tls_scenario(play, authority).log, "event") == [b"event-ann-1"]


@pytest.mark.parametrize(
    ("whose", "reason"), [("nobody", "tls-no-certificate"), ("stranger", "tls-certificate-refused")]
)
def test_a_wrong_certificate_or_none_is_refused_at_the_handshake_and_counted(
    authority: Authority, whose: str, reason: str
) -> None:
    before = closed(reason)

    async def play(it: Hub) -> None:
        if whose == "nobody":
            context = authority.client()
        else:
            context = authority.client("lab.example.org", authority=trustme.CA())
        assert await refused(it, context)
        await until_closed(reason, before + 1)

    assert tls_scenario(play, authority).log == []


def test_where_certificates_are_optional_a_sender_without_is_served_and_a_strange_one_is_not(
    authority: Authority,
) -> None:
    async def play(it: Hub) -> None:
        assert not await refused(it, authority.client())
        assert await refused(it, authority.client("lab.example.org", authority=trustme.CA()))

    assert values(tls_scenario(play, authority, clients="optional").log, "event") == [b"event-ann-1"]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
def test_tls_below_1_2_is_refused(authority: Authority) -> None:
    context = authority.client("lab.example.org")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1

    async def play(it: Hub) -> None:
        assert await refused(it, context)

    assert tls_scenario(play, authority).log == []


def test_the_right_certificate_with_the_wrong_facility_is_answered_ar_and_nothing_of_it_is_kept(
    authority: Authority,
) -> None:
    good, wrong = b"MSH|^~\\&|LAB|Other Lab\r\nann:1", b"MSH|^~\\&|LAB|Somebody Else\r\nbob:1"

    async def play(it: Hub) -> None:
        lab = await it.sender(tls=authority.client("lab.example.org"))
        assert (await lab.ask(good)).startswith(b"AA")
        await lab.send(frame(good) + frame(wrong) + frame(good))
        assert [(await lab.answer())[:2] for _ in range(3)] == [b"AA", b"AR", b"AA"]
        other = await it.sender(tls=authority.client("other.example.org"))
        assert (await other.ask(wrong)).startswith(b"AA")

    bus = tls_scenario(play, authority, senders=NAMED)
    assert values(bus.log, "event").count(b"event-bob-1") == 1
    assert [record for record in bus.log if record[0] == "dead"] == [("dead", b"sender-not-allowed", None, None, None)]


def test_a_certificate_that_no_sender_has_is_turned_away(authority: Authority) -> None:
    before = closed("sender-unknown")

    async def play(it: Hub) -> None:
        assert await refused(it, authority.client("third.example.org"))
        await until_closed("sender-unknown", before + 1)

    bus = tls_scenario(play, authority, senders=NAMED)
    assert bus.log == []


def test_plain_text_at_a_tls_port_ends_at_once_and_is_counted(authority: Authority) -> None:
    before = closed("plain-at-tls-port")

    async def play(it: Hub) -> None:
        plain = await it.sender()
        await plain.send(frame(b"ann:1"))
        assert await plain.answer() == b""
        await until_closed("plain-at-tls-port", before + 1)

    assert tls_scenario(play, authority).log == []


def test_tls_at_a_plain_port_ends_at_once_and_is_counted(authority: Authority) -> None:
    before = closed("tls-at-plain-port")

    async def play(it: Hub) -> None:
        assert await refused(it, authority.client())
        await until_closed("tls-at-plain-port", before + 1)

    scenario(play)


def test_a_handshake_that_is_never_finished_ends(authority: Authority) -> None:
    before = closed("tls-timeout")

    async def play(it: Hub) -> None:
        silent = await it.sender()
        assert await silent.answer() == b""
        await until_closed("tls-timeout", before + 1)

    tls_scenario(play, authority, tls={"handshake_s": 0.05})


def test_looking_whether_the_port_is_open_is_no_fault_with_tls_either(authority: Authority) -> None:
    before = closed("tls-hung-up")

    async def play(it: Hub) -> None:
        for number in range(10):
            (await it.sender()).writer.close()
            await until_closed("tls-hung-up", before + number + 1)
        sender = await it.sender(tls=authority.client("lab.example.org"))
        assert await sender.ask(b"ann:1") == b"AA ann:1"

    tls_scenario(play, authority, faults_forgiven=1)


def test_what_a_sender_sent_before_it_hung_up_is_taken(authority: Authority) -> None:
    async def play(it: Hub) -> None:
        sender = await it.sender(tls=authority.client("lab.example.org"))
        await sender.send(frame(b"ann:1") + frame(b"bob:1"))
        assert await sender.answer() == b"AA ann:1"
        sender.writer.close()
        with contextlib.suppress(OSError):
            await sender.writer.wait_closed()
        while len(values(it.bus.log, "event")) < 2:
            await asyncio.sleep(0.002)

    tls_scenario(play, authority)


def test_a_renewed_certificate_is_shown_to_the_next_sender_and_a_broken_one_is_not() -> None:
    authority = Authority()

    async def shown(it: Hub) -> bytes:
        sender = await it.sender(tls=authority.client("lab.example.org"))
        found: Any = sender.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        assert await sender.ask(b"ann:1") == b"AA ann:1"
        return bytes(found)

    async def play(it: Hub) -> None:
        old = await it.sender(tls=authority.client("lab.example.org"))
        first = await shown(it)
        authority.issue()
        while (second := await shown(it)) == first:
            await asyncio.sleep(0.01)
        authority.files["certificate.pem"] = "not a certificate"
        await asyncio.sleep(0.05)
        assert await shown(it) == second
        assert await old.ask(b"bob:1") == b"AA bob:1"

    tls_scenario(play, authority, tls={"renew_s": 0.01})


@pytest.mark.parametrize("broken", ["key.pem", "certificate.pem", "client-authorities.pem"])
@pytest.mark.parametrize("content", [None, "not PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
def test_files_that_cannot_be_used_are_a_configuration_error_without_their_content(
    broken: str, content: str | None
) -> None:
    authority = Authority()
    if content is None:
        del authority.files[broken]
    else:
        authority.files[broken] = content
    with pytest.raises(ConfigError) as why:
        Renewing(MllpTls(), authority.secret)
    assert "AAAA" not in str(why.value)


def test_senders_with_certificates_need_tls_that_asks_for_them() -> None:
    for tls in (None, MllpTls(clients="none")):
        with pytest.raises(ValidationError, match="needs `tls`"):
            MllpOptions(tls=tls, senders=(MllpSender(certificate="lab.example.org"),))


def test_names_of_a_certificate_are_its_common_and_alternative_names(authority: Authority) -> None:
    decoded = {
        "subject": ((("organizationName", "Made-up"),), (("commonName", "Lab One"),)),
        "subjectAltName": (("DNS", "LAB.example.org"), ("email", "lab@example.org"), ("URI", "urn:oid:1.2.3")),
    }
    assert certificate_names(decoded) == {"lab one", "lab.example.org", "lab@example.org", "urn:oid:1.2.3"}
    assert certificate_names({}) == certificate_names(None) == frozenset()


def test_a_connection_is_held_to_the_entries_that_name_its_certificate() -> None:
    lab, nobody = MllpSender(certificate="Lab One"), MllpSender(facilities=("COUNTY",))
    assert of_certificate([lab, nobody], frozenset({"lab one"})) == (lab,)
    assert of_certificate([lab, nobody], frozenset()) == (nobody,)
    assert of_certificate([lab, nobody], frozenset({"x"})) == ()


def test_a_facility_is_named_by_its_namespace_or_universal_id_and_a_batch_is_judged_whole() -> None:
    by_name, by_id = (
        MllpSender(facilities=("Made-up Lab",)),
        MllpSender(facilities=("00D0000000",), applications=("LAB",)),
    )
    other = message(2).replace(b"Made-up Lab^00D0000000", b"Other^1")
    for entry in (by_name, by_id):
        assert may_send([entry], message(1))
        assert not may_send([entry], other)
        assert may_send([entry], b"BHS|^~\\&\r" + message(1) + message(3))
        assert not may_send([entry], b"BHS|^~\\&\r" + message(1) + other)
    assert may_send([MllpSender(facilities=("x",)), by_id], message(1))
    assert may_send([by_id], b"junk"), "what names nobody is refused as what it is"
