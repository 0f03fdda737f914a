"""Sealing: AES-256-GCM under a data key per person (or per original), bound to the place it stands in.

    sealed event = vault.seal_person(event)        connectors, before encoding
    block        = vault.open_person(event)        the linkage zone only
    sealed       = vault.seal_bytes(data, topic)   raw originals and dead letters, one key each

The place (topic, field, source_person) is the associated data: a ciphertext moved to another topic, field or person
does not open. Erasing a person is `erase(source_person)`: what was sealed under that key never opens again.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import ValidationError

from hub.domain.erasures import Erasure
from hub.domain.events import Event, PersonBlock, Sealed
from hub.domain.trusted import Trusted, restated
from hub.errors import Reject
from hub.privacy.fresh_keys import FreshKeys
from hub.privacy.keystore import KeyStore
from hub.privacy.nonces import SIZE, nonce
from hub.privacy.secrets import read_secret

__all__ = ["ERASED", "UNOPENABLE", "Vault"]

UNOPENABLE = "cannot-open"
"""Reason code: wrong key, wrong place, or damaged bytes."""
ERASED = "key-erased"
"""Reason code: there is no such key (any more)."""

_PAD = 64  # lengths tell names apart: clear blocks are padded to a multiple
_SEPARATOR = "\x1f"
_POOL_MAX = 512
_CACHED = 120_000
"""Some 30 MB. An HMIS export asks for the keys of its people three times, each time in one order: with fewer than it has people
each was read and unwrapped three times. (100,000 people: issue 6.)"""
_FRESH_S = 0.2  # a chunk of records takes 20-60 ms
_E = TypeVar("_E", bound=Event)


class Vault:
    """Seals and opens; safe to share between threads.

    `cache` is the number of data keys kept in memory. I/O trouble is RetryError, a damaged or foreign key file
    ConfigError, bytes that do not open Reject(`cannot-open` or `key-erased`, stage `open`).
    """

    def __init__(self, path: Path, kek: bytes, *, cache: int = _CACHED) -> None:
        self._store = KeyStore(path, kek)
        self._lock = threading.Lock()  # while keys are forced to disk it is the forcing thread's to release
        self._forces = False  # it does, now
        self._memory = (
            threading.RLock()
        )  # of what is remembered of keys; for moments, and never to wait for the other within
        self._forcing = _started_thread(self._store)
        self._cache: OrderedDict[str, bytes] = OrderedDict()  # a cipher takes 2.6 kB where its key takes 32 bytes
        self._limit = cache
        self._pool: list[tuple[str, AESGCM]] = []
        self._pool_size = 4
        self._fresh = FreshKeys()

    @classmethod
    def from_files(cls, keys: Path, kek: Path) -> Vault:
        """Open DIR/keys.sqlite; ConfigError when the file of the key-encryption key is missing or open to others."""
        return cls(keys, read_secret(kek))

    def close(self) -> None:
        self._forcing.shutdown()
        with self._lock:
            self._store.close()

    def ensure_keys(self, key_ids: Iterable[str]) -> None:
        """Make the missing keys in one durable transaction: call once per batch, then seal in this thread at memory speed.

        For `_FRESH_S` after, `seal` takes these keys as they are, without asking whether they were erased meanwhile: what is sealed
        under a key that another process erases in that time is erased with the rest.
        """
        forced = self.begin_keys(key_ids)
        if forced is not None:
            forced.result()

    def begin_keys(self, key_ids: Iterable[str]) -> Future[None] | None:
        """`ensure_keys` that does not wait for the disk: this thread may seal under these keys at once, but **nothing that it seals
        may leave the process before the future is done**. None: no key was missing. When the future raises RetryError or
        ConfigError the missing keys were not made, and what was sealed under them must be thrown away.

        Whatever else is asked of this vault meanwhile waits, in any thread, but for keys that are all in memory.
        """
        wanted = set(key_ids)
        if not self._lock.acquire(blocking=False):
            if self._forces and self._hold_remembered(wanted):
                return None
            self._lock.acquire()
        made = False
        try:
            self._forget_erased()
            known = self._remembered(wanted)
            missing = wanted - known.keys()
            keys, made = self._store.begin_create(missing) if missing else ({}, False)
            with self._memory:
                self._fresh.hold(known | keys, _FRESH_S)
            forced = self._begin_forcing(keys) if made else None
        except BaseException:
            self._drop_fresh()
            try:
                if made:
                    self._store.rollback()
            finally:
                self._lock.release()
            raise
        if forced is None:
            self._remember(keys)
            self._lock.release()
        return forced

    def _hold_remembered(self, wanted: set[str]) -> bool:
        """Whether these keys are all in memory, and so on disk; if so they are fresh for this thread. Only while other keys are
        forced to disk: until that is done no process can erase one."""
        with self._memory:  # erasing takes them from here at once: no cipher outlives its key in memory
            known = self._remembered(wanted)
            if len(known) < len(wanted):
                return False
            self._fresh.hold(known, _FRESH_S)
            return True

    def _drop_fresh(self) -> None:
        with self._memory:
            self._fresh.drop()

    def _remembered(self, wanted: set[str]) -> dict[str, bytes]:
        """Those in memory, as the newest used."""
        with self._memory:
            known = {key_id: key for key_id in wanted if (key := self._cache.get(key_id)) is not None}
            for key_id in known:
                self._cache.move_to_end(key_id)
            return known

    def _begin_forcing(self, keys: dict[str, bytes]) -> Future[None]:
        """On return the lock is the forcing thread's to release."""
        forced: Future[None] = Future()
        self._forces = True
        forced.set_running_or_notify_cancel()  # who waits for it may be cancelled, the forcing not
        self._forcing.submit(self._force, keys, forced)
        return forced

    def _force(self, keys: dict[str, bytes], forced: Future[None]) -> None:
        trouble: BaseException | None = None
        try:
            self._store.commit()
            self._remember(keys)
        except BaseException as why:  # handed to those who wait for it
            self._drop_fresh()
            trouble = why
        try:  # while nobody else can begin: who comes next finds this one done
            if trouble is None:
                forced.set_result(None)
            else:
                forced.set_exception(trouble)
        finally:
            self._forces = False
            self._lock.release()

    def load_keys(self, key_ids: Iterable[str]) -> None:
        """Bring the keys there are into memory in one read: call it once per batch, then open at memory speed."""
        with self._lock:
            self._forget_erased()
            missing = [key_id for key_id in set(key_ids) if key_id not in self._cache]
            if missing:
                self._remember(self._store.read(missing))

    def seal(self, plaintext: bytes, key_id: str, *place: str) -> Sealed:
        """Seal under the key of `key_id` (made when there is none), bound to `place` (topic, field, ...)."""
        cipher = self._cipher(key_id, create=True)
        return _encrypt(cipher, key_id, plaintext, place)

    def seal_many(self, plaintexts: Sequence[bytes], key_id: str, *place: str) -> list[bytes]:
        """Seal many under one key; the ciphertexts only, to be opened as Sealed(key_id, ciphertext)."""
        if not plaintexts:
            return []
        cipher, aad = self._cipher(key_id, create=True), _aad(place)
        nonces = [nonce() for _ in plaintexts]
        return [drawn + cipher.encrypt(drawn, each, aad) for drawn, each in zip(nonces, plaintexts, strict=True)]

    def seal_each(self, plaintexts: Sequence[bytes], key_ids: Sequence[str], *place: str) -> list[Sealed]:
        """`seal` of many records in one place, each under the key of its own id."""
        find, aad, made = self._fresh.find, _aad(place), list[Sealed]()
        for plaintext, key_id in zip(plaintexts, key_ids, strict=True):
            cipher, drawn = find(key_id) or self._cipher(key_id, create=True), nonce()
            made.append(_sealed.of({"key_id": key_id, "ciphertext": drawn + cipher.encrypt(drawn, plaintext, aad)}))
        return made

    def open(self, sealed: Sealed, *place: str) -> bytes:
        """The clear bytes; Reject when the key is gone or the bytes do not belong to `place`."""
        try:
            cipher = self._cipher(sealed.key_id, create=False)
            return cipher.decrypt(sealed.ciphertext[:SIZE], sealed.ciphertext[SIZE:], _aad(place))
        except (InvalidTag, ValueError):  # ValueError: a nonce cut short
            raise Reject(UNOPENABLE, stage="open") from None

    def seal_person(self, event: _E) -> _E:
        """`event` with its person block sealed; unchanged when it has none or it is sealed already.

        An event without source_person has nobody whose key it could be: its block is dropped.
        """
        block = event.person
        if not isinstance(block, PersonBlock):
            return event
        if event.source_person is None:
            return event.model_copy(update={"person": None})
        return restated(event, {"person": self.seal_block(event, block, event.source_person)})

    def seal_block(self, event: Event, block: PersonBlock, source_person: str) -> Sealed:
        """The person block of an event sealed, for who needs no copy of the event that holds it."""
        # What model_dump_json gives, without a text in between.
        clear = block.__pydantic_serializer__.to_json(block, exclude_none=True)
        clear += b" " * (-len(clear) % _PAD)  # JSON may end in blanks
        return self.seal(clear, source_person, *_person_place(event))

    def open_person(self, event: Event) -> PersonBlock | None:
        """The clear person block of an event, None when it came without one; Reject when it cannot be opened."""
        if event.person is None or isinstance(event.person, PersonBlock):
            return event.person
        clear = self.open(event.person, *_person_place(event))
        try:
            return PersonBlock.model_validate_json(clear)
        except ValidationError:
            raise Reject("bad-person-block", stage="open") from None

    def seal_bytes(self, data: bytes, *place: str) -> Sealed:
        """Seal an original under a fresh key of its own; keys come from a pool made ahead, most calls touch no disk."""
        with self._lock:
            if not self._pool:
                self._pool_size = min(self._pool_size * 2, _POOL_MAX)
                made = self._store.create(f"once-{os.urandom(16).hex()}" for _ in range(self._pool_size))
                self._pool = [(key_id, AESGCM(key)) for key_id, key in made.items()]
            key_id, cipher = self._pool.pop()
        return _encrypt(cipher, key_id, data, place)

    def erase(self, *key_ids: str) -> int:
        """Delete these keys here and in every other process; how many existed. There is no way back."""
        with self._lock:
            with self._memory:
                self._fresh.drop()
                for key_id in key_ids:
                    self._cache.pop(key_id, None)
            return self._store.erase(key_ids)

    def erasures(self, after: int, most: int = 1_000) -> list[Erasure]:
        """What was erased, by any process, after the erasure of this number, in order: at most so many. Whose key was none of a
        source person stands there too."""
        with self._lock:
            return [Erasure(*each) for each in self._store.erasures(after, most)]

    def _cipher(self, key_id: str, *, create: bool) -> AESGCM:
        if create and (cipher := self._fresh.find(key_id)) is not None:
            return cipher  # to ask SQLite took 9 us of each seal
        with self._lock:
            self._forget_erased()
            key = self._cache.get(key_id)
            if key is None:
                found = self._store.create([key_id]) if create else self._store.read([key_id])
                if key_id not in found:
                    raise Reject(ERASED, stage="open")
                self._remember(found)
                return AESGCM(found[key_id])
            self._cache.move_to_end(key_id)
            return AESGCM(key)

    def _forget_erased(self) -> None:
        erased = self._store.newly_erased()
        with self._memory:
            for key_id in erased:
                self._cache.pop(key_id, None)

    def _remember(self, keys: dict[str, bytes]) -> None:
        with self._memory:
            self._cache.update(keys)
            while len(self._cache) > self._limit:
                self._cache.popitem(last=False)


def _started_thread(store: KeyStore) -> ThreadPoolExecutor:
    """A pool of one thread that runs already: one that cannot be started leaves its work in the pool's queue, to be done with the
    next. Closes the store when it cannot."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="data-keys")
    try:
        pool.submit(int).result()
    except BaseException:
        store.close()
        raise
    return pool


def _encrypt(cipher: AESGCM, key_id: str, plaintext: bytes, place: Sequence[str]) -> Sealed:
    drawn = nonce()
    return _sealed.of({"key_id": key_id, "ciphertext": drawn + cipher.encrypt(drawn, plaintext, _aad(place))})


_sealed = Trusted(Sealed)


def _aad(place: Sequence[str]) -> bytes:
    return _SEPARATOR.join(place).encode()


def _person_place(event: Event) -> tuple[str, str, str]:
    return f"hub.intake.{type(event).kind}.v1", "person", event.source_person or ""
