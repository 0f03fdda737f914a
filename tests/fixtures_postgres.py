"""A real PostgreSQL for tests: its own cluster in a temporary folder, on a free port of this machine, gone at the end.

Fixture `postgres` (one server a test process) gives a `Postgres`; `postgres.database()` makes an empty database for one test.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import trustme

from hub.ops.ports import free_port

__all__ = ["Postgres", "postgres"]

_PASSWORD = "made-up"
_SETTINGS = (
    "fsync=off",
    "max_connections=40",
    "shared_buffers=16MB",
    "ssl=on",
    "log_min_messages=fatal",
    "timezone=UTC",
)


class Postgres:
    """A running server. Its owner is `owner`; everybody logs in with a password. `ca` is the file of the CA that it is known by."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self.folder, self.port = programs, folder, free_port()
        self.ca = folder / "ca.pem"

    def make(self) -> None:
        """The cluster, and certificates for localhost."""
        (self.folder / "password").write_text(_PASSWORD)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca))
        issued = authority.issue_cert("localhost")
        issued.cert_chain_pems[0].write_to_path(str(self.folder / "server.crt"))
        issued.private_key_pem.write_to_path(str(self.folder / "server.key"))
        (self.folder / "server.key").chmod(0o600)
        self._own()
        password = str(self.folder / "password")
        self._run("initdb", "-D", str(self._data), "-U", "owner", "--pwfile", password, "-A", "scram-sha-256", "-N")
        for name in ("server.crt", "server.key"):
            shutil.copy2(self.folder / name, self._data / name)
        self._own()

    def start(self) -> None:
        told = (*_SETTINGS, f"port={self.port}", "listen_addresses=localhost", f"unix_socket_directories={self.folder}")
        options = " ".join(f"-c {setting}" for setting in told)
        self._run(
            "pg_ctl", "-D", str(self._data), "-w", "-t", "60", "-l", str(self.folder / "log"), "-o", options, "start"
        )

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", mode, "stop")

    def url(self, database: str, user: str = "owner", password: str = _PASSWORD, **query: str) -> str:
        """For SQLAlchemy."""
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        return f"postgresql+psycopg://{user}:{password}@localhost:{self.port}/{database}?{asked}"

    def connect(self, database: str = "postgres", **more: Any) -> Any:
        """A psycopg connection of the owner's, in autocommit unless told otherwise."""
        import psycopg

        told: dict[str, Any] = {"autocommit": True, **more}
        return psycopg.connect(
            host="localhost", port=self.port, dbname=database, user="owner", password=_PASSWORD, **told
        )

    def execute(self, database: str, *statements: str) -> None:
        with self.connect(database) as connection:
            for statement in statements:
                connection.execute(statement)

    def database(self) -> str:
        """The name of a new, empty database."""
        name = f"test_{uuid4().hex[:12]}"
        self.execute("postgres", f"create database {name}")
        return name

    def kill_backends(self, database: str) -> int:
        """Cut every connection to a database but our own; how many there were."""
        with self.connect() as connection:
            asked = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s"
            return len(connection.execute(asked, (database,)).fetchall())

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _own(self) -> None:
        """PostgreSQL refuses root: then everything is another account's."""
        if (account := _account()) is not None:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, account.pw_uid, account.pw_gid)

    def _run(self, program: str, *arguments: str) -> None:
        account = _account()
        other: dict[str, Any] = {}
        if account is not None:
            other = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        command = [str(self._programs / program), *arguments]
        with (self.folder / "output").open("wb") as output:
            done = subprocess.run(
                command, stdout=output, stderr=output, cwd=self.folder, check=False, timeout=120, **other
            )
        assert done.returncode == 0, (self.folder / "output").read_text()


def _account() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).resolve().parent if on_path else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for the tests of this process."""
    programs = _programs()
    if programs is None:
        pytest.skip("SKIPPED LOUDLY: no PostgreSQL server (initdb) on this machine; `make setup-ci` installs one")
    folder = Path(tempfile.mkdtemp(prefix="hub-postgres-"))
    server = Postgres(programs, folder)
    try:
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
