"""Lists of sources that may not share identifiers: a row names its person by the source's own number, and by filters in place of
name and birth date (hub.domain.linkage.filters; docs/hashed-lane.md).

A connector says so by its option `hashed`: the schema of the filters, and the versions of the secret that are taken, by name, each
with its check: the one in use, and while its senders change the one before. Filters of any other version are refused; so is,
without a body, a row with anything that identifies in the clear. What a source says of itself is not believed: each row is looked
at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hub.domain.linkage.filter_schema import linkage_schema, schema_names
from hub.domain.linkage.filters import KEY_ID, filters_of
from hub.errors import ConfigError

__all__ = ["CLEAR_FIELDS", "CLEAR_STOP", "HashedOnly", "hashed_only", "wrong_hashed"]

CLEAR_STOP = "clear-identifiers"
"""Of a row with a name or the like in the clear, where the agreement lets the source hand over hashed ones only."""
CLEAR_FIELDS = (
    "full_name", "given_name", "middle_name", "family_name", "suffix", "birth_date", "phone", "street", "city", "postal_code",
)  # fmt: skip
"""Fields of lists that identify, or stand in the filters: none of them may stand beside these. A county and a state may."""
_CHECK = re.compile(r"[0-9a-f]{16}")
_VERSIONS = 2


@dataclass(frozen=True, slots=True)
class HashedOnly:
    """`secrets`: the checks of the versions that are taken, by their names."""

    schema: str
    secrets: Mapping[str, str]

    def refused(self, text: str) -> str | None:
        """Why these filters are not taken, as a reason code: `bad-filters`, `old-secret` (neither the version in use nor the one
        before), `other-secret` (named as one of these, and another); None where they are."""
        try:
            found = filters_of(text)
        except ValueError:
            return "bad-filters"
        if found.schema.name != self.schema:
            return "bad-filters"
        check = self.secrets.get(found.key_id)
        if check is None:
            return "old-secret"
        return None if check == found.key_check else "other-secret"


def hashed_only(options: Mapping[str, Any]) -> HashedOnly | None:
    """What a connector's options say; None where its source may share identifiers."""
    given = options.get("hashed")
    if not given:
        return None
    return HashedOnly(str(given["schema"]), {str(name): str(check) for name, check in given["secrets"].items()})


def wrong_hashed(given: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is wrong with the option: the way to each, and why."""
    if given is None:
        return
    if not isinstance(given, Mapping) or set(given) != {"schema", "secrets"}:
        yield ("hashed",), "names the schema of the filters, and the secrets: versions by name, each with its check"
        return
    try:
        linkage_schema(str(given["schema"]))
    except ConfigError:
        yield ("hashed", "schema"), f"is none of {', '.join(schema_names())}"
    secrets = given["secrets"]
    if not isinstance(secrets, Mapping) or not 1 <= len(secrets) <= _VERSIONS:
        yield ("hashed", "secrets"), "are one or two: the version in use, and the one before"
        return
    for name, check in secrets.items():
        if not KEY_ID.fullmatch(str(name)) or not _CHECK.fullmatch(str(check)):
            yield (
                ("hashed", "secrets", str(name)),
                "is a name such as 2026-11, with the check that `hub identity hash` prints",
            )
