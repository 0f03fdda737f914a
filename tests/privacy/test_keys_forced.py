"""Sealing goes on while the keys it uses are forced to disk: nothing may rest on them before that is done."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from hub.domain.events import Sealed
from hub.errors import Reject, RetryError
from hub.privacy import vault as sealing
from hub.privacy.keystore import KeyStore
from hub.privacy.vault import Vault

KEK = bytes(range(32))


@pytest.fixture(autouse=True)
def _no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys stay fresh however slow the machine is."""
    monkeypatch.setattr(sealing, "_FRESH_S", 1e9)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    opened = Vault(tmp_path / "keys.sqlite", KEK)
    yield opened
    opened.close()


@pytest.fixture
def disk(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Set: the disk may go on."""
    goes_on, commit = threading.Event(), vault._store.commit

    def waiting() -> None:
        goes_on.wait()
        commit()

    monkeypatch.setattr(vault._store, "commit", waiting)
    yield goes_on
    goes_on.set()  # also after a failure, or the vault is never closed


def fail(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The next commit finds no room on the disk, once that is set."""
    commit, goes_on = vault._store.commit, threading.Event()

    def full() -> None:
        goes_on.wait()
        monkeypatch.setattr(vault._store, "commit", commit)
        vault._store.rollback()
        raise RetryError("the key file did not answer")

    monkeypatch.setattr(vault._store, "commit", full)
    return goes_on


def refusal(vault: Vault, sealed: Sealed) -> str:
    with pytest.raises(Reject) as caught:
        vault.open(sealed, "t")
    return caught.value.reason


def opened_by_another(path: Path, sealed: Sealed) -> bytes:
    other = Vault(path / "keys.sqlite", KEK)
    try:
        return other.open(sealed, "t")
    finally:
        other.close()


def test_sealing_goes_on_while_the_keys_are_forced_to_disk(vault: Vault, disk: threading.Event, tmp_path: Path) -> None:
    other = Vault(tmp_path / "keys.sqlite", KEK)
    forced = vault.begin_keys(["k", "l"])
    sealed = [vault.seal(b"clear", key_id, "t") for key_id in "kl"]
    assert forced is not None
    assert not forced.done()
    for one in sealed:  # until then no other process has them
        assert refusal(other, one) == "key-erased"
    disk.set()
    forced.result()
    assert [other.open(one, "t") for one in sealed] == [b"clear", b"clear"]
    other.close()


def test_nothing_is_waited_for_where_every_key_is_there(vault: Vault) -> None:
    vault.ensure_keys(["k"])
    assert vault.begin_keys(["k"]) is None
    assert vault.begin_keys([]) is None


def test_keys_that_another_process_made_are_read_and_not_waited_for(vault: Vault, tmp_path: Path) -> None:
    other = Vault(tmp_path / "keys.sqlite", KEK)
    sealed = other.seal(b"clear", "k", "t")
    other.close()
    assert vault.begin_keys(["k"]) is None
    assert vault.open(sealed, "t") == b"clear"


def test_another_thread_seals_under_those_keys_only_when_they_are_on_disk(
    vault: Vault, disk: threading.Event, tmp_path: Path
) -> None:
    forced = vault.begin_keys(["k"])
    found: list[tuple[bool, Sealed]] = []

    def beside() -> None:
        sealed = vault.seal(b"beside", "k", "t")
        assert forced is not None
        found.append((disk.is_set(), sealed))

    thread = threading.Thread(target=beside)
    thread.start()
    disk.set()
    thread.join()
    [(after, sealed)] = found
    assert after
    assert opened_by_another(tmp_path, sealed) == b"beside"


def test_keys_that_could_not_be_written_are_forgotten(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = fail(vault, monkeypatch)
    forced = vault.begin_keys(["k"])
    lost = vault.seal(b"lost", "k", "t")
    goes_on.set()
    assert forced is not None
    with pytest.raises(RetryError):
        forced.result()
    for again in ("the same thread", "a chunk that follows"):
        if again == "a chunk that follows":
            vault.ensure_keys(["k"])
        assert opened_by_another(tmp_path, vault.seal(b"kept", "k", "t")) == b"kept"
    assert refusal(vault, lost) == "cannot-open"


def test_a_full_disk_leaves_the_file_free_for_other_processes(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(vault, monkeypatch).set()
    with pytest.raises(RetryError):
        vault.ensure_keys(["k"])
    other = Vault(tmp_path / "keys.sqlite", KEK)
    sealed = other.seal(b"clear", "k", "t")
    other.close()
    assert vault.open(sealed, "t") == b"clear"


def test_who_waits_may_be_cancelled_and_the_keys_are_still_written(
    vault: Vault, disk: threading.Event, tmp_path: Path
) -> None:
    forced = vault.begin_keys(["k"])
    sealed = vault.seal(b"clear", "k", "t")
    assert forced is not None
    assert not forced.cancel()
    disk.set()
    forced.result()
    assert opened_by_another(tmp_path, sealed) == b"clear"


def test_a_vault_is_closed_when_its_keys_are_written(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "keys.sqlite", KEK)
    forced = vault.begin_keys(["k"])
    sealed = vault.seal(b"clear", "k", "t")
    vault.close()
    assert forced is not None
    assert forced.done()
    assert opened_by_another(tmp_path, sealed) == b"clear"


def test_no_thread_is_started_once_the_vault_is_there(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one that cannot be started leaves a commit in the queue, which the next would take for its own."""

    def none_left(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none_left)
    forced = vault.begin_keys(["k"])
    sealed = vault.seal(b"clear", "k", "t")
    assert forced is not None
    forced.result()
    assert vault.open(sealed, "t") == b"clear"


def test_a_vault_whose_thread_cannot_be_started_is_none_and_leaves_its_file_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[KeyStore] = []
    close = KeyStore.close

    def noted(store: KeyStore) -> None:
        closed.append(store)
        close(store)

    def none_left(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(KeyStore, "close", noted)
    with monkeypatch.context() as at_first:
        at_first.setattr(threading.Thread, "start", none_left)
        with pytest.raises(RuntimeError, match="start new thread"):
            Vault(tmp_path / "keys.sqlite", KEK)
    assert len(closed) == 1
    again = Vault(tmp_path / "keys.sqlite", KEK)
    again.ensure_keys(["k"])
    again.close()


def test_erasing_takes_the_ciphers_that_other_threads_hold(vault: Vault) -> None:
    held, done = threading.Event(), threading.Event()

    def holding() -> None:
        vault.ensure_keys(["theirs"])
        held.set()
        done.wait()

    thread = threading.Thread(target=holding)
    thread.start()
    held.wait()
    try:
        vault.ensure_keys(["ours"])
        assert vault._fresh.held() == {"ours", "theirs"}
        vault.erase("theirs")
        assert vault._fresh.held() == set()
    finally:
        done.set()
        thread.join()
    assert vault.open(vault.seal(b"clear", "ours", "t"), "t") == b"clear"


def _beside(work: Callable[[], None]) -> None:
    """Until it is done, or has waited long for what will not come."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(10)


def test_keys_in_memory_are_had_while_others_are_forced_to_disk(
    vault: Vault, disk: threading.Event, tmp_path: Path
) -> None:
    disk.set()
    vault.ensure_keys(["known", "too"])
    disk.clear()
    forced = vault.begin_keys(["new"])
    found: list[tuple[bool, Future[None] | None, Sealed]] = []

    def known() -> None:
        had = vault.begin_keys(["known", "too"])
        found.append((disk.is_set(), had, vault.seal(b"clear", "known", "t")))

    _beside(known)
    disk.set()
    assert forced is not None
    forced.result()
    [(after, had, sealed)] = found
    assert (after, had) == (False, None)
    assert opened_by_another(tmp_path, sealed) == b"clear"


def test_a_key_that_is_not_in_memory_is_waited_for_though_others_are(vault: Vault, disk: threading.Event) -> None:
    disk.set()
    vault.ensure_keys(["known"])
    disk.clear()
    vault.begin_keys(["new"])
    found: list[bool] = []

    def both() -> None:
        vault.begin_keys(["known", "new"])
        found.append(disk.is_set())

    thread = threading.Thread(target=both)
    thread.start()
    disk.set()
    thread.join()
    assert found == [True]


def test_keys_had_while_others_are_forced_are_erased_with_the_rest(vault: Vault, disk: threading.Event) -> None:
    disk.set()
    vault.ensure_keys(["known"])
    disk.clear()
    forced = vault.begin_keys(["new"])
    kept, ended = threading.Event(), threading.Event()

    def beside() -> None:
        vault.begin_keys(["known"])
        kept.set()
        ended.wait()  # what a thread holds goes with it

    thread = threading.Thread(target=beside, daemon=True)
    thread.start()
    kept.wait(10)
    held = vault._fresh.held()
    disk.set()
    assert forced is not None
    forced.result()
    vault.erase("known")
    after = vault._fresh.held()
    ended.set()
    thread.join()
    assert (held, after) == ({"known", "new"}, set())


def test_erasing_waits_for_keys_under_way_and_takes_them_with_it(vault: Vault, disk: threading.Event) -> None:
    forced = vault.begin_keys(["k"])
    sealed = vault.seal(b"clear", "k", "t")
    counted: list[int] = []
    thread = threading.Thread(target=lambda: counted.append(vault.erase("k")))
    thread.start()
    disk.set()
    thread.join()
    assert forced is not None
    forced.result()
    assert counted == [1]
    assert refusal(vault, sealed) == "key-erased"


def _die_before(commit: Callable[[], None]) -> None:
    os._exit(9)


def _die_after(commit: Callable[[], None]) -> None:
    commit()
    os._exit(9)


def _killed(path: Path, out: Path, dies: Callable[[Callable[[], None]], None]) -> None:
    vault = Vault(path, KEK)
    commit = vault._store.commit
    vault._store.commit = lambda: dies(commit)  # type: ignore[method-assign]
    wait, begin = threading.Event(), vault._forcing.submit
    vault._forcing.submit = lambda work, *given: begin(lambda: (wait.wait(), work(*given)))  # type: ignore[method-assign, assignment]
    forced = vault.begin_keys(["k"])
    out.write_bytes(vault.seal(b"clear", "k", "t").ciphertext)
    wait.set()
    assert forced is not None
    forced.result()


@pytest.mark.parametrize(("dies", "kept"), [(_die_before, False), (_die_after, True)], ids=["before", "after"])
def test_a_process_killed_while_it_forces_keys_leaves_all_of_them_or_none(
    tmp_path: Path, dies: Callable[[Callable[[], None]], None], kept: bool
) -> None:
    KeyStore(tmp_path / "keys.sqlite", KEK).close()
    arguments = (tmp_path / "keys.sqlite", tmp_path / "sealed", dies)
    process = multiprocessing.get_context("spawn").Process(target=_killed, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == 9
    sealed = Sealed(key_id="k", ciphertext=(tmp_path / "sealed").read_bytes())
    if kept:
        assert opened_by_another(tmp_path, sealed) == b"clear"
    else:
        other = Vault(tmp_path / "keys.sqlite", KEK)
        assert refusal(other, sealed) == "key-erased"
        other.close()
