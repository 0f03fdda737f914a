"""Accepting connections at a pace that leaves time for those who are in."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

__all__ = ["AT_ONCE", "EACH_S", "REFUSED_S", "accept"]

AT_ONCE = 8
"""Connections that are accepted one after the other, at most."""
EACH_S = 0.001
"""For each that was let in: a storm gets no more than a thousand a second."""
REFUSED_S = 0.02
"""After one was turned away: who comes back at once waits in the kernel's queue meanwhile, and takes none of our time."""
_NO_DESCRIPTORS_S = 0.2


async def accept(
    listening: socket.socket,
    admit: Callable[[socket.socket, str], bool],
    failed: Callable[[], None],
    rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Until cancelled. `admit` is given each connection and its address, and says whether it was let in; `failed` is told when
    there were no descriptors left, or a sender was gone before we looked."""
    while True:
        try:
            accepted, address = await asyncio.get_running_loop().sock_accept(listening)
            each_let_in = [admit(accepted, str(address[0]))]
            while len(each_let_in) < AT_ONCE:
                try:
                    accepted, address = listening.accept()
                except BlockingIOError:
                    break
                each_let_in.append(admit(accepted, str(address[0])))
        except OSError:
            failed()
            await rest(_NO_DESCRIPTORS_S)
            continue
        await rest(len(each_let_in) * EACH_S if all(each_let_in) else REFUSED_S)
