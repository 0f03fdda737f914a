"""Registries for tests: by the shipped weights; and one as a hub left it that linked people by equal name and birth date."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from sqlalchemy import delete

from hub.domain.ids import Ids
from hub.domain.linkage.model import shipped_model
from hub.identity.database import Database, Where
from hub.identity.linking import Linking
from hub.identity.registry import Registry, mint_person_key
from hub.identity.schema import BLOCK_MEMBER, COMPARABLE, EDGE, LINK_STATE, SHARED_VALUE, VALUE_USE
from hub.privacy.vault import Vault

IDS = Ids(b"i" * 32)


def registry_of(where: Where, vault: Vault, mint: Callable[[], str] = mint_person_key) -> Registry:
    """Opened by its one worker."""
    return Registry(where, vault, Linking(shipped_model(), IDS, mint))


def as_by_equality(where: Where) -> None:
    """Leave people and their source persons as they are, and nothing that weights need."""
    with closing(Database(where)) as database, database.transaction() as connection:
        for table in (BLOCK_MEMBER, COMPARABLE, EDGE, LINK_STATE, SHARED_VALUE, VALUE_USE):
            connection.execute(delete(table))
