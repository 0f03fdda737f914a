"""HTTP as a careful guest: one host only, one login, limits on size and time, and every failure a `SourceAway` with a reason code.

Redirects are not followed: a source that answers with one is asked to be configured where it stands. A token is fetched when there
is none, shortly before it ends, and once more after a 401.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from pydantic import Field, field_validator

from hub.connectors.pull import SourceAway
from hub.declared import Declared
from hub.errors import ConfigError

__all__ = ["Body", "HttpClient", "HttpLimits", "Login", "origin", "safe_url"]

_EARLY_S = 30.0  # a token is renewed this long before its end
_LONGEST_WAIT_S = 86_400.0  # a Retry-After beyond a day is a mistake
_TOKEN_BYTES = 65_536


class Login(Declared):
    """OAuth2 client credentials. The secret stands in DIR/secrets/<connector>/<secret>, never here."""

    token_url: str
    client_id: str
    secret: str = Field(
        default="client-secret", pattern=r"^[a-z0-9][a-z0-9._-]*$", description="name of the secret file"
    )
    scope: str = ""

    @field_validator("token_url")
    @classmethod
    def _is_a_url(cls, url: str) -> str:
        return safe_url(url)


class HttpLimits(Declared):
    """What one answer may cost."""

    connect_s: float = Field(default=10.0, gt=0)
    read_s: float = Field(default=30.0, gt=0, description="the longest silence within an answer")
    whole_s: float = Field(default=120.0, gt=0, description="from asking to the last byte")
    max_bytes: int = Field(default=16 * 1024 * 1024, ge=1_024, description="of one page, decompressed")


class Body:
    """An answer read whole."""

    def __init__(self, status: int, headers: httpx.Headers, content: bytes, url: str) -> None:
        self.status, self.headers, self.content, self.url = status, headers, content, url


class HttpClient:
    """Asks `base`'s host and the login's token URL; anything else is refused before a socket is opened."""

    def __init__(
        self,
        base: str,
        login: Login | None,
        secret: Callable[[str], str],
        limits: HttpLimits,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._origin, self._login, self._secret, self._limits = origin(base), login, secret, limits
        self._clock, self._now = clock, now
        self._token: tuple[str, float] | None = None
        self._client: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """ConfigError when the secret is missing."""
        if self._login is not None:
            self._secret(self._login.secret)
        timeout = httpx.Timeout(self._limits.read_s, connect=self._limits.connect_s)
        self._client = httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def get(
        self, url: str, headers: Mapping[str, str] | None = None, params: Mapping[str, str] | None = None
    ) -> Body:
        """The answer to a GET (200, 202 or 204), at most `max_bytes` of it. SourceAway for everything else."""
        async with self.stream(url, headers, params) as answer:
            content = bytearray()
            async for chunk in self.chunks(answer, self._limits.max_bytes):
                content += chunk
            return Body(answer.status_code, answer.headers, bytes(content), str(answer.url))

    @contextlib.asynccontextmanager
    async def stream(
        self, url: str, headers: Mapping[str, str] | None = None, params: Mapping[str, str] | None = None
    ) -> AsyncIterator[httpx.Response]:
        """The answer to a GET, its body unread."""
        self.check(url)
        for last in (False, True):
            sent = {**(headers or {}), **await self._authorization()}
            try:
                async with self._http().stream("GET", url, headers=sent, params=params or None) as answer:
                    if answer.status_code == 401 and self._login is not None and not last:
                        self._token = None
                        continue
                    self._judge(answer)
                    yield answer
                    return
            except httpx.TimeoutException:
                raise SourceAway("http-timeout") from None
            except (httpx.HTTPError, httpx.InvalidURL):
                raise SourceAway("http-unreachable") from None

    async def chunks(self, answer: httpx.Response, most: int, whole_s: float | None = None) -> AsyncIterator[bytes]:
        """The body, piece by piece; SourceAway when it is longer than `most`, too slow, or shorter than announced."""
        ends, size = self._clock() + (whole_s or self._limits.whole_s), 0
        async for chunk in answer.aiter_bytes():
            size += len(chunk)
            if size > most:
                raise SourceAway("http-too-large")
            if self._clock() > ends:
                raise SourceAway("http-too-slow")
            yield chunk

    def check(self, url: str) -> None:
        """SourceAway unless `url` is on the configured host: what a source writes into a link is not ours to obey."""
        try:
            same = origin(url) == self._origin
        except ValueError:
            same = False
        if not same:
            raise SourceAway("http-foreign-host")

    def resolve(self, url: str, link: str) -> str:
        """A link as found in an answer of `url`, checked."""
        found = urljoin(url, link)
        self.check(found)
        return found

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            raise SourceAway("http-not-open")
        return self._client

    def _judge(self, answer: httpx.Response) -> None:
        status = answer.status_code
        if status in (200, 202, 204):
            return
        if status in (429, 503):
            raise SourceAway(f"http-{status}", self.wait_of(answer.headers))
        raise SourceAway("http-redirect" if 300 <= status < 400 else f"http-{status}")

    def wait_of(self, headers: httpx.Headers) -> float | None:
        """Seconds of Retry-After (a number or a date), None when it says nothing of use."""
        said = headers.get("retry-after", "").strip()
        if not said:
            return None
        try:
            seconds = float(said) if said.isdigit() else (parsedate_to_datetime(said) - self._now()).total_seconds()
        except (ValueError, TypeError):
            return None
        return min(max(seconds, 0.0), _LONGEST_WAIT_S)

    async def _authorization(self) -> dict[str, str]:
        if self._login is None:
            return {}
        if self._token is None or self._token[1] <= self._clock():
            self._token = await self._log_in(self._login)
        return {"authorization": f"Bearer {self._token[0]}"}

    async def _log_in(self, login: Login) -> tuple[str, float]:
        form = {"grant_type": "client_credentials", **({"scope": login.scope} if login.scope else {})}
        try:
            secret = self._secret(login.secret)
            async with self._http().stream(
                "POST", login.token_url, data=form, auth=(login.client_id, secret)
            ) as answer:
                if answer.status_code in (429, 503):
                    raise SourceAway(f"login-{answer.status_code}", self.wait_of(answer.headers))
                if answer.status_code != 200:
                    raise SourceAway(f"login-{answer.status_code}")
                content = bytearray()
                async for chunk in self.chunks(answer, _TOKEN_BYTES):
                    content += chunk
            return self._token_of(bytes(content))
        except ConfigError:  # the secret file went away: other connectors must not suffer for it
            raise SourceAway("login-no-secret") from None
        except httpx.TimeoutException:
            raise SourceAway("login-timeout") from None
        except httpx.HTTPError:
            raise SourceAway("login-unreachable") from None

    def _token_of(self, content: bytes) -> tuple[str, float]:
        try:
            said: Any = httpx.Response(200, content=content).json()
            token, lasts = said["access_token"], float(said.get("expires_in", 300))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SourceAway("login-unreadable") from None
        if not isinstance(token, str) or not token or any(ord(each) < 33 or ord(each) > 126 for each in token):
            raise SourceAway("login-unreadable")
        return token, self._clock() + max(lasts - _EARLY_S, lasts / 2)


def safe_url(url: str) -> str:
    """`url`, if it may stand in connector.yaml; ValueError for one that would send data or secrets in the clear to elsewhere."""
    scheme, host, _ = origin(url)
    if scheme == "http" and host not in ("127.0.0.1", "::1", "localhost"):
        raise ValueError("must be https: plain http is for this machine only")
    return url


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port; ValueError unless it is an http(s) URL without credentials."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError("must be an http or https URL without user name")
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
