"""Schemas and their ids, from any Confluent-compatible registry: the embedded one, Karapace, Confluent's own.

Blocking; asked at start and once per unknown id, then cached. Wraps confluent-kafka's client, so that its settings for
TLS, passwords and tokens work: `conf` is handed to it as is (`ssl.ca.location`, `basic.auth.user.info`, …).

Errors: RetryError when the registry is away, ConfigError when it refuses a schema of ours (incompatible, invalid) or us
(401, 403), Reject("unknown-schema", "decode") for an id it does not know.
"""

from __future__ import annotations

import json
import time
import warnings
from typing import Any

from hub.errors import ConfigError, Reject, RetryError

with warnings.catch_warnings():
    import authlib.deprecate  # noqa: F401 - switches its own warnings on; the next line switches them off again

    warnings.simplefilter("ignore")
    from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
    from confluent_kafka.schema_registry.error import SchemaRegistryError

_UNKNOWN_FOR_S = 5.0
_MAX_UNKNOWN = 10_000


class SchemaIds:
    """Ids of schemas and schemas of ids. Safe to share between threads."""

    def __init__(self, url: str, conf: dict[str, Any] | None = None) -> None:
        self._client = SchemaRegistryClient({"url": url, "timeout": 10, "max.retries": 2, **(conf or {})})
        self._texts: dict[int, str] = {}
        self._unknown: dict[int, float] = {}

    def register(self, subject: str, schema: dict[str, Any]) -> int:
        """The id of `schema` in `subject`; registers it where it is new."""
        try:
            return int(self._client.register_schema(subject, Schema(json.dumps(schema), "AVRO")))
        except SchemaRegistryError as refused:
            raise _translate(refused, f"schema of {subject} was refused") from None
        except Exception as away:
            raise _away(away) from None

    def set_level(self, subject: str, level: str) -> None:
        """Sets the compatibility level of a subject; writes nothing where it is set already."""
        try:
            if self._level(subject) == level:
                return
            self._client.set_compatibility(subject, level)
        except SchemaRegistryError as refused:
            raise _translate(refused, f"level of {subject} was refused") from None
        except Exception as away:
            raise _away(away) from None

    def text(self, schema_id: int) -> str:
        """The schema of an id. An id that was just unknown is not asked for again for some seconds."""
        if schema_id in self._texts:
            return self._texts[schema_id]
        if time.monotonic() - self._unknown.get(schema_id, -_UNKNOWN_FOR_S) < _UNKNOWN_FOR_S:
            raise Reject("unknown-schema", "decode")
        try:
            found = str(self._client.get_schema(schema_id).schema_str)
        except SchemaRegistryError as refused:
            if refused.http_status_code == 404:
                self._remember_unknown(schema_id)
                raise Reject("unknown-schema", "decode") from None
            raise _translate(refused, "look-up was refused") from None
        except Exception as away:
            raise _away(away) from None
        self._texts[schema_id] = found
        return found

    def _level(self, subject: str) -> str | None:
        try:
            return str(self._client.get_compatibility(subject))
        except SchemaRegistryError as refused:
            if refused.http_status_code == 404:
                return None
            raise

    def close(self) -> None:
        """Closes its connections."""
        self._client.__exit__(None, None, None)

    def _remember_unknown(self, schema_id: int) -> None:
        if len(self._unknown) >= _MAX_UNKNOWN:
            self._unknown.clear()
        self._unknown[schema_id] = time.monotonic()


def _translate(refused: SchemaRegistryError, words: str) -> Exception:
    status = refused.http_status_code
    if status in (401, 403, 409, 415, 422) or status == 404:
        return ConfigError(f"registry: {words}: {status}/{refused.error_code} {refused.error_message}")
    return RetryError(f"registry-answered:{status}")


def _away(failure: Exception) -> Exception:
    """httpx has its own family of errors; anything of it, or of the socket, means: not there now."""
    if isinstance(failure, OSError) or type(failure).__module__.partition(".")[0] in ("httpx", "httpcore"):
        return RetryError(f"registry-away:{type(failure).__name__}")
    return failure
