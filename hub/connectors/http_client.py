"""HTTP as a careful guest: named hosts only, one login, limits on size and time; each failure is a `SourceAway` with a code.

Redirects are not followed: a source that answers with one is asked to be configured where it stands. A token is fetched when there
is none, shortly before it ends, and once more after a 401; it goes to the hosts of the configured URLs and to no other. No URL that
this module gives back holds it.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

import httpx
from pydantic import Field

from hub.connectors.away import SourceAway
from hub.connectors.http_login import Login, asking, check_secret, token_of
from hub.connectors.http_origin import origin
from hub.connectors.http_wire import Tls, context, transport, why_unreachable
from hub.declared import Declared
from hub.errors import ConfigError

__all__ = ["Body", "HttpClient", "HttpLimits"]

_EARLY_S = 30.0  # a token is renewed this long before its end
_LONGEST_WAIT_S = 86_400.0  # a Retry-After beyond a day is a mistake
_TOKEN_BYTES = 65_536
_PUBLIC = Tls()


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
    """Asks the hosts of `bases` and `hosts` (URLs) and the login's token URL; anything else is refused before a socket is opened.
    The token goes to the hosts of `bases` alone."""

    def __init__(
        self,
        bases: str | Iterable[str],
        login: Login | None,
        secret: Callable[[str], str],
        limits: HttpLimits,
        *,
        tls: Tls = _PUBLIC,
        hosts: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ours = {origin(each) for each in ([bases] if isinstance(bases, str) else bases)}
        self._asked = self._ours | {origin(each) for each in hosts}
        self._login, self._secret, self._limits, self._tls = login, secret, limits, tls
        self._clock, self._now = clock, now
        self._token: tuple[str, float] | None = None
        self._client: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """ConfigError when a secret is missing or is none. Once, however many streams share this client."""
        if self._client is not None:
            return
        if self._login is not None:
            check_secret(self._login, self._secret(self._login.secret))
        named = {host for _, host, _ in self._asked} | _host_of(self._login)
        timeout = httpx.Timeout(self._limits.read_s, connect=self._limits.connect_s)
        wire = transport(context(self._tls, self._secret), named)
        self._client = httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False, transport=wire)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def get(
        self, url: str, headers: Mapping[str, str] | None = None, params: Mapping[str, str] | None = None
    ) -> Body:
        """The answer to a GET (200, 202 or 204), at most `max_bytes` of it. SourceAway for everything else."""
        async with self.stream(url, headers, params) as answer:
            content = bytearray()
            async for chunk in self.chunks(answer, self._limits.max_bytes):
                content += chunk
            asked = httpx.URL(url).copy_merge_params(params) if params else url  # as asked: answer.url may hold a token
            return Body(answer.status_code, answer.headers, bytes(content), str(asked))

    @contextlib.asynccontextmanager
    async def stream(
        self, url: str, headers: Mapping[str, str] | None = None, params: Mapping[str, str] | None = None
    ) -> AsyncIterator[httpx.Response]:
        """The answer to a GET, its body unread."""
        self.check(url)
        for last in (False, True):
            told, asked = await self._authorization(url)
            whole = httpx.URL(url).copy_merge_params({**(params or {}), **asked})
            try:
                async with self._http().stream("GET", whole, headers={**(headers or {}), **told}) as answer:
                    if answer.status_code == 401 and self._login is not None and not last:
                        self._token = None
                        continue
                    self._judge(answer)
                    yield answer
                    return
            except (httpx.HTTPError, httpx.InvalidURL) as why:
                raise SourceAway(why_unreachable(why)) from None

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
        """SourceAway unless `url` is on a configured host: what a source writes into a link is not ours to obey."""
        try:
            known = origin(url) in self._asked
        except ValueError:
            known = False
        if not known:
            raise SourceAway("http-foreign-host")

    def resolve(self, url: str, link: str) -> str:
        """A link as found in an answer of `url`, checked."""
        found = urljoin(url, link)
        self.check(found)
        if (
            self._login is not None and self._login.param is not None
        ):  # some sources write our own token into their links
            found = str(httpx.URL(found).copy_remove_param(self._login.param))
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

    async def _authorization(self, url: str) -> tuple[dict[str, str], dict[str, str]]:
        """Headers and query parameters that say who we are."""
        if self._login is None or origin(url) not in self._ours:
            return {}, {}
        if self._token is None or self._token[1] <= self._clock():
            self._token = await self._log_in(self._login)
        return self._login.carried(self._token[0])

    async def _log_in(self, login: Login) -> tuple[str, float]:
        try:
            if login.by == "key":
                return self._secret(login.secret), math.inf
            ask = asking(login, self._secret(login.secret))
            auth = httpx.USE_CLIENT_DEFAULT if ask.basic is None else ask.basic
            async with self._http().stream("POST", ask.url, data=ask.form, json=ask.json, auth=auth) as answer:
                if answer.status_code != 200:
                    after_s = self.wait_of(answer.headers) if answer.status_code in (429, 503) else None
                    raise SourceAway(f"login-{answer.status_code}", after_s)
                content = bytearray()
                async for chunk in self.chunks(answer, _TOKEN_BYTES):
                    content += chunk
            token, lasts = token_of(login, bytes(content))
            return token, self._clock() + max(lasts - _EARLY_S, lasts / 2)
        except ConfigError:  # the secret file went away: other connectors must not suffer for it
            raise SourceAway("login-no-secret") from None
        except (httpx.HTTPError, httpx.InvalidURL) as why:
            raise SourceAway(why_unreachable(why).replace("http-", "login-", 1)) from None


def _host_of(login: Login | None) -> set[str]:
    return {origin(login.token_url)[1]} if login is not None and login.token_url is not None else set()
