"""Who may use an upload page: access words, sessions, and a brake on guessing.

Secret file `access` in DIR/secrets/<connector>/ has one line per word, made by `hub connector access NAME LABEL`:

    LABEL scrypt:16384:8:1:SALT:HASH [until YYYY-MM-DD]

A label names an account (a desk, a shift, a person by the name they go by at work), never a client. Two lines of one label are a
rotation: both words work until the old line is taken away or its day has passed. The file is read at each sign-in, so that a
change needs no restart. Sessions live in this process only: after a restart people sign in again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from hub.connectors.upload.check import Checked
from hub.errors import ConfigError

__all__ = ["LABEL", "Account", "Brake", "Session", "Sessions", "account_of", "hashed", "new_word", "read_accounts"]

LABEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}\Z")
_N, _R, _P = 16_384, 8, 1  # 16 MB and ~40 ms a guess; words are made by us and have 80 bits
_MAX_N = 1 << 17
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another when read aloud or copied by hand
_KEPT = 10_000


class Account(NamedTuple):
    """One access word of a label."""

    label: str
    n: int
    r: int
    p: int
    salt: bytes
    digest: bytes
    until: date | None


def new_word() -> str:
    """A word nobody guesses, in groups that can be read over the phone: 16 letters, 79 bits."""
    letters = [secrets.choice(_LETTERS) for _ in range(16)]
    return "-".join("".join(letters[at : at + 4]) for at in range(0, 16, 4))


def hashed(label: str, word: str, until: date | None = None) -> str:
    """The line of the secret file for this word."""
    salt = secrets.token_bytes(16)
    digest = _scrypt(word, salt, _N, _R, _P)
    texts = [base64.b64encode(each).decode() for each in (salt, digest)]
    return f"{label} scrypt:{_N}:{_R}:{_P}:{':'.join(texts)}" + (f" until {until}" if until else "")


def read_accounts(text: str) -> list[Account]:
    """The lines of a secret file; ConfigError naming the line, never its content."""
    found: list[Account] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        try:
            found.append(_account(words))
        except ValueError:
            raise ConfigError(
                f"line {number} of the secret file `access` is none; write it with `hub connector access NAME LABEL`"
            ) from None
    return found


def _account(words: list[str]) -> Account:
    scheme, n, r, p, salt, digest = words[1].split(":") if len(words) in (2, 4) else [""] * 6
    until = date.fromisoformat(words[3]) if len(words) == 4 and words[2] == "until" else None
    good = scheme == "scrypt" and LABEL.match(words[0]) and (len(words) == 2 or until)
    account = Account(words[0], int(n), int(r), int(p), base64.b64decode(salt), base64.b64decode(digest), until)
    if not good or not (2 <= account.n <= _MAX_N) or account.r != _R or account.p != _P or len(account.digest) != 32:
        raise ValueError
    return account


def account_of(accounts: list[Account], label: str, word: str, today: date) -> str | None:
    """The label, if this word is one of its own today. Takes as long for a label that is not there. Blocking: ~40 ms a word."""
    label = label.strip().lower()
    mine = [each for each in accounts if each.label == label and (each.until is None or today <= each.until)][:4]
    matched = False
    for each in mine or [Account("", _N, _R, _P, b"nobody's salt...", b"\0" * 32, None)]:
        given = _scrypt(word, each.salt, each.n, each.r, each.p)
        matched = hmac.compare_digest(given, each.digest) or matched
    return label if matched and mine else None


def _scrypt(word: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    clean = "".join(word.split()).lower().encode(errors="replace")[:200]
    return hashlib.scrypt(clean, salt=salt, n=n, r=r, p=p, dklen=32, maxmem=256 * 1024 * 1024)


class Brake:
    """Slows guessing down: after `free` failures of a name or an address within `forget_s`, each further try waits, twice as long
    each time, up to `longest_s`. `clock` is monotonic seconds."""

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        free: int = 5,
        first_s: float = 15.0,
        longest_s: float = 900.0,
        forget_s: float = 3_600.0,
    ) -> None:
        self._clock, self._free, self._first_s, self._longest_s, self._forget_s = (
            clock,
            free,
            first_s,
            longest_s,
            forget_s,
        )
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, *names: str) -> float:
        """How long these names must still wait; 0 when they may try."""
        return max((self._wait_s(name) for name in names), default=0.0)

    def _wait_s(self, name: str) -> float:
        count, last = self._failures.get(name, (0, 0.0))
        if count < self._free or self._clock() - last > self._forget_s:
            return 0.0
        pause = min(self._longest_s, self._first_s * 2.0 ** min(count - self._free, 10))
        return max(0.0, last + pause - self._clock())

    def failed(self, *names: str) -> None:
        """One more wrong try."""
        now = self._clock()
        for name in names:
            count, last = self._failures.pop(name, (0, now))
            self._failures[name] = (1 if now - last > self._forget_s else count + 1, now)
        while len(self._failures) > _KEPT:
            self._failures.popitem(last=False)

    def succeeded(self, *names: str) -> None:
        for name in names:
            self._failures.pop(name, None)


@dataclass
class Session:
    """One signed-in browser. `csrf` must come with every form; `drafts` are what it checked and did not send: in memory only."""

    who: str
    csrf: str
    began: float
    seen: float
    drafts: OrderedDict[str, Checked] = field(default_factory=OrderedDict)


class Sessions:
    """Sessions by token. One ends `idle_s` after the last request, and `longest_s` after it began."""

    def __init__(
        self, clock: Callable[[], float], *, idle_s: float, longest_s: float = 8 * 3_600.0, most: int = 200
    ) -> None:
        self._clock, self.idle_s, self._longest_s, self._most = clock, idle_s, longest_s, most
        self._open: OrderedDict[str, Session] = OrderedDict()

    def begin(self, who: str) -> tuple[str, Session]:
        """A new session and the token that stands for it in the cookie."""
        self._end_old()
        now, token = self._clock(), secrets.token_urlsafe(32)
        session = self._open[_named(token)] = Session(who, secrets.token_urlsafe(32), now, now)
        while len(self._open) > self._most:
            self._open.popitem(last=False)
        return token, session

    def of(self, token: str | None, *, used: bool = True) -> Session | None:
        """The session that is open under this token; being asked for counts as use, unless it is not `used`."""
        self._end_old()
        session = self._open.get(_named(token)) if token else None
        if session is not None and used:
            session.seen = self._clock()
        return session

    def every(self) -> list[Session]:
        """All that are open, the one that began first in front."""
        self._end_old()
        return list(self._open.values())

    def end(self, token: str | None) -> None:
        if token:
            self._open.pop(_named(token), None)

    def _end_old(self) -> None:
        now = self._clock()
        for name, session in list(self._open.items()):
            if now - session.seen >= self.idle_s or now - session.began >= self._longest_s:
                del self._open[name]


def _named(token: str) -> str:
    """Sessions are looked up by hash, so that a look-up's time tells nothing of a token."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
