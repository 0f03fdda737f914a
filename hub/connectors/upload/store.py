"""What was sent through an upload page, kept sealed, so that it can be taken back: one SQLite file (0600) a connector.

An upload is written here, whole and durable, before anything of it goes to the broker, and the intake loop replays what is
written: a crash at any point ends in the same records with the same ids. The states are

    sending ──▶ sent ──▶ withdrawing ──▶ withdrawn

and the door hands every upload in `sending` or `withdrawing` to the loop again when it opens.

Which word stands: for each fact (of a person, as this source tells it) table `said` holds what was said last, and
`next_word` (hub.domain.restating) gives the version of the next. Pulling an upload back undoes, fact by fact, what only it
holds up: where a later upload said the fact, nothing is published; where an earlier one did, its word is said again;
else the fact is withdrawn.

Nothing personal stands here in the clear: events are sealed under the key of their person (erasing that erases them here),
file names under a key of this door; `said` holds opaque tokens and hashes and stays when the rest is forgotten, since a
later repeat of a row must still rise above its withdrawal.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub.connectors.upload.kept import Kept, Safe, Sealer, Taken, Upload
from hub.domain.events import Event, Sealed
from hub.domain.restating import Rank, Said, next_word, withdrawn
from hub.errors import ConfigError, RetryError

__all__ = ["UploadStore"]

_SCHEMA = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;
CREATE TABLE IF NOT EXISTS upload (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, who TEXT NOT NULL, began TEXT NOT NULL, ended TEXT,
  state TEXT NOT NULL, rows INTEGER NOT NULL, counts TEXT NOT NULL DEFAULT '{}', file BLOB NOT NULL,
  pulled TEXT, pulled_by TEXT, undone TEXT NOT NULL DEFAULT '{}');
CREATE TABLE IF NOT EXISTS word (
  upload INTEGER NOT NULL, n INTEGER NOT NULL, fact TEXT NOT NULL, person TEXT NOT NULL, natural_at TEXT NOT NULL,
  natural_rank INTEGER NOT NULL, key_id TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (upload, n)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS word_of_fact ON word (fact, person, upload);
CREATE INDEX IF NOT EXISTS word_of_person ON word (person, upload);
CREATE TABLE IF NOT EXISTS undoing (
  upload INTEGER NOT NULL, n INTEGER NOT NULL, key_id TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (upload, n)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS said (
  fact TEXT NOT NULL, person TEXT NOT NULL, upload INTEGER NOT NULL, natural_at TEXT NOT NULL, natural_rank INTEGER NOT NULL,
  content TEXT NOT NULL, at TEXT NOT NULL, rank INTEGER NOT NULL, active INTEGER NOT NULL,
  PRIMARY KEY (fact, person)) WITHOUT ROWID;
"""
_REPLAYED = {
    "sending": "SELECT key_id, sealed FROM word WHERE upload = ? ORDER BY n",
    "withdrawing": "SELECT key_id, sealed FROM undoing WHERE upload = ? ORDER BY n",
}


class UploadStore:
    """Of one connector; safe to share between threads. RetryError when the disk fails, ConfigError when it cannot be opened."""

    def __init__(self, path: Path, connector: str, safe: Safe) -> None:
        self._sealer, self._lock = Sealer(safe, connector), threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
            with ExitStack() as undo:
                self._db = sqlite3.connect(path, isolation_level=None, timeout=10, check_same_thread=False)
                undo.callback(self._db.close)
                self._db.executescript(_SCHEMA)
                undo.pop_all()
        except (OSError, sqlite3.Error) as why:
            raise ConfigError(f"cannot open {path}, where uploads are kept: {type(why).__name__}") from None

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def begin(self, upload_id: str, who: str, file: str, taken: Sequence[Taken], now: datetime) -> None:
        """Write an upload down, to be sent; one id twice is one upload."""
        with self._transaction() as db:
            if db.execute("SELECT 1 FROM upload WHERE id = ?", (upload_id,)).fetchone():
                return
            self._sealer.prepare(each.event.source_person for each in taken)
            name = self._sealer.name(file, upload_id)
            seq = db.execute(
                "INSERT INTO upload (id, who, began, state, rows, file) VALUES (?, ?, ?, 'sending', ?, ?)",
                (upload_id, who, _text(now), len({each.row for each in taken}), name),
            ).lastrowid
            assert seq is not None
            for n, each in enumerate(taken):
                self._say(db, seq, n, each)

    def _say(self, db: sqlite3.Connection, seq: int, n: int, taken: Taken) -> None:
        event = taken.event
        natural = (event.changed_at, event.status_rank)
        word = next_word(event, self._said(db, event.fact_key, event.source_person or ""))
        if word is not None:
            self._now_stands(db, event, word, seq)
        sealed = self._sealer.word(taken, natural if word is None else word.rank)
        db.execute(
            "INSERT INTO word VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                seq, n, event.fact_key, event.source_person or "", _text(natural[0]), natural[1], sealed.key_id,
                sealed.ciphertext,
            ),
        )  # fmt: skip

    def pull_back(self, upload_id: str, who: str, now: datetime) -> bool:
        """Work out and write down what takes this upload back; False when it is not one that was sent and stands."""
        with self._transaction() as db:
            found = db.execute("SELECT seq FROM upload WHERE id = ? AND state = 'sent'", (upload_id,)).fetchone()
            if found is None:
                return False
            seq = int(found[0])
            db.execute(
                "UPDATE upload SET state = 'withdrawing', pulled = ?, pulled_by = ? WHERE seq = ?",
                (_text(now), who, seq),
            )
            undone = {"withdrawn": 0, "restored": 0, "kept": 0, "erased": 0}
            last = {(fact, person): n for n, fact, person in self._words_of(db, seq)}
            for n, ((fact, person), at) in enumerate(last.items()):
                undone[self._undo(db, seq, n, fact, person, at)] += 1
            db.execute("UPDATE upload SET undone = ? WHERE seq = ?", (json.dumps(undone), seq))
        return True

    def _undo(self, db: sqlite3.Connection, seq: int, n: int, fact: str, person: str, at: int) -> str:
        """Take one fact back; in which way: a key of `Upload.undone`."""
        said = self._said(db, fact, person)
        holder = db.execute("SELECT upload FROM said WHERE fact = ? AND person = ?", (fact, person)).fetchone()
        if said is None or not said.active or holder is None or int(holder[0]) != seq:
            return "kept"  # somebody said it later, and that stands
        others = self._others(db, "fact = ? AND person = ?", (fact, person), seq)
        mine = self._open_word(db, seq, at)
        theirs = self._open_word(db, *others[-1]) if others else None
        if mine is None or (others and theirs is None):
            return "erased"
        if theirs is None:
            event, rank = withdrawn(mine.event, said.rank, self._still_said_of(db, person, seq))
            self._now_stands(db, mine.event, said._replace(rank=rank, active=False), seq)
            self._keep_undoing(db, seq, n, Taken(event, mine.row), rank)
            return "withdrawn"
        event, by = theirs.event, others[-1][0]
        word = said._replace(natural=(event.changed_at, event.status_rank), content=event.content_hash)
        if word == said:
            self._now_stands(db, event, said, by)
            return "kept"
        word = word._replace(rank=(said.rank[0], said.rank[1] + 1))
        self._now_stands(db, event, word, by)
        self._keep_undoing(db, seq, n, Taken(event, theirs.row), word.rank)
        return "restored"

    def _others(self, db: sqlite3.Connection, which: str, given: Sequence[str], seq: int) -> list[tuple[int, int]]:
        """Words (upload, n) of other uploads that stand, the last of them the one that would stand without upload `seq`: the one
        said last, unless it is older by the source's own account."""
        found = db.execute(
            f"SELECT word.upload, word.n, natural_at, natural_rank FROM word JOIN upload ON upload.seq = word.upload "  # noqa: S608
            f"WHERE {which} AND word.upload != ? AND upload.state IN ('sending', 'sent') ORDER BY word.upload, word.n",
            (*given, seq),
        ).fetchall()
        return [(up, n) for up, n, _, _ in sorted(found, key=lambda each: (_time(each[2]), each[3], each[0], each[1]))]

    def _still_said_of(self, db: sqlite3.Connection, person: str, seq: int) -> Any:
        """The person block that the other uploads which stand give for this person; None where there is none."""
        others = self._others(db, "person = ?", (person,), seq) if person else []
        kept = self._open_word(db, *others[-1]) if others else None
        return kept.event.person if kept is not None else None

    def replay(self, upload_id: str) -> Iterator[Kept]:
        """What an open upload must publish, in its order; nothing of what was erased meanwhile."""
        with self._reading() as db:
            found = db.execute("SELECT seq, state FROM upload WHERE id = ?", (upload_id,)).fetchone()
            if found is None or found[1] not in _REPLAYED:
                return
            listed = db.execute(_REPLAYED[found[1]], (found[0],)).fetchall()
        for key_id, sealed in listed:
            kept = self._sealer.opened(Sealed(key_id=key_id, ciphertext=sealed))
            if kept is not None:
                yield kept

    def done(self, upload_id: str, counts: Mapping[str, int], now: datetime, *, refused: int = 0) -> None:
        """The broker has everything of it: `sending` becomes `sent`, `withdrawing` becomes `withdrawn`. `refused`: events that the
        agreement no longer lets through, or that became dead letters."""
        with self._transaction() as db:
            found = db.execute("SELECT seq, state, undone FROM upload WHERE id = ?", (upload_id,)).fetchone()
            if found is None or found[1] not in _REPLAYED:
                return
            seq, state, undone = found
            if state == "sending":
                told = json.dumps({**counts, **({"refused": refused} if refused else {})})
                db.execute(
                    "UPDATE upload SET state = 'sent', ended = ?, counts = ? WHERE seq = ?", (_text(now), told, seq)
                )
                return
            told = json.dumps({**json.loads(undone), **({"refused": refused} if refused else {})})
            db.execute("DELETE FROM undoing WHERE upload = ?", (seq,))
            db.execute("UPDATE upload SET state = 'withdrawn', undone = ? WHERE seq = ?", (told, seq))

    def unfinished(self) -> list[str]:
        """Ids of uploads that a stop left open, oldest first."""
        with self._reading() as db:
            found = db.execute(
                "SELECT id FROM upload WHERE state IN ('sending', 'withdrawing') ORDER BY coalesce(pulled, began), seq"
            ).fetchall()
        return [str(each[0]) for each in found]

    def of(self, who: str, limit: int = 50) -> list[Upload]:
        """What this account sent, latest first."""
        return self._listed("who = ? ORDER BY seq DESC LIMIT ?", (who, limit))

    def find(self, upload_id: str, who: str) -> Upload | None:
        """One upload of this account."""
        return next(iter(self._listed("id = ? AND who = ?", (upload_id, who))), None)

    def forget(self, before: datetime) -> int:
        """Delete the settled uploads that began before: receipts, names and sealed rows. How many."""
        with self._transaction() as db:
            old = db.execute(
                "SELECT seq FROM upload WHERE state IN ('sent', 'withdrawn') AND began < ?", (_text(before),)
            ).fetchall()
            for table in ("word", "undoing"):
                db.executemany(f"DELETE FROM {table} WHERE upload = ?", old)  # noqa: S608
            db.executemany("DELETE FROM upload WHERE seq = ?", old)
        return len(old)

    def _words_of(self, db: sqlite3.Connection, seq: int) -> list[tuple[int, str, str]]:
        return db.execute("SELECT n, fact, person FROM word WHERE upload = ? ORDER BY n", (seq,)).fetchall()

    def _said(self, db: sqlite3.Connection, fact: str, person: str) -> Said | None:
        found = db.execute(
            "SELECT natural_at, natural_rank, content, at, rank, active FROM said WHERE fact = ? AND person = ?",
            (fact, person),
        ).fetchone()
        if found is None:
            return None
        natural_at, natural_rank, content, at, rank, active = found
        return Said((_time(natural_at), natural_rank), content, (_time(at), rank), bool(active))

    def _now_stands(self, db: sqlite3.Connection, event: Event, word: Said, seq: int) -> None:
        db.execute(
            "INSERT OR REPLACE INTO said VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                event.fact_key, event.source_person or "", seq, _text(word.natural[0]), word.natural[1], word.content,
                _text(word.rank[0]), word.rank[1], word.active,
            ),
        )  # fmt: skip

    def _keep_undoing(self, db: sqlite3.Connection, seq: int, n: int, taken: Taken, rank: Rank) -> None:
        sealed = self._sealer.word(taken, rank)
        db.execute("INSERT INTO undoing VALUES (?, ?, ?, ?)", (seq, n, sealed.key_id, sealed.ciphertext))

    def _open_word(self, db: sqlite3.Connection, seq: int, n: int) -> Kept | None:
        key_id, sealed = db.execute("SELECT key_id, sealed FROM word WHERE upload = ? AND n = ?", (seq, n)).fetchone()
        return self._sealer.opened(Sealed(key_id=key_id, ciphertext=sealed))

    def _listed(self, where: str, given: Sequence[Any]) -> list[Upload]:
        columns = "id, who, state, began, ended, rows, counts, file, pulled, pulled_by, undone"
        with self._reading() as db:
            found = db.execute(f"SELECT {columns} FROM upload WHERE {where}", given).fetchall()  # noqa: S608
        return [self._upload(each) for each in found]

    def _upload(self, found: Sequence[Any]) -> Upload:
        upload_id, who, state, began, ended, rows, counts, file, pulled, pulled_by, undone = found
        name = self._sealer.opened_name(file, upload_id)
        return Upload(
            upload_id, who, state, _time(began), _time(ended) if ended else None, rows, json.loads(counts), name,
            _time(pulled) if pulled else None, pulled_by, json.loads(undone),
        )  # fmt: skip

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._db
            except sqlite3.Error as why:
                raise RetryError(f"upload-store: {type(why).__name__}") from None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # some errors end it themselves
                    db.execute("ROLLBACK")
                raise


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
