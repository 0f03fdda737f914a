"""How the hub logs in at a source: as whom, with what, and where each request carries what came of it.

secret        OAuth2 client credentials                                     RFC 6749 §4.4
private-key   the same with a signed assertion, as FHIR bulk servers ask    RFC 7523 §2.2; SMART App Launch 2.2, "Backend
              Services" (RS384 or ES384, five minutes at most, an id of its own for each assertion)
password      user and password as a JSON object, answered by a session's token (LoopBack 3, as Go.Data; health-standards.md §5.2)
key           a key that the source gave out once: there is nothing to log in to (CommCare HQ's `ApiKey user:key`)
"""

from __future__ import annotations

import json
import math
import secrets
import time
from typing import Any, Literal, NamedTuple

from pydantic import Field, field_validator, model_validator

from hub.connectors.away import SourceAway
from hub.connectors.http_origin import at, safe_url
from hub.declared import Declared
from hub.errors import ConfigError

__all__ = ["Asking", "Login", "asking", "check_secret", "token_of"]

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LASTS_S = 240
_UNTOLD_S = 300.0


class Login(Declared):
    """The secret, password, key or private key stands in DIR/secrets/<connector>/<secret>, never here."""

    token_url: str | None = Field(default=None, description="where to log in; needed unless by: key")
    client_id: str | None = Field(
        default=None, description="who we are there; of password the user; needed unless by: key"
    )
    by: Literal["secret", "private-key", "password", "key"] = Field(
        default="secret",
        description="private-key: SMART Backend Services; the source has our public key. password: a session, as of Go.Data. "
        "key: the secret itself goes into each request, as CommCare's API key",
    )
    secret: str = Field(
        default="client-secret", pattern=r"^[a-z0-9][a-z0-9._-]*$", description="name of the secret file; a key in PEM"
    )
    key_id: str | None = Field(default=None, description="private-key: its `kid` in the key set that the source has")
    algorithm: Literal["RS384", "ES384"] = Field(default="RS384", description="private-key: how it signs")
    scope: str = ""
    user_field: str = Field(default="email", min_length=1, description="password: the field of the user")
    password_field: str = Field(default="password", min_length=1, description="password: the field of the password")
    token_at: str = Field(default="access_token", description="where the token stands in the answer, a path with dots")
    lasts_at: str = Field(default="expires_in", description="where it says how many seconds that is good for")
    header: str = Field(default="authorization", pattern=r"^[A-Za-z0-9-]+$", description="which header carries it")
    form: str = Field(default="Bearer {}", pattern=r"\{\}", description="how it is written into that header")
    param: str | None = Field(
        default=None,
        min_length=1,
        description="the query parameter that carries it in place of a header: sources log those",
    )

    @field_validator("token_url")
    @classmethod
    def _is_a_url(cls, url: str | None) -> str | None:
        return None if url is None else safe_url(url)

    @model_validator(mode="after")
    def _is_whole(self) -> Login:
        if self.by != "key" and (self.token_url is None or self.client_id is None):
            raise ValueError(f"{self.by} needs token_url and client_id")
        if self.by == "key" and (self.token_url is not None or self.client_id is not None):
            raise ValueError("key has no token_url and no client_id: the secret file holds all that goes into `form`")
        if self.by == "private-key" and self.key_id is None:
            raise ValueError("private-key needs key_id")
        return self

    def carried(self, token: str) -> tuple[dict[str, str], dict[str, str]]:
        """Headers and query parameters of a request under this token."""
        if self.param is not None:
            return {}, {self.param: token}
        return {self.header.lower(): self.form.replace("{}", token)}, {}


class Asking(NamedTuple):
    """A token request: its form or its JSON, and user and password where it carries them."""

    url: str
    form: dict[str, str] | None = None
    json: dict[str, str] | None = None
    basic: tuple[str, str] | None = None


def check_secret(login: Login, secret: str) -> None:
    """ConfigError when the secret cannot be used."""
    if login.by == "private-key":
        asking(login, secret)
    elif login.by == "key" and not _is_token(secret, blanks=True):
        raise ConfigError(f"the secret {login.secret} is no key: one line of printable characters")


def asking(login: Login, secret: str) -> Asking:
    """What is sent to the token URL. ConfigError for a key that does not sign so."""
    url, client_id = login.token_url or "", login.client_id or ""
    if login.by == "password":
        return Asking(url, json={login.user_field: client_id, login.password_field: secret})
    form = {"grant_type": "client_credentials", **({"scope": login.scope} if login.scope else {})}
    if login.by == "secret":
        return Asking(url, form, basic=(client_id, secret))
    from joserfc import jwt  # imported where a source asks for it
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, RSAKey

    now = int(time.time())
    claims = {"iss": client_id, "sub": client_id, "aud": url, "iat": now}
    claims |= {"exp": now + _LASTS_S, "jti": secrets.token_urlsafe(24)}
    header = {"alg": login.algorithm, "kid": login.key_id, "typ": "JWT"}
    try:
        kind = RSAKey if login.algorithm == "RS384" else ECKey
        text = jwt.encode(header, claims, kind.import_key(secret + "\n"), algorithms=[login.algorithm])
    except (JoseError, ValueError, TypeError, AttributeError):  # a key of another kind, or none at all
        raise ConfigError(f"the secret {login.secret} is no private key that signs {login.algorithm}") from None
    return Asking(url, {**form, "client_assertion_type": _ASSERTION, "client_assertion": text})


def token_of(login: Login, content: bytes) -> tuple[str, float]:
    """The token of an answer, and how many seconds it lasts. SourceAway `login-unreadable`."""
    try:
        said: Any = json.loads(content)
        token, lasts = at(said, login.token_at), at(said, login.lasts_at)
        seconds = _UNTOLD_S if lasts is None else float(lasts)
    except (ValueError, TypeError, RecursionError):
        raise SourceAway("login-unreadable") from None
    if not isinstance(token, str) or not _is_token(token) or not math.isfinite(seconds):
        raise SourceAway("login-unreadable")
    return token, seconds


def _is_token(text: str, *, blanks: bool = False) -> bool:
    """Whether it may stand in a header as it is."""
    least = 32 if blanks else 33
    return bool(text) and all(least <= ord(each) <= 126 for each in text)
