"""TLS of the front: which files an operator puts where, and what is read from them.

DIR/secrets/http/certificate.pem (the chain) and key.pem (0600, or 0640): the front speaks TLS 1.2 or newer, and nothing else.
DIR/secrets/http/client-authorities.pem as well: clients may show a certificate, which must then be of one of these authorities;
whether one must is the business of each door. Renewed files are used from the next connection on, at most `RENEW_S` later; a new
client authority is known then too, one that was taken away only after a restart.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.connectors.tls_files import no_password, why
from hub.errors import ConfigError

__all__ = ["RENEW_S", "Tls", "client_names"]

RENEW_S = 60.0
_OTHERS = 0o007


@dataclass(frozen=True)
class Tls:
    """Where the files are. `client_authorities` None: client certificates are not asked for."""

    certificate: Path
    key: Path
    client_authorities: Path | None = None

    @classmethod
    def of(cls, folder: Path) -> Tls | None:
        """What stands in DIR/secrets/http, None without a certificate; ConfigError for a certificate without key."""
        certificate, key, authorities = (
            folder / f"{name}.pem" for name in ("certificate", "key", "client-authorities")
        )
        if not certificate.exists():
            return None
        if not key.exists():
            raise ConfigError(f"{certificate} needs its private key beside it: {key.name}, with mode 0600")
        return cls(certificate, key, authorities if authorities.exists() else None)

    def stamp(self) -> tuple[int, ...]:
        """Changes when a file does; empty while one cannot be looked at."""
        files = [self.certificate, self.key, *([self.client_authorities] if self.client_authorities else [])]
        try:
            return tuple(file.stat().st_mtime_ns for file in files)
        except OSError:
            return ()

    def renew(self, context: ssl.SSLContext) -> None:
        """Use what the files hold now; ConfigError, and `context` is as before, when they do not belong together."""
        self.context()  # a chain and a key that do not fit would leave `context` with half of each
        context.load_cert_chain(self.certificate, self.key, password=no_password)
        if self.client_authorities is not None:
            context.load_verify_locations(self.client_authorities)

    def context(self) -> ssl.SSLContext:
        """A server's context; ConfigError when the files cannot be used, or the key is open to every user."""
        try:
            if self.key.stat().st_mode & _OTHERS:
                raise ConfigError(
                    f"the private key {self.key} is open to every user of this machine: chmod 600 {self.key}"
                )
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.set_alpn_protocols(["http/1.1"])
            context.load_cert_chain(self.certificate, self.key, password=no_password)
            if self.client_authorities is not None:
                context.load_verify_locations(self.client_authorities)
                context.verify_mode = ssl.CERT_OPTIONAL
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise ConfigError(
                f"cannot use the certificate and key in {self.certificate.parent}: {why(error)}"
            ) from None
        return context


def client_names(connection: ssl.SSLObject | None) -> frozenset[str]:
    """Common name and DNS names of the verified client certificate, in lower case; none without one."""
    certificate: Any = connection.getpeercert() if connection is not None else None
    if not certificate:
        return frozenset()
    subject = (pair for part in certificate.get("subject", ()) for pair in part)
    names = {value for name, value in subject if name == "commonName"}
    names |= {value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"}
    return frozenset(name.lower() for name in names if isinstance(name, str))
