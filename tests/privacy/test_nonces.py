from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection

from hub.privacy.nonces import SIZE, nonce


def _draw(tells: Connection) -> None:
    tells.send([nonce() for _ in range(300)])


def test_no_nonce_is_used_twice_neither_here_nor_in_a_process_that_began_as_a_copy_of_this_one() -> None:
    here = [nonce() for _ in range(300)]
    told, tells = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_draw, args=(tells,))
    child.start()
    tells.close()  # the child's end alone is left open: should it die, `recv` ends
    there = told.recv()
    child.join()
    told.close()
    here += [nonce() for _ in range(300)]
    assert len({*here, *there}) == 900
    assert {len(each) for each in (*here, *there)} == {SIZE}
