"""The secrets of the hashed lane that an installation keeps: two versions of a schema, each open to its owner alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import ConfigError
from hub.privacy.hashed_secrets import lane_of
from tests.domain.linkage.filtered import BEFORE, KEY


def keep(
    instance: Path, name: str, secret: bytes = KEY.secret, schema: str = "name-birth-1", mode: int = 0o600
) -> None:
    path = instance / "secrets" / "hashed" / schema / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(secret)
    path.chmod(mode)


def test_without_secrets_nothing_is_made(tmp_path: Path) -> None:
    assert lane_of(tmp_path).made_by == ()


def test_r26_the_version_in_use_and_the_one_before(tmp_path: Path) -> None:
    keep(tmp_path, KEY.key_id)
    keep(tmp_path, BEFORE.key_id, BEFORE.secret)
    assert lane_of(tmp_path).made_by == tuple(
        f"name-birth-1:{key.key_id}:{key.check('name-birth-1')}" for key in (BEFORE, KEY)
    )


def test_more_than_two_versions_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        keep(tmp_path, name)
    with pytest.raises(ConfigError, match="3 secrets: leave the one in use, and the one before"):
        lane_of(tmp_path)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"name": "a b"}, "no name of a version"),
        ({"name": "a", "schema": "own"}, "no linkage schema of this name"),
        ({"name": "a", "secret": b"a password"}, "must have 32 bytes"),
        ({"name": "a", "mode": 0o644}, "chmod 600"),
    ],
)
def test_what_is_no_secret_of_a_schema_is_refused(told: dict[str, object], why: str, tmp_path: Path) -> None:
    keep(tmp_path, **told)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=why):
        lane_of(tmp_path)
