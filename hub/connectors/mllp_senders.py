"""Who may send what: client certificates and the MSH-3 and MSH-4 that each may write.

    senders:
      - {certificate: lab.example.org, applications: [LAB], facilities: ["00D0000000"]}

A certificate is named by its common name or one of its alternative names; an application or facility by the namespace id or
the universal id of the HD field. With `senders`, whoever matches none of them is turned away after the handshake, and a
message that names an application or facility its sender may not is answered AR, with nothing taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from hub.declared import Declared
from hub.formats.hl7v2_envelope import open_envelope
from hub.formats.hl7v2_segment import Segment

__all__ = ["MllpSender", "certificate_names", "may_send", "of_certificate"]


class MllpSender(Declared):
    """One entry of `door.senders`."""

    certificate: str | None = Field(
        default=None, min_length=1, description="common or alternative name; left out: who shows no certificate"
    )
    applications: tuple[str, ...] = Field(default=(), description="MSH-3 it may write; empty: any")
    facilities: tuple[str, ...] = Field(default=(), description="MSH-4 it may write; empty: any")


def certificate_names(certificate: Any) -> frozenset[str]:
    """Common name and alternative names of what `getpeercert()` gave, in lower case; none without a certificate."""
    if not certificate:
        return frozenset()
    subject = (pair for part in certificate.get("subject", ()) for pair in part)
    names = [value for kind, value in subject if kind == "commonName"]
    names += [value for _kind, value in certificate.get("subjectAltName", ())]
    return frozenset(name.lower() for name in names if isinstance(name, str))


def of_certificate(senders: Iterable[MllpSender], names: frozenset[str]) -> tuple[MllpSender, ...]:
    """The entries that hold for a connection: those that name its certificate; without one, those that name none."""
    if not names:
        return tuple(sender for sender in senders if sender.certificate is None)
    return tuple(sender for sender in senders if sender.certificate is not None and sender.certificate.lower() in names)


def may_send(senders: Iterable[MllpSender], frame: bytes) -> bool:
    """Whether every message of the frame names an application and a facility that one of these entries allows.

    What has no readable header names nothing: it is let through, to be refused as what it is.
    """
    entries = tuple(senders)
    return all(
        any(_allowed(entry.applications, msh, 3) and _allowed(entry.facilities, msh, 4) for entry in entries)
        for msh in (head.message.msh for head in open_envelope(frame).heads if head.message is not None)
    )


def _allowed(values: tuple[str, ...], msh: Segment, field: int) -> bool:
    return not values or msh.text(field, 1) in values or (bool(msh.text(field, 2)) and msh.text(field, 2) in values)
