"""Who may push: API keys, signed webhooks, names of client certificates. Nothing of it is ever logged or told.

Several keys at once are how keys are rotated: add the new line, let senders change, remove the old line. The secret files are read
again every `REREAD_S`, so neither needs a restart; a file that is gone lets nobody in, a line that is no key leaves the keys in
force that were.

Webhooks: Standard Webhooks 1.0.0 (symmetric, `v1`). Signed is `<webhook-id>.<webhook-timestamp>.<raw body>` with HMAC-SHA256; the
time may differ from ours by `TOLERANCE_S`. A replay within that time is let in: the same body makes the same facts.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Iterable, Mapping

from hub.connectors.http_push import PushOptions
from hub.errors import ConfigError, SecretGone

__all__ = ["Doorkeeper", "api_key_digests", "is_signed", "webhook_keys"]

REREAD_S = 10.0
TOLERANCE_S = 300
_SHORTEST_KEY = 24
_MOST_SIGNATURES = 16
_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


class Doorkeeper:
    """Lets a request in, or not. `secret` gives a secret file's text; `clock` is monotonic, `now` seconds since 1970."""

    def __init__(
        self,
        options: PushOptions,
        secret: Callable[[str], str],
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._options, self._secret, self._clock, self._now = options, secret, clock, now
        self._names = frozenset(name.lower() for name in options.client_names)
        self._digests: tuple[bytes, ...] = ()
        self._webhook_keys: tuple[bytes, ...] = ()
        self.reread()

    def reread(self) -> None:
        """Read the secret files. ConfigError for a line that is no key: the keys that were read before stay in force; SecretGone
        for a file that is gone, or holds no key: nobody is let in by a key."""
        self._read_at = self._clock()
        digests, keys = self._digests, self._webhook_keys
        options = self._options
        try:
            if options.webhook_keys is not None:
                keys = webhook_keys(self._secret(options.webhook_keys), options.webhook_keys)
            if options.api_keys is not None:
                digests = api_key_digests(self._secret(options.api_keys), options.api_keys)
        except SecretGone:
            digests, keys = (), ()
            raise
        except ConfigError:
            digests, keys = self._digests, self._webhook_keys  # of two files none alone
            raise
        finally:  # at once: requests are judged in another thread meanwhile
            self._digests, self._webhook_keys = digests, keys

    @property
    def stale(self) -> bool:
        """Whether the secret files should be read again."""
        return self._clock() - self._read_at >= REREAD_S

    def knows(self, client_names: Iterable[str], headers: Mapping[str, str]) -> bool | None:
        """Before the body is read: True, let in; False, sent away; None, the signature over the body decides."""
        if self._names and self._names.isdisjoint(client_names):
            return False
        if not self._options.api_keys and not self._options.webhook_keys:
            return True
        if self._has_key(headers):
            return True
        return None if self._options.webhook_keys and all(name in headers for name in _HEADERS) else False

    def signed(self, headers: Mapping[str, str], raw: bytes) -> bool:
        """Whether one of our webhook keys signed this body."""
        return is_signed(headers, raw, self._webhook_keys, self._now())

    def _has_key(self, headers: Mapping[str, str]) -> bool:
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        given = bearer.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        digest = hashlib.sha256(given.encode("utf-8", "surrogateescape")).digest()
        matches = [hmac.compare_digest(digest, known) for known in self._digests]  # all of them, always
        return bool(given) and any(matches)


def is_signed(headers: Mapping[str, str], raw: bytes, keys: Iterable[bytes], now: float) -> bool:
    """Whether a Standard Webhooks signature in `headers` (lower-case names) fits `raw`, one of `keys`, and the time."""
    name, stamp, given = (headers.get(header, "") for header in _HEADERS)
    if not name or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        return False
    if abs(now - int(stamp)) > TOLERANCE_S:
        return False
    signed = f"{name}.{stamp}.".encode("utf-8", "surrogateescape") + raw
    expected = [base64.b64encode(hmac.digest(key, signed, "sha256")) for key in keys]
    signatures = [each.partition(",") for each in given.split(" ", _MOST_SIGNATURES)[:_MOST_SIGNATURES]]
    matches = [
        hmac.compare_digest(one, signature.encode("utf-8", "surrogateescape"))
        for version, _, signature in signatures
        if version == "v1"
        for one in expected
    ]
    return any(matches)


def api_key_digests(text: str, file: str) -> tuple[bytes, ...]:
    """SHA-256 of each key of a secret file; ConfigError naming the line that is none."""
    found: list[bytes] = []
    for number, line in _lines(text, file):
        form, _, digest = line.partition(":")
        if form == "sha256":
            try:
                raw = bytes.fromhex(digest)
            except ValueError:
                raw = b""
            if len(raw) != hashlib.sha256().digest_size:
                raise ConfigError(f"secret file {file}, line {number}: after sha256: there must be 64 hex digits")
            found.append(raw)
        elif len(line) < _SHORTEST_KEY:
            raise ConfigError(f"secret file {file}, line {number}: a key has {_SHORTEST_KEY} characters or more")
        else:
            found.append(hashlib.sha256(line.encode()).digest())
    return tuple(found)


def webhook_keys(text: str, file: str) -> tuple[bytes, ...]:
    """The keys of a secret file; ConfigError naming the line that is none. The standard asks for 24 to 64 bytes."""
    found: list[bytes] = []
    for number, line in _lines(text, file):
        try:
            key = base64.b64decode(line.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not 24 <= len(key) <= 64:
            raise ConfigError(f"secret file {file}, line {number}: must be whsec_ and 24 to 64 bytes in base64")
        found.append(key)
    return tuple(found)


def _lines(text: str, file: str) -> list[tuple[int, str]]:
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    kept = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not kept:
        raise SecretGone(f"secret file {file} holds no key")
    return kept
