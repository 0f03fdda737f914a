"""TLS of the MLLP door: certificate, key and client authorities from secret files, looked at again while the door is open.

A renewed certificate is used by the next connection; those that are open keep theirs. Files that cannot be used leave the old
ones in force, which is told (`hub_door_certificate_expires_timestamp_seconds` says until when they last).
"""

from __future__ import annotations

import hashlib
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from cryptography import x509
from pydantic import Field

from hub.connectors.tls_files import no_password, why
from hub.declared import Declared
from hub.errors import ConfigError

__all__ = ["MllpTls", "Renewing", "why_no_tls"]

Secret = Callable[[str], str]


class MllpTls(Declared):
    """Section `door.tls` of a connector with `kind: mllp`; TLS 1.2 or newer. The files stand in DIR/secrets/<connector>/."""

    clients: Literal["required", "optional", "none"] = Field(
        default="required", description="whether a sender must show a certificate of one of our client authorities"
    )
    certificate: str = Field(default="certificate.pem", description="secret file: our chain, PEM")
    key: str = Field(default="key.pem", description="secret file: our private key without password, PEM, mode 0600")
    client_authorities: str = Field(
        default="client-authorities.pem", description="secret file: who may have signed a sender's certificate, PEM"
    )
    handshake_s: float = Field(default=10.0, gt=0, description="for the TLS handshake")
    renew_s: float = Field(default=60.0, gt=0, description="how often the files are looked at for renewed ones")


class Renewing:
    """`context` is what the next connection is accepted with; ConfigError when the files cannot be used at the start."""

    def __init__(self, options: MllpTls, secret: Secret) -> None:
        self._options, self._secret = options, secret
        self._loaded = ""
        self.context: ssl.SSLContext
        self.expires = 0.0  # seconds since 1970
        self.renew()

    def renew(self) -> bool:
        """Read the files; whether they are new. ConfigError (and the old ones stay) when they cannot be used."""
        options = self._options
        chain, key = self._secret(options.certificate), self._secret(options.key)
        authorities = self._secret(options.client_authorities) if options.clients != "none" else ""
        loaded = hashlib.sha256("\x00".join((chain, key, authorities)).encode()).hexdigest()
        if loaded == self._loaded:
            return False
        try:
            context = _context(chain, key, authorities, required=options.clients == "required")
            expires = x509.load_pem_x509_certificate(chain.encode()).not_valid_after_utc.timestamp()
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            names = " and ".join(
                (options.certificate, options.key, *([options.client_authorities] if authorities else []))
            )
            raise ConfigError(f"cannot use the secret files {names} for TLS: {why(error)}") from None
        self.context, self.expires, self._loaded = context, expires, loaded
        return True


def _context(chain: str, key: str, authorities: str, *, required: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    with tempfile.TemporaryDirectory() as folder:  # 0700; OpenSSL reads a chain and a key from files only
        pem = Path(folder) / "chain-and-key.pem"
        pem.touch(0o600)
        pem.write_text(f"{key}\n{chain}\n")
        context.load_cert_chain(pem, password=no_password)
    if authorities:
        context.load_verify_locations(cadata=authorities)
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    return context


def why_no_tls(error: BaseException) -> str:
    """Why a handshake failed, as a reason code of the door."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "tls-certificate-refused"
    if isinstance(error, ssl.SSLError):
        reason = error.reason or ""
        if reason in ("HTTP_REQUEST", "WRONG_VERSION_NUMBER", "HTTPS_PROXY_REQUEST", "UNKNOWN_PROTOCOL"):
            return "plain-at-tls-port"
        return "tls-no-certificate" if reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE" else "tls-failed"
    if isinstance(error, ConnectionAbortedError | TimeoutError):
        return "tls-timeout"
    return "tls-hung-up" if isinstance(error, ConnectionResetError) else "tls-failed"
