"""By which index a database goes for what it was asked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from hub.identity.database import Database

__all__ = ["noted", "read_whole_on_server", "tables_read_whole"]

Asked = list[tuple[str, Any]]


def noted(engine: Engine) -> Asked:
    """What is asked from now on: statements with their parameters."""
    asked = Asked()
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
    return asked


def tables_read_whole(path: Path, asked: Asked) -> list[str]:
    """The plans of those that go by no index, of a registry that nobody has open. The lists that were handed over do not count."""
    found: list[str] = []
    database = Database(path)
    with database.transaction() as db:
        for statement, told in asked:
            if statement.startswith(("SELECT", "UPDATE", "DELETE")):
                first = told[0] if isinstance(told, list) else told
                plan = [row[3] for row in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", first).all()]
                if any(re.match(r"SCAN (?!json_each |v |\(|numbering$)", step) for step in plan):
                    found.append(f"{statement}: {plan}")
    database.close()
    return found


def read_whole_on_server(database: Database, asked: Asked) -> list[str]:
    """The same on PostgreSQL, which reads a table whole here only where it can't do otherwise."""
    found: list[str] = []
    with database.transaction() as db:
        db.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, told in asked:
            if statement.startswith(("SELECT", "UPDATE", "DELETE")):
                first = told[0] if isinstance(told, list) else told
                plan = [row[0] for row in db.exec_driver_sql(f"EXPLAIN {statement}", first).all()]
                if any(re.search(r"Seq Scan on (?!numbering)", step) for step in plan):
                    found.append(f"{statement}: {plan}")
    return found
