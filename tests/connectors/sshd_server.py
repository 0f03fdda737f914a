"""A real OpenSSH server for tests: own host key, own configuration, a free port; one account, who runs the tests, by key."""

from __future__ import annotations

import os
import pwd
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh
import psutil
import pytest

from hub.ops.ports import free_port, is_free
from hub.ops.tether import spawn

__all__ = ["Sshd", "sshd"]

_RUN = Path("/run/sshd")  # where sshd, as root, insists on a folder


class Sshd:
    """`files` is the folder of the source. `key` is our private key, `known` the line of known_hosts."""

    def __init__(self, folder: Path, program: str, *flags: str) -> None:
        self._folder, self._program, self._flags = folder, program, flags
        self.files = folder / "remote"
        self.files.mkdir()
        self.port, self.user = free_port(), pwd.getpwuid(os.geteuid()).pw_name
        mine = asyncssh.generate_private_key("ssh-ed25519")
        self.key = mine.export_private_key().decode()
        (folder / "authorized").write_bytes(mine.export_public_key())
        self.new_host_key()

    def new_host_key(self) -> None:
        host = asyncssh.generate_private_key("ssh-ed25519")
        (self._folder / "host").write_bytes(host.export_private_key())
        (self._folder / "host").chmod(0o600)
        self.known = f"[127.0.0.1]:{self.port} {host.export_public_key().decode()}"

    def start(self) -> None:
        settings = {
            "Port": self.port, "ListenAddress": "127.0.0.1", "HostKey": self._folder / "host", "PidFile": "none",
            "AuthorizedKeysFile": self._folder / "authorized", "StrictModes": "no", "UsePAM": "no", "PermitRootLogin": "yes",
            "PasswordAuthentication": "no", "KbdInteractiveAuthentication": "no", "LogLevel": "ERROR", "MaxStartups": "100",
            "Subsystem": "sftp internal-sftp", "ForceCommand": " ".join(("internal-sftp", *self._flags)),
        }  # fmt: skip
        config = self._folder / "sshd_config"
        config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        self._process = spawn([self._program, "-D", "-e", "-f", str(config)], self._folder / "sshd.log")
        until = time.monotonic() + 120
        while is_free(self.port):
            assert self._process.poll() is None, (self._folder / "sshd.log").read_text()
            assert time.monotonic() < until
            time.sleep(0.02)

    def stop(self) -> None:
        self.cut()
        self._process.terminate()
        self._process.wait(60)

    def cut(self) -> int:
        """Kill the children that serve our connections; how many there were."""
        try:
            children = psutil.Process(self._process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return 0
        for child in children:
            try:
                child.kill()
            except psutil.NoSuchProcess:
                continue
        return len(children)


@contextmanager
def sshd(folder: Path, *flags: str) -> Iterator[Sshd]:
    """A running server; `flags` are those of internal-sftp (`-R`: nothing may be written)."""
    program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", ""))
    if program is None:
        pytest.skip("SKIPPED LOUDLY: no sshd on this machine; `make setup-ci` installs openssh-server")
    made = os.geteuid() == 0 and not _RUN.exists()
    if made:
        _RUN.mkdir(mode=0o755)
    server = Sshd(folder, program, *flags)
    try:
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        if made:
            shutil.rmtree(_RUN, ignore_errors=True)
