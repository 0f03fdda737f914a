"""A session of the SFTP-pull door: whatever fails within is a SourceAway with a reason."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hub.connectors.away import SourceAway

__all__ = ["session"]


@asynccontextmanager
async def session(
    host: str, port: int, user: str, connect_s: float, login: dict[str, Any], whole_s: float
) -> AsyncIterator[Any]:
    """A client of SFTP, ended after `whole_s` seconds. `login`: known_hosts and key or password, as asyncssh takes them."""
    import asyncssh

    try:
        async with asyncio.timeout(whole_s):
            async with asyncssh.connect(
                host, port, username=user, config=None, agent_path=None,
                connect_timeout=connect_s, login_timeout=connect_s, keepalive_interval=15, **login,
            ) as connection, connection.start_sftp_client() as sftp:  # fmt: skip
                yield sftp
    except asyncssh.HostKeyNotVerifiable:
        raise SourceAway("sftp-unknown-host-key") from None
    except asyncssh.PermissionDenied:
        raise SourceAway("sftp-login-refused") from None
    except asyncssh.SFTPError:
        raise SourceAway("sftp-refused") from None
    except (asyncssh.Error, OSError, TimeoutError):
        raise SourceAway("sftp-away") from None
