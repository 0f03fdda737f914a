"""Run by Alembic (never imported): migrates on the connection that `hub.identity.upgrade` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from hub.identity.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
