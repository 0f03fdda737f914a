"""Files that commands write of people: whole or not at all, and open to their owner alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

__all__ = ["private_file"]


@contextmanager
def private_file(path: Path, *, newline: str | None = None) -> Iterator[TextIO]:
    """Text (UTF-8) to write to `path`: a draft beside it, mode 0600 from its first byte on, takes its place at the end. So an open
    file that stood there is replaced, not written into; where the block raises, it stays as it was and the draft is deleted.

    What `path` links to is written; what is no plain file (a terminal, a pipe) is written into. OSError names `path`.
    """
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", newline=newline) as stream:
            yield stream
        return
    target = path.resolve()
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # O_CREAT | O_EXCL, 0600
    except OSError as why:
        raise type(why)(why.errno, why.strerror, str(path)) from None
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline=newline) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
