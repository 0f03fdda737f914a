"""The addresses of an upload page below /upload/<connector>, and who may have them.

| address | |
| --- | --- |
| GET / | the start: choose a list, see receipts; or the form to sign in |
| POST /sign-in, /sign-out · GET /signed-out | |
| POST /check | look at a list; nothing is sent |
| GET /check/ID, /check/ID/problems.csv · POST /check/ID/mend, /send, /put-away | |
| GET /uploads/ID, /uploads/ID/receipt.json, /uploads/ID/pull-back · POST /uploads/ID/pull-back | |
| GET /empty.csv, /page.css, /page.js | |

Every answer is `no-store` under a Content-Security-Policy that lets nothing in from elsewhere. Each form carries a token of its
session; a request that another site caused is refused before it is read. Over plain HTTP only this machine is served, unless
`public_url` says that a TLS proxy stands in front. Pages without use lead to /signed-out by themselves, script or no script.
"""

from __future__ import annotations

import asyncio
import csv
import io
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from hub.connectors.front import Refused
from hub.connectors.upload import pages, words
from hub.connectors.upload.access import Session
from hub.connectors.upload.assets import ASSETS
from hub.connectors.upload.check import Checked, Unreadable, problems_csv
from hub.connectors.upload.check_file import check_file, taken_out
from hub.connectors.upload.check_page import checked, shown_problems
from hub.connectors.upload.entrance import HEADERS, Entrance
from hub.connectors.upload.kept import Upload
from hub.connectors.upload.receipt_page import pull_back, receipt

if TYPE_CHECKING:
    from hub.connectors.upload.door import UploadDoor

__all__ = ["Routes"]

DRAFTS = 3  # checked lists that one session may leave lying open
DRAFTS_IN_ALL = 8  # of the largest size, of all sessions together: a row takes about 6 kB of memory
MEND_BYTES = 1024 * 1024  # of the form of rows that are mended on the page
SETTLE_S = 8.0  # how long a browser waits for the receipt before it is told to look again
LOOK_AGAIN_S = 3


class Routes:
    """The handlers of one door."""

    def __init__(self, door: UploadDoor) -> None:
        self._door, self._in = door, Entrance(door)
        self._at = self._in.at
        self._checking = asyncio.Semaphore(2)

    def router(self) -> APIRouter:
        """All addresses, relative to the prefix."""
        router = APIRouter()
        for path, methods, handler in (
            ("", ["GET"], self._to_start),
            ("/", ["GET"], self.start),
            ("/sign-in", ["POST"], self._in.sign_in),
            ("/sign-out", ["POST"], self._in.sign_out),
            ("/signed-out", ["GET"], self._in.signed_out),
            ("/check", ["POST"], self.check),
            ("/check/{check_id}", ["GET"], self.show_check),
            ("/check/{check_id}/problems.csv", ["GET"], self.problems),
            ("/check/{check_id}/mend", ["POST"], self.mend),
            ("/check/{check_id}/send", ["POST"], self.send),
            ("/check/{check_id}/put-away", ["POST"], self.put_away),
            ("/uploads/{upload_id}", ["GET"], self.receipt),
            ("/uploads/{upload_id}/receipt.json", ["GET"], self.receipt_json),
            ("/uploads/{upload_id}/pull-back", ["GET"], self.ask_pull_back),
            ("/uploads/{upload_id}/pull-back", ["POST"], self.pull_back),
            ("/empty.csv", ["GET"], self.empty),
        ):
            router.add_api_route(path, self._in.guarded(handler), methods=methods, include_in_schema=False)
        for name in ASSETS:
            router.add_api_route(f"/{name}", self._asset(name), methods=["GET"], include_in_schema=False)
        return router

    def refusal(self, refused: Refused) -> Response:
        """Errors in plain words; no value stands in them."""
        page = pages.message(self._in.site, "That did not work", words.refusal(refused.status))
        return HTMLResponse(page, refused.status, {**HEADERS, **refused.headers})

    # choose and check

    async def _to_start(self, _request: Request) -> Response:
        return RedirectResponse(f"{self._at}/", 303)

    async def start(self, request: Request) -> Response:
        session = self._in.session(request)
        return self._in.ask_who(request) if session is None else await self._start(session)

    async def _start(self, session: Session, problem: str = "", status: int = 200) -> Response:
        uploads = await asyncio.to_thread(self._door.store.of, session.who)
        desk = self._door.desk
        optional = [name for name in desk.known if name not in desk.needed]
        draft = next(reversed(session.drafts), None)
        open_check = f"{self._at}/check/{draft}" if draft is not None else ""
        site = self._in.site_of(session)
        return self._in.page(
            pages.home(
                site,
                uploads,
                self._described(desk.needed),
                self._described(optional),
                open_check=open_check,
                problem=problem,
                reads=desk.reads,
            ),
            status,
        )

    def _described(self, columns: Sequence[str]) -> list[tuple[str, str]]:
        desk = self._door.desk
        return [(name, words.column_help(name, desk.filled, desk.choices, desk.examples)) for name in columns]

    async def check(self, request: Request) -> Response:
        session = self._in.signed_in(request)
        parser = _InMemory(request.headers, request.stream(), max_files=1, max_fields=2)
        try:
            form = await parser.parse()
        except (MultiPartException, KeyError):
            raise Refused(400, "malformed") from None
        try:
            self._in.signed_in(request, {"csrf": str(form.get("csrf", ""))})
            file = form.get("file")
            data = b"" if file is None or isinstance(file, str) else await file.read()
            name = "" if file is None or isinstance(file, str) else (file.filename or "")
        finally:
            await form.close()
        if not name and not data:
            return await self._start(session, words.unreadable("no-file"), 422)
        try:
            async with self._checking:
                draft = await asyncio.to_thread(self._checked, name.replace("\\", "/").rsplit("/", 1)[-1][:120], data)
        except Unreadable as why:
            return await self._start(session, words.unreadable(why.reason, why.columns), 422)
        check_id = secrets.token_hex(8)
        session.drafts[check_id] = draft
        while len(session.drafts) > DRAFTS:
            session.drafts.popitem(last=False)
        self._in.make_room(session, DRAFTS_IN_ALL * self._door.options.max_rows)
        return RedirectResponse(f"{self._at}/check/{check_id}", 303)

    def _checked(self, name: str, data: bytes) -> Checked:
        if len(data) > self._door.options.max_bytes:
            raise Unreadable("too-large")
        desk, options = self._door.desk, self._door.options
        name, data = taken_out(name, data, options.max_bytes)
        return check_file(
            name,
            data,
            desk.look,
            by_row=desk.by_row,
            needed=desk.needed,
            sheet=options.sheet,
            max_rows=options.max_rows,
        )

    def _draft(self, request: Request, session: Session) -> tuple[str, Checked]:
        check_id = request.path_params["check_id"]
        draft = session.drafts.get(check_id)
        if draft is None:
            raise Refused(404, "no-such-check")
        return check_id, draft

    async def show_check(self, request: Request) -> Response:
        session = self._in.signed_in(request)
        check_id, draft = self._draft(request, session)
        number = request.query_params.get("page", "1")
        page = int(number) if number.isdecimal() and len(number) < 7 else 1
        html = await asyncio.to_thread(checked, self._in.site_of(session), self._door.desk, draft, check_id, page)
        return self._in.page(html)

    async def problems(self, request: Request) -> Response:
        _, draft = self._draft(request, self._in.signed_in(request))
        desk = self._door.desk
        made = await asyncio.to_thread(
            problems_csv,
            draft,
            lambda row: " ".join(words.why(problem, desk.choices, desk.examples) for problem in row.problems),
        )
        return _download(made, "text/csv; charset=utf-8", "rows-that-need-a-look.csv")

    async def mend(self, request: Request) -> Response:
        session, form = await self._in.signed_form(request, MEND_BYTES)
        check_id, draft = self._draft(request, session)
        edits = {
            row.number: [form.get(f"r{row.number}c{n}", cell) for n, cell in enumerate(row.cells)]
            for row in shown_problems(draft)
            if f"r{row.number}c0" in form
        }
        try:
            async with self._checking:
                mended = await asyncio.to_thread(draft.mended, edits)
        except Unreadable:
            raise Refused(400, "malformed") from None
        if session.drafts.get(check_id) is not draft:  # sent, mended or put away meanwhile: that stands
            raise Refused(409, "form-out-of-date")
        session.drafts[check_id] = mended
        return RedirectResponse(f"{self._at}/check/{check_id}", 303)

    async def put_away(self, request: Request) -> Response:
        session, _ = await self._in.signed_form(request)
        session.drafts.pop(request.path_params["check_id"], None)
        return RedirectResponse(f"{self._at}/", 303)

    # send and take back

    async def send(self, request: Request) -> Response:
        session, _ = await self._in.signed_form(request)
        check_id, draft = self._draft(request, session)
        taken = draft.taken()
        if not taken:
            return RedirectResponse(f"{self._at}/check/{check_id}", 303)
        session.drafts[check_id] = left = draft.after_sending()  # before the first wait: two clicks are one sending
        try:
            upload_id = await self._door.send(session.who, draft.file, taken)
        except BaseException:
            session.drafts[check_id] = draft
            raise
        if not left.problems:
            session.drafts.pop(check_id, None)
        await self._door.settled(upload_id, SETTLE_S)
        more = f"?left={check_id}" if left.problems else ""
        return RedirectResponse(f"{self._at}/uploads/{upload_id}{more}", 303)

    async def receipt(self, request: Request) -> Response:
        session, upload = await self._upload(request)
        check_id = request.query_params.get("left", "")
        left = f"{self._at}/check/{check_id}" if check_id in session.drafts else ""
        html = receipt(self._in.site_of(session), upload, left)
        if upload.state in ("sending", "withdrawing"):
            return self._in.page(
                html, refresh_s=LOOK_AGAIN_S, to=str(request.url.path) + (f"?left={check_id}" if left else "")
            )
        return self._in.page(html)

    async def receipt_json(self, request: Request) -> Response:
        _, upload = await self._upload(request)
        made = JSONResponse(upload.as_json(self._door.connector, self._door.desk.recipient))
        return _download(bytes(made.body), "application/json", f"receipt-{upload.id}.json")

    async def ask_pull_back(self, request: Request) -> Response:
        session, upload = await self._upload(request)
        if upload.state != "sent":
            return RedirectResponse(f"{self._at}/uploads/{upload.id}", 303)
        return self._in.page(pull_back(self._in.site_of(session), upload))

    async def pull_back(self, request: Request) -> Response:
        await self._in.signed_form(request)
        session, upload = await self._upload(request)
        if await self._door.pull_back(upload.id, session.who):
            await self._door.settled(upload.id, SETTLE_S)
        return RedirectResponse(f"{self._at}/uploads/{upload.id}", 303)

    async def _upload(self, request: Request) -> tuple[Session, Upload]:
        session = self._in.signed_in(request)
        upload = await asyncio.to_thread(self._door.find, request.path_params["upload_id"], session.who)
        if upload is None:
            raise Refused(404, "no-such-upload")
        return session, upload

    async def empty(self, request: Request) -> Response:
        self._in.signed_in(request)
        out = io.StringIO()
        csv.writer(out).writerow(self._door.desk.known)
        return _download(b"\xef\xbb\xbf" + out.getvalue().encode(), "text/csv; charset=utf-8", "empty-list.csv")

    def _asset(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        media, content = ASSETS[name]

        async def asset(_request: Request) -> Response:
            return Response(content, media_type=media, headers={**HEADERS, "Cache-Control": "public, max-age=300"})

        return asset


class _InMemory(MultiPartParser):
    """What people send is never written to the disk in the clear: the front's limit on bodies is the limit of memory."""

    spool_max_size = 1 << 30


def _download(content: bytes, media: str, name: str) -> Response:
    return Response(content, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'})
