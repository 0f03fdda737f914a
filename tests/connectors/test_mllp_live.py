"""The MLLP door up to a real broker: TLS with client certificates, a batch, and an honest sender among hostile ones."""

from __future__ import annotations

import multiprocessing
import resource
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from hub.bench.neighbours_clients import Attack, attack
from hub.bus.embedded import EmbeddedBroker
from hub.connectors.catalog import SHIPPED
from hub.formats.mllp import Framer, frame
from tests.connectors.made_up_lab import LabSender, message
from tests.connectors.test_intake_live import LAB, Hub, expected, own_broker

__all__ = ["own_broker"]

pytestmark = pytest.mark.live
HOSTILE = {
    "slowloris": 3,
    "silent": 3,
    "garbage": 2,
    "oversize": 1,
    "greedy": 1,
    "empty": 1,
    "deaf": 2,
    "storm": 1,
    "batches": 1,
}


def make_hub(instance: Path, broker: EmbeddedBroker, **door: Any) -> Hub:
    """The connectors with these options at the door of the laboratory."""
    declared = yaml.safe_load((SHIPPED / LAB / "connector.yaml").read_text())
    declared["door"] = {**declared["door"], **door}
    own = instance / "connectors" / LAB
    own.mkdir(parents=True)
    (own / "connector.yaml").write_text(yaml.safe_dump(declared))
    return Hub(instance, broker)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secured(own_broker: EmbeddedBroker, tmp_path: Path, authority: trustme.CA) -> Iterator[Hub]:
    secrets = tmp_path / "instance" / "secrets" / LAB
    secrets.mkdir(parents=True)
    ours = authority.issue_cert("hub.example.org")
    files = {
        "certificate.pem": ours.cert_chain_pems[0].bytes(), "key.pem": ours.private_key_pem.bytes(),
        "client-authorities.pem": authority.cert_pem.bytes(),
    }  # fmt: skip
    for name, content in files.items():
        (secrets / name).write_bytes(content)
        (secrets / name).chmod(0o600)
    entry = {"certificate": "lab.example.org", "applications": ["LAB"], "facilities": ["00D0000000"]}
    with make_hub(tmp_path / "instance", own_broker, tls={"clients": "required"}, senders=[entry]) as running:
        yield running


def ask(hub: Hub, authority: trustme.CA, name: str, content: bytes) -> list[list[str]]:
    """The segments of the answer that a sender with a certificate of this name gets."""
    context = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    authority.issue_cert(name).configure_cert(context)
    with (
        socket.create_connection(("127.0.0.1", hub.port), timeout=120) as plain,
        context.wrap_socket(plain, server_hostname="hub.example.org") as secure,
    ):
        secure.sendall(frame(content))
        framer = Framer()
        while chunk := secure.recv(65_536):
            for answer in framer.feed(chunk):
                assert isinstance(answer, bytes)
                return [line.split("|") for line in answer.decode().split("\r") if line]
    return []


def test_a_batch_over_tls_is_answered_message_by_message_and_stands_on_the_broker(
    secured: Hub, authority: trustme.CA
) -> None:
    messages = [message(1), message(2).replace(b"PID|", b"XXX|"), message(3)]
    batch = b"BHS|^~\\&|LAB|Made-up Lab|HUB|COUNTY|||||B1\r" + b"".join(messages) + b"BTS|4\r"
    found = ask(secured, authority, "lab.example.org", batch)
    assert [(line[1], line[2]) for line in found if line[0] == "MSA"] == [
        ("AA", "M00001"), ("AE", "M00002"), ("AA", "M00003"),
    ]  # fmt: skip
    assert found[-1] == ["BTS", "3", "batch-count-mismatch"]
    assert len(secured.read("hub.intake.lab-result.v1")) == 2
    reasons = sorted(fields["reason"] for _, fields, _ in secured.read("hub.intake.rejected.v1"))
    assert reasons == ["batch-count-mismatch", "no-patient"]


def test_a_facility_that_its_certificate_does_not_stand_for_gets_nothing_in(
    secured: Hub, authority: trustme.CA
) -> None:
    other = message(1).replace(b"Made-up Lab^00D0000000", b"Another Lab^99D9999999")
    found = ask(secured, authority, "lab.example.org", other)
    assert [line[1] for line in found if line[0] == "MSA"] == ["AR"]
    assert ask(secured, authority, "stranger.example.org", message(2)) == []
    assert secured.read("hub.intake.lab-result.v1") == []
    [(_, letter, _)] = secured.read("hub.intake.rejected.v1")
    assert (letter["reason"], letter["original"]) == ("sender-not-allowed", None)


def test_among_hostile_senders_an_honest_one_is_answered_each_time_and_all_of_it_is_kept(
    own_broker: EmbeddedBroker,
    tmp_path: Path,
) -> None:
    contents = [message(n) for n in range(100)]
    theirs = [message(n) for n in range(1_000, 1_200)]
    with make_hub(tmp_path / "instance", own_broker, frame_s=1, answer_s=1) as hub:
        events = expected(hub, contents, tmp_path)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        context = multiprocessing.get_context("spawn")
        ours, told = context.Pipe()
        hostile = context.Process(target=attack, args=(told,), daemon=True)
        hostile.start()
        told.close()  # else a broken process would leave us waiting for its word
        ours.send(Attack("127.0.0.1", hub.port, HOSTILE, theirs, 4.0))
        assert ours.recv() is True
        sender = LabSender(hub.port, patience_s=120.0)
        for n, content in enumerate(contents):
            assert sender.send(n, content) == "AA"
        did = ours.recv()
        ours.send(None)
        hostile.join(120)
        assert sender.unanswered == 0
        sender.close()
        grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        kept = {fields["event_id"] for _, fields, _ in hub.read("hub.intake.lab-result.v1")}
    assert {event.event_id for event in events} <= kept
    assert did["greedy"]["answers"] > 0
    assert did["garbage"]["connections"] > 0
    assert grown_kb < 300_000
