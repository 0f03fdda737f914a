"""TLS and addresses of a door that fetches over HTTP: whom it trusts, as whom it comes, and where it never connects to.

Names are resolved here and the address that was checked is the one that is connected to, so that a name cannot mean one thing when
it is looked at and another when it is used. Refused are link-local addresses (where clouds serve their machines' secrets), this
machine itself, and what is no address of one machine, unless connector.yaml names that very host.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterable
from typing import Any

import certifi
import httpcore
import httpx
from pydantic import Field, model_validator

from hub.connectors.away import SourceAway
from hub.declared import Declared
from hub.errors import ConfigError

__all__ = ["Tls", "context", "transport", "why_unreachable"]

_FILE = r"^[a-z0-9][a-z0-9._-]*$"
_METADATA = frozenset(map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200", "192.0.0.192")))
_LOCAL = ("localhost", "127.0.0.1", "::1")


class Tls(Declared):
    """Names of secret files, in PEM. Without them: public authorities, and no certificate of our own."""

    ca: str | None = Field(
        default=None, pattern=_FILE, description="the only authorities to trust, for the source and its login"
    )
    certificate: str | None = Field(default=None, pattern=_FILE, description="our certificate, with its chain")
    key: str | None = Field(default=None, pattern=_FILE, description="its private key")

    @model_validator(mode="after")
    def _is_a_pair(self) -> Tls:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together")
        return self


def context(tls: Tls, secret: Callable[[str], str]) -> ssl.SSLContext:
    """For every connection; ConfigError when a secret is missing or holds something else. A key is on disk for a moment only, in a
    file (0600) without a name that outlives it, because OpenSSL's reader takes files."""
    try:
        if tls.ca is not None:
            made = ssl.create_default_context(cadata=secret(tls.ca) + "\n")
        else:
            made = ssl.create_default_context(cafile=certifi.where())
        if tls.certificate is not None and tls.key is not None:
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
                file.write(f"{secret(tls.key)}\n{secret(tls.certificate)}\n")
                file.flush()
                made.load_cert_chain(file.name, password="")
    except (ssl.SSLError, ValueError):
        raise ConfigError("a secret file of `tls` is no PEM, or its key does not belong to its certificate") from None
    return made


def transport(trust: ssl.SSLContext, named: Iterable[str]) -> httpx.AsyncHTTPTransport:
    """httpx's own, over a network that checks addresses; `named` are the hosts that connector.yaml names itself."""
    made = httpx.AsyncHTTPTransport(verify=trust, trust_env=False)
    made._pool = httpcore.AsyncConnectionPool(
        ssl_context=trust,
        max_connections=10,
        max_keepalive_connections=2,
        keepalive_expiry=5.0,
        network_backend=_Guarded(frozenset(named)),
    )
    return made


def why_unreachable(error: BaseException) -> str:
    """A code for what httpx raised."""
    if isinstance(error, httpx.TimeoutException):
        return "http-timeout"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "http-certificate"
        if isinstance(cause, ssl.SSLError) and "ALERT" in str(cause.reason) and "CERT" in str(cause.reason):
            return "http-client-certificate"
        cause = cause.__cause__ or cause.__context__
    return "http-unreachable"


class _Guarded(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were checked. Raises SourceAway `http-forbidden-address`."""

    def __init__(self, named: frozenset[str]) -> None:
        self._named, self._inner = named, httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own parameter
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:
        trouble: Exception = httpcore.ConnectError("no address")
        for address in await self._addresses(host, port, timeout):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError as why:
                trouble = why
        raise trouble

    async def _addresses(self, host: str, port: int, limit_s: float | None) -> list[str]:
        try:
            async with asyncio.timeout(limit_s):
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError:
            raise httpcore.ConnectTimeout("names") from None
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("names") from None
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        allowed = [each for each in addresses if self._is_allowed(host, each)]
        if addresses and not allowed:
            raise SourceAway("http-forbidden-address")
        return allowed

    def _is_allowed(self, host: str, text: str) -> bool:
        address = ipaddress.ip_address(text.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if host in self._named and (host in _LOCAL or host == text):
            return True
        special = address.is_link_local or address.is_loopback or address.is_unspecified or address.is_multicast
        return not (special or address in _METADATA)
