from __future__ import annotations

import multiprocessing
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hub.domain.events import Person, PersonBlock, Sealed
from hub.errors import ConfigError, Reject
from hub.privacy.secrets import make_secret, read_secret
from hub.privacy.vault import Vault

KEK = bytes(range(32))
BLOCK = PersonBlock(given_name="Zolaris", family_name="Quenby-Made-Up", birth_date=date(1980, 2, 3), local_id="c-1")


def person(source_person: str | None = "tok1") -> Person:
    return Person(
        event_id="e1",
        source="hmis-csv",
        source_person=source_person,
        fact_key="f1",
        changed_at=datetime(2021, 1, 1, tzinfo=UTC),
        status_rank=0,
        content_hash="h",
        mapping_version=1,
        occurred_on=None,
        active=True,
        agreement_id="a",
        labels=(),
        purposes=(),
        person=BLOCK,
    )


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "keys.sqlite", KEK)


def test_a_sealed_person_block_opens_again_in_another_process_sharing_the_file(vault: Vault, tmp_path: Path) -> None:
    sealed = vault.seal_person(person())
    assert isinstance(sealed.person, Sealed)
    other = Vault(tmp_path / "keys.sqlite", KEK)
    assert other.open_person(sealed) == BLOCK


def test_two_seals_of_one_block_differ_and_their_length_says_little(vault: Vault) -> None:
    first, second = vault.seal_person(person()).person, vault.seal_person(person()).person
    assert isinstance(first, Sealed)
    assert isinstance(second, Sealed)
    assert first.ciphertext != second.ciphertext
    assert (len(first.ciphertext) - 12 - 16) % 64 == 0


@pytest.mark.parametrize("place", [["t2", "person", "p"], ["t", "raw", "p"], ["t", "person", "q"], ["t", "person"]])
def test_a_ciphertext_moved_to_another_topic_field_or_person_does_not_open(vault: Vault, place: list[str]) -> None:
    sealed = vault.seal(b"clear", "k", "t", "person", "p")
    assert vault.open(sealed, "t", "person", "p") == b"clear"
    with pytest.raises(Reject) as caught:
        vault.open(sealed, *place)
    assert caught.value.reason == "cannot-open"


@pytest.mark.parametrize(
    "damage", [lambda c: b"", lambda c: c[:5], lambda c: c[:-1], lambda c: c[:-1] + bytes([c[-1] ^ 1])]
)
def test_damaged_bytes_are_rejected_and_say_nothing(vault: Vault, damage: object) -> None:
    sealed = vault.seal(b"Zolaris", "k", "t")
    assert callable(damage)
    with pytest.raises(Reject) as caught:
        vault.open(Sealed(key_id="k", ciphertext=damage(sealed.ciphertext)), "t")
    assert "Zolaris" not in str(caught.value)


def test_an_event_nobody_stands_behind_loses_its_block(vault: Vault) -> None:
    assert vault.seal_person(person(None)).person is None


def test_erasing_reaches_a_process_that_holds_the_key_in_memory(vault: Vault, tmp_path: Path) -> None:
    other = Vault(tmp_path / "keys.sqlite", KEK)
    sealed = vault.seal(b"clear", "k", "t")
    assert other.open(sealed, "t") == b"clear"
    assert vault.erase("k") == 1
    for one in (vault, other):
        with pytest.raises(Reject) as caught:
            one.open(sealed, "t")
        assert caught.value.reason == "key-erased"


def test_after_erasure_a_new_record_gets_a_new_key_and_the_old_one_stays_closed(vault: Vault, tmp_path: Path) -> None:
    connector = Vault(tmp_path / "keys.sqlite", KEK)
    old = connector.seal(b"old", "k", "t")
    vault.erase("k")
    new = connector.seal(b"new", "k", "t")
    assert vault.open(new, "t") == b"new"
    with pytest.raises(Reject):
        vault.open(old, "t")


def test_erased_keys_leave_no_bytes_in_the_files(vault: Vault, tmp_path: Path) -> None:
    vault.ensure_keys(["k"])
    wrapped = vault._store._db.execute("SELECT wrapped FROM data_key").fetchone()[0]
    vault.erase("k")
    assert not any(wrapped in path.read_bytes() for path in tmp_path.iterdir())


def test_every_original_has_a_key_of_its_own(vault: Vault) -> None:
    sealed = [vault.seal_bytes(b"MSH|", "hub.intake.rejected.v1") for _ in range(20)]
    assert len({one.key_id for one in sealed}) == 20
    vault.erase(sealed[0].key_id)
    assert vault.open(sealed[1], "hub.intake.rejected.v1") == b"MSH|"
    with pytest.raises(Reject):
        vault.open(sealed[0], "hub.intake.rejected.v1")


def test_a_small_cache_forgets_but_still_opens(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "keys.sqlite", KEK, cache=2)
    sealed = [vault.seal(bytes([n]), f"k{n}", "t") for n in range(5)]
    assert [vault.open(one, "t") for one in sealed] == [bytes([n]) for n in range(5)]


def test_many_sealed_at_once_open_one_by_one(vault: Vault) -> None:
    sealed = vault.seal_many([b"a", b"b"], "k", "t")
    assert [vault.open(Sealed(key_id="k", ciphertext=each), "t") for each in sealed] == [b"a", b"b"]
    assert vault.seal_many([], "k", "t") == []


def test_each_of_many_is_sealed_under_the_key_of_its_own_id(vault: Vault) -> None:
    vault.ensure_keys(["p1"])
    sealed = vault.seal_each([b"a", b"b", b"c"], ["p1", "p2", "p1"], "t", "original")
    assert [each.key_id for each in sealed] == ["p1", "p2", "p1"]
    assert [vault.open(each, "t", "original") for each in sealed] == [b"a", b"b", b"c"]
    assert len({each.ciphertext[:12] for each in sealed}) == 3, "a nonce is used once"
    with pytest.raises(Reject, match="cannot-open"):
        vault.open(sealed[0], "t", "person")
    vault.erase("p1")
    with pytest.raises(Reject, match="key-erased"):
        vault.open(sealed[2], "t", "original")
    assert vault.open(sealed[1], "t", "original") == b"b"


def _seal_many(path: Path, out: str) -> None:
    vault = Vault(path, KEK)
    vault.ensure_keys(f"p{n}" for n in range(50))
    Path(out).write_bytes(b"".join(vault.seal(b"x", f"p{n}", "t").ciphertext for n in range(50)))


def test_processes_that_make_the_same_keys_at_once_agree_on_them(tmp_path: Path) -> None:
    path = tmp_path / "keys.sqlite"
    Vault(path, KEK).close()
    context = multiprocessing.get_context("spawn")
    outs = [str(tmp_path / f"out{n}") for n in range(2)]
    workers = [context.Process(target=_seal_many, args=(path, out)) for out in outs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    vault = Vault(path, KEK)
    for out in outs:
        data = Path(out).read_bytes()
        for n in range(50):
            sealed = Sealed(key_id=f"p{n}", ciphertext=data[n * 29 : (n + 1) * 29])
            assert vault.open(sealed, "t") == b"x"


def test_another_kek_is_a_configuration_error_not_a_wrong_answer(vault: Vault, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="key-encryption key"):
        Vault(tmp_path / "keys.sqlite", bytes(32))


def test_a_file_that_is_no_database_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "keys.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(ConfigError, match="damaged"):
        Vault(tmp_path / "keys.sqlite", KEK)


def test_secret_files_are_private_whole_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "kek"
    secret = make_secret(path)
    assert len(secret) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert make_secret(path) == secret == read_secret(path)
    assert [entry.name for entry in path.parent.iterdir()] == ["kek"]


def test_a_missing_open_or_short_secret_stops_the_process(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        read_secret(tmp_path / "none")
    path = tmp_path / "kek"
    make_secret(path)
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        read_secret(path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(ConfigError, match="32 bytes"):
        read_secret(path)


def test_the_key_file_is_closed_to_other_users(vault: Vault, tmp_path: Path) -> None:
    vault.ensure_keys(["k"])
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


def test_keys_made_for_a_batch_are_asked_for_again_after_a_moment(vault: Vault, tmp_path: Path) -> None:
    """Within it, what is sealed under a key that another process erases is erased with the rest."""
    connector = Vault(tmp_path / "keys.sqlite", KEK)
    connector.ensure_keys(["k"])
    vault.erase("k")
    connector._fresh._own.held.until = 0.0  # the moment is over
    assert vault.open(connector.seal(b"new", "k", "t"), "t") == b"new"


def test_a_key_erased_here_is_not_used_within_that_moment(vault: Vault) -> None:
    vault.ensure_keys(["k"])
    vault.erase("k")
    assert vault.open(vault.seal(b"new", "k", "t"), "t") == b"new"


def test_erasures_are_numbered_and_say_when_to_every_process(vault: Vault, tmp_path: Path) -> None:
    before = datetime.now(UTC)
    vault.erase("a", "never-there")
    vault.erase("b")
    with closing(Vault(tmp_path / "keys.sqlite", KEK)) as other:
        found = other.erasures(0)
        assert [(each.number, each.source_person) for each in found] == [(1, "a"), (2, "never-there"), (3, "b")]
        assert all(each.at is not None and before <= each.at <= datetime.now(UTC) for each in found)
        assert other.erasures(1, 1) == found[1:2]
        assert other.erasures(3) == []


def test_a_key_file_of_an_earlier_hub_did_not_say_when(tmp_path: Path) -> None:
    """Then it is now, since what was taken in until then is gone; but for who was told of since: of what is theirs nobody knows."""
    with closing(sqlite3.connect(tmp_path / "keys.sqlite")) as old:
        old.executescript(
            "CREATE TABLE data_key (key_id TEXT PRIMARY KEY, wrapped BLOB NOT NULL) WITHOUT ROWID;"
            "CREATE TABLE erased (seq INTEGER PRIMARY KEY AUTOINCREMENT, key_id TEXT NOT NULL);"
            "INSERT INTO erased (key_id) VALUES ('gone'), ('again'); INSERT INTO data_key VALUES ('again', x'00');"
        )
    for _ in range(2):
        with closing(Vault(tmp_path / "keys.sqlite", KEK)) as vault:
            assert [(each.source_person, each.at is None) for each in vault.erasures(0)] == [
                ("gone", False),
                ("again", True),
            ]
