"""The committed jars: what is verified, what is refused, what is said when they cannot be had."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hub.bus import jars
from hub.bus.jars import KAFKA_VERSION, Jar, ensure_jars, locked_jars
from hub.errors import ConfigError


@pytest.fixture
def one_jar(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Jar:
    """A list of one jar, whose right content is b"jar"."""
    jar = Jar("org.example:thing:1.0", hashlib.sha256(b"jar").hexdigest())
    monkeypatch.setattr(jars, "locked_jars", lambda: (jar,))
    return jar


def _serve(monkeypatch: pytest.MonkeyPatch, content: bytes, into: Path) -> list[str]:
    fetched: list[str] = []

    class Repository:
        @property
        def resolver(self) -> Repository:
            return self

        def project(self, group: str, artifact: str) -> Repository:
            fetched.append(f"{group}:{artifact}")
            return self

        def at_version(self, _: str) -> Repository:
            return self

        def artifact(self) -> Repository:
            return self

        def download(self, _: object) -> Path:
            path = into / "download"
            path.write_bytes(content)
            return path

    monkeypatch.setattr(jars, "_maven", lambda _: Repository())
    return fetched


def test_the_committed_list_names_one_kafka_version_throughout() -> None:
    kafka = [jar for jar in locked_jars() if jar.coordinate.startswith("org.apache.kafka:")]
    assert len(kafka) > 10
    assert {jar.coordinate.split(":")[2] for jar in kafka} == {KAFKA_VERSION}
    assert all(len(jar.sha256) == 64 for jar in locked_jars())


def test_an_intact_jar_is_used_without_the_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, one_jar: Jar
) -> None:
    (tmp_path / one_jar.filename).write_bytes(b"jar")
    fetched = _serve(monkeypatch, b"jar", tmp_path)
    assert ensure_jars(tmp_path) == [tmp_path / one_jar.filename]
    assert fetched == []


def test_a_damaged_jar_is_fetched_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, one_jar: Jar) -> None:
    (tmp_path / one_jar.filename).write_bytes(b"half a j")
    said: list[str] = []
    _serve(monkeypatch, b"jar", tmp_path)
    ensure_jars(tmp_path, said.append)
    assert (tmp_path / one_jar.filename).read_bytes() == b"jar"
    assert said[0].startswith("fetching the broker")


def test_a_jar_that_is_not_the_listed_one_is_never_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, one_jar: Jar
) -> None:
    _serve(monkeypatch, b"something else", tmp_path)
    with pytest.raises(ConfigError, match=r"org\.example:thing:1\.0.*SHA-256 differs"):
        ensure_jars(tmp_path)
    assert not (tmp_path / one_jar.filename).exists()


def test_offline_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, one_jar: Jar) -> None:
    monkeypatch.setenv("HUB_MAVEN_URL", "http://127.0.0.1:9")
    with pytest.raises(ConfigError, match="HUB_MAVEN_URL to a mirror"):
        ensure_jars(tmp_path)


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, one_jar: Jar) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="XDG_CACHE_HOME"):
        ensure_jars(tmp_path / "file" / "cache")
