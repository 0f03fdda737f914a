"""Who comes in: what every request must be, signing in and out, sessions and the tokens of forms."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub.connectors.crowd import Crowd
from hub.connectors.front import Refused
from hub.connectors.upload import pages, words
from hub.connectors.upload.access import Brake, Session, Sessions, account_of, read_accounts
from hub.errors import ConfigError, RetryError

if TYPE_CHECKING:
    from hub.connectors.upload.door import UploadDoor

__all__ = ["HEADERS", "Entrance"]

UNPROVEN = 6  # forms to sign in that are read at once: who is signed in has the other places of the door
FORM_BYTES = 16 * 1024  # of a form without cells

COOKIE, BEFORE = "hub_upload", "hub_upload_before"
BY_ITSELF = "by-itself"
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_WRONG = "That name and access word do not belong together. Please check both."
Handler = Callable[[Request], Awaitable[Response]]


class Entrance:
    """Of one door."""

    def __init__(self, door: UploadDoor) -> None:
        self._door, self.at = door, f"/upload/{door.connector}"
        self._idle_s = door.options.idle_minutes * 60
        self._sessions = Sessions(door.clock, idle_s=float(self._idle_s))
        self._brake = Brake(door.clock)
        self._unproven = Crowd(UNPROVEN)
        self._guessing = asyncio.Semaphore(2)  # each guess costs 16 MB and 40 ms
        desk = door.desk
        self.site = pages.Site(self.at, desk.title, desk.recipient, desk.zone, door.options.idle_minutes)

    def guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            if self._door.stopping:
                paused = self._door.around.watch.state == "paused"
                raise Refused(503, "paused" if paused else "stopping", retry_after_s=5)
            self._must_be_private(request)
            if request.method == "POST" and request.headers.get("sec-fetch-site", "same-origin") not in (
                "same-origin",
                "none",
            ):
                raise Refused(409, "cross-site")
            try:
                response = await handler(request)
            except (ConfigError, RetryError):
                raise Refused(503, "cannot-keep", retry_after_s=5) from None
            except ClientDisconnect:
                raise Refused(400, "body-incomplete") from None
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return guarded

    def _must_be_private(self, request: Request) -> None:
        peer = request.client.host if request.client else ""
        if request.url.scheme != "https" and self._door.options.public_url is None and peer not in _LOOPBACK:
            raise Refused(403, "not-encrypted")

    def _secure(self, request: Request) -> bool:
        return request.url.scheme == "https" or self._door.options.public_url is not None

    def session(self, request: Request) -> Session | None:
        """The session of this request; a page that looks again by itself (`page`) is nobody's use of it."""
        return self._sessions.of(request.cookies.get(COOKIE), used=BY_ITSELF not in request.query_params)

    def signed_in(self, request: Request, form: dict[str, str] | None = None) -> Session:
        """The session of this request; with a form, its token must be the session's."""
        session = self.session(request)
        if session is None:
            raise Refused(303, "signed-out", headers={"Location": f"{self.at}/"})
        if form is not None and not hmac.compare_digest(form.get("csrf", "").encode(), session.csrf.encode()):
            raise Refused(409, "form-out-of-date")
        return session

    async def signed_form(self, request: Request, most_bytes: int = FORM_BYTES) -> tuple[Session, dict[str, str]]:
        """Session and form of a request; nothing is read of somebody who is not signed in."""
        self.signed_in(request)
        form = await self.form(request, most_bytes)
        return self.signed_in(request, form), form

    def make_room(self, mine: Session, most_rows: int) -> None:
        """Put away checked lists of other sessions, oldest session first, until all together have no more than these rows."""
        others = [session for session in self._sessions.every() if session is not mine]
        rows = sum(len(each.rows) for session in [*others, mine] for each in session.drafts.values())
        for session in others:
            while rows > most_rows and session.drafts:
                rows -= len(session.drafts.popitem(last=False)[1].rows)

    def site_of(self, session: Session) -> pages.Site:
        return replace(self.site, who=session.who, csrf=session.csrf)

    def page(self, html: str, status: int = 200, *, refresh_s: int | None = None, to: str = "") -> HTMLResponse:
        """A page of somebody signed in: it leaves by itself when it is not used, or looks again (at `to`) after `refresh_s`."""
        again = f"{to}{'&' if '?' in to else '?'}{BY_ITSELF}=1"
        refresh = (
            f"{refresh_s}; url={again}" if refresh_s is not None else f"{self._idle_s + 2}; url={self.at}/signed-out"
        )
        return HTMLResponse(html, status, {"Refresh": refresh})

    async def sign_in(self, request: Request) -> Response:
        try:
            async with self._unproven.turn():
                form = await self.form(request)
        except TimeoutError:
            raise Refused(408, "body-too-slow") from None
        before = request.cookies.get(BEFORE, "")
        if not before or not hmac.compare_digest(form.get("csrf", "").encode(), before.encode()):
            return self.ask_who(request, problem="Please try once more.")
        label = form.get("label", "").strip().lower()[:40]
        names = self._braked(request, label)
        wait_s = self._brake.wait_s(*names)
        if wait_s > 0:
            minutes = words.plural(max(1, round(wait_s / 60)), "minute", "minutes")
            return self.ask_who(
                request, label, f"Too many tries did not fit. Please wait {minutes} and try again.", 429
            )
        self._brake.failed(*names)  # counted first, so that tries side by side are counted too
        async with self._guessing:
            accounts = read_accounts(self._door.around.secret("access"))
            who = await asyncio.to_thread(account_of, accounts, label, form.get("word", ""), self._door.desk.today())
        if who is None:
            return self.ask_who(request, label, _WRONG, 401)
        self._brake.succeeded(*names)
        self._sessions.end(request.cookies.get(COOKIE))
        token, _ = self._sessions.begin(who)
        response = RedirectResponse(f"{self.at}/", 303)
        response.set_cookie(COOKIE, token, path=self.at, httponly=True, samesite="strict", secure=self._secure(request))
        response.delete_cookie(BEFORE, path=self.at)
        return response

    def _braked(self, request: Request, label: str) -> tuple[str, ...]:
        """Whose wrong tries count. Behind a proxy everybody has its address: one guesser there must not keep all others out."""
        if self._door.options.public_url is not None or request.client is None:
            return (f"label {label}",)
        return f"label {label}", f"from {request.client.host}"

    def ask_who(self, request: Request, label: str = "", problem: str = "", status: int = 200) -> Response:
        token = secrets.token_urlsafe(32)
        response = HTMLResponse(pages.sign_in(self.site, token, label=label, problem=problem), status)
        response.set_cookie(BEFORE, token, path=self.at, httponly=True, samesite="strict", secure=self._secure(request))
        return response

    async def sign_out(self, request: Request) -> Response:
        await self.signed_form(request)
        self._sessions.end(request.cookies.get(COOKIE))
        response = HTMLResponse(pages.signed_out(self.site, idle=False), headers={"Clear-Site-Data": '"cache"'})
        response.delete_cookie(COOKIE, path=self.at)
        return response

    async def signed_out(self, _request: Request) -> Response:
        """Where a page goes that was not used: it shows nothing any more. A session in use in another window goes on."""
        return HTMLResponse(pages.signed_out(self.site, idle=True))

    async def form(self, request: Request, most_bytes: int = FORM_BYTES) -> dict[str, str]:
        """The fields of a form, each once; the first of a name counts. Refused (413) over `most_bytes`, which anybody may send."""
        raw = bytearray()
        async for piece in request.stream():
            raw += piece
            if len(raw) > most_bytes:
                raise Refused(413, "body-too-large")
        try:
            read = partial(parse_qsl, raw.decode("ascii"), keep_blank_values=True, max_num_fields=6_000)
            fields = read() if len(raw) <= FORM_BYTES else await asyncio.to_thread(read)
        except (UnicodeDecodeError, ValueError):
            raise Refused(400, "malformed") from None
        return dict(reversed(fields))
