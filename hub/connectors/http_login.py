"""OAuth2 client credentials, with a secret or with a signed assertion (SMART Backend Services, as FHIR bulk servers ask for).

Sources: RFC 6749 §4.4; RFC 7523 §2.2; SMART App Launch 2.2, "Backend Services" (RS384 or ES384, five minutes at most, an id of its
own for each assertion).
"""

from __future__ import annotations

import json
import secrets
import time
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from hub.connectors.away import SourceAway
from hub.connectors.http_origin import safe_url
from hub.declared import Declared
from hub.errors import ConfigError

__all__ = ["Login", "check_secret", "form_of", "token_of"]

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LASTS_S = 240


class Login(Declared):
    """OAuth2 client credentials. The secret, or private key, stands in DIR/secrets/<connector>/<secret>, never here."""

    token_url: str
    client_id: str
    by: Literal["secret", "private-key"] = Field(
        default="secret", description="private-key: SMART Backend Services; the source has our public key"
    )
    secret: str = Field(
        default="client-secret", pattern=r"^[a-z0-9][a-z0-9._-]*$", description="name of the secret file; a key in PEM"
    )
    key_id: str | None = Field(default=None, description="private-key: its `kid` in the key set that the source has")
    algorithm: Literal["RS384", "ES384"] = Field(default="RS384", description="private-key: how it signs")
    scope: str = ""

    @field_validator("token_url")
    @classmethod
    def _is_a_url(cls, url: str) -> str:
        return safe_url(url)

    @model_validator(mode="after")
    def _has_a_key_id(self) -> Login:
        if self.by == "private-key" and self.key_id is None:
            raise ValueError("private-key needs key_id")
        return self


def check_secret(login: Login, secret: str) -> None:
    """ConfigError when the secret cannot be used."""
    if login.by == "private-key":
        form_of(login, secret)


def form_of(login: Login, secret: str) -> tuple[dict[str, str], tuple[str, str] | None]:
    """Fields of the token request, and user and password where it carries them. ConfigError for a key that does not sign so."""
    form = {"grant_type": "client_credentials", **({"scope": login.scope} if login.scope else {})}
    if login.by == "secret":
        return form, (login.client_id, secret)
    from joserfc import jwt  # imported where a source asks for it
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, RSAKey

    now = int(time.time())
    claims = {"iss": login.client_id, "sub": login.client_id, "aud": login.token_url, "iat": now}
    claims |= {"exp": now + _LASTS_S, "jti": secrets.token_urlsafe(24)}
    header = {"alg": login.algorithm, "kid": login.key_id, "typ": "JWT"}
    try:
        kind = RSAKey if login.algorithm == "RS384" else ECKey
        text = jwt.encode(header, claims, kind.import_key(secret + "\n"), algorithms=[login.algorithm])
    except (JoseError, ValueError, TypeError, AttributeError):  # a key of another kind, or none at all
        raise ConfigError(f"the secret {login.secret} is no private key that signs {login.algorithm}") from None
    return {**form, "client_assertion_type": _ASSERTION, "client_assertion": text}, None


def token_of(content: bytes) -> tuple[str, float]:
    """The token of an answer, and how many seconds it lasts. SourceAway `login-unreadable`."""
    try:
        said: Any = json.loads(content)
        token, lasts = said["access_token"], float(said.get("expires_in", 300))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise SourceAway("login-unreadable") from None
    if not isinstance(token, str) or not token or any(ord(each) < 33 or ord(each) > 126 for each in token):
        raise SourceAway("login-unreadable")
    return token, lasts
