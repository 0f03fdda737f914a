"""The embedded broker's jars: a committed list with SHA-256, fetched once per user, verified before use.

`kafka-jars.lock` holds one line per jar: `sha256  group:artifact:version`. Only jgo's Maven layer is used: its
environment builder would download a JDK to classify jars. Fetching writes aside and renames, under a file lock, so an
interrupted or a parallel fetch never leaves half a jar to be run.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from hub.errors import ConfigError

KAFKA_VERSION = "4.1.2"
BROKER = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}"
# Lets the broker's slf4j log through its log4j; added alone, for its parent would manage kafka-clients down to 3.9.
LOG_BINDING = "org.apache.logging.log4j:log4j-slf4j-impl"
PARALLEL = 6  # downloads at once: most jars are small, so round trips cost more than bytes

Progress = Callable[[str], None]


class Jar(NamedTuple):
    """One jar of the list."""

    coordinate: str  # group:artifact:version
    sha256: str

    @property
    def filename(self) -> str:
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def locked_jars() -> tuple[Jar, ...]:
    """The committed list, in class path order."""
    text = resources.files("hub.bus").joinpath("kafka-jars.lock").read_text()
    rows = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(Jar(coordinate, sha256) for sha256, coordinate in rows)


def jar_dir() -> Path:
    """Where the jars are kept between runs: `$XDG_CACHE_HOME/hub` or `~/.cache/hub`, one folder per Kafka version."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "hub" / f"kafka-{KAFKA_VERSION}"


def ensure_jars(directory: Path | None = None, progress: Progress = lambda _: None) -> list[Path]:
    """All jars, present and verified, in class path order; the missing or damaged ones are fetched.

    Raises ConfigError when one cannot be had or is not what the list says.
    """
    directory = directory or jar_dir()
    if missing_jars(directory):
        with _only_one_fetches(directory):
            _fetch_all(missing_jars(directory), directory, progress)  # another may have fetched while we waited
    return [directory / jar.filename for jar in locked_jars()]


def missing_jars(directory: Path) -> list[Jar]:
    """What of the list is absent there, or is not what the list says."""
    return [jar for jar in locked_jars() if not _is_intact(directory / jar.filename, jar.sha256)]


def lock() -> str:
    """Resolves the broker anew and returns the text of the list (`hub broker lock`).

    Hashes are of what Maven Central serves now: review the difference before committing it.
    """
    with tempfile.TemporaryDirectory(prefix="hub-jars-") as scratch:
        context = _maven(Path(scratch))
        inputs, transitive = context.resolver.resolve([context.create_dependency(BROKER)])
        needed = [d for d in [*inputs, *transitive] if d.type == "jar" and d.scope in (None, "compile", "runtime")]
        found = {f"{d.groupId}:{d.artifactId}:{d.version}": _sha256(d.artifact.resolve()) for d in needed}
        log4j = next(d.version for d in needed if d.artifactId == "log4j-core")
        group, artifact = LOG_BINDING.split(":")
        binding = context.project(group, artifact).at_version(log4j).artifact()
        found[f"{LOG_BINDING}:{log4j}"] = _sha256(binding.resolve())
    rows = "".join(f"{sha256}  {coordinate}\n" for coordinate, sha256 in sorted(found.items()))
    return f"# Jars of the embedded broker: sha256  group:artifact:version. Made by `hub broker lock`.\n{rows}"


def _fetch_all(jars: list[Jar], directory: Path, progress: Progress) -> None:
    if not jars:
        return
    progress(f"fetching the broker: Apache Kafka {KAFKA_VERSION}, {len(jars)} jars, once, into {directory}")
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=directory) as scratch, ThreadPoolExecutor(PARALLEL) as pool:
        context = _maven(Path(scratch))
        try:
            for done, jar in enumerate(pool.map(lambda jar: _fetch(context, jar, directory), jars), start=1):
                progress(f"  {done}/{len(jars)} {jar.filename}")
        except BaseException:  # Ctrl-C too: what has not begun is not begun
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _fetch(context: Any, jar: Jar, directory: Path) -> Jar:
    group, artifact, version = jar.coordinate.split(":")
    try:
        path = context.resolver.download(context.project(group, artifact).at_version(version).artifact())
    except Exception as why:  # requests', urllib3's and jgo's own: all mean that the jar is not to be had from here
        raise ConfigError(
            f"cannot download {jar.coordinate} ({type(why).__name__}): the first start needs Maven Central; "
            f"check the network and proxy, set HUB_MAVEN_URL to a mirror, or copy the jars into {directory}"
        ) from why
    if _sha256(path) != jar.sha256:
        raise ConfigError(
            f"{jar.coordinate} as downloaded is not the one of hub/bus/kafka-jars.lock (SHA-256 differs): not kept"
        )
    path.replace(directory / jar.filename)
    return jar


def _maven(repository: Path) -> Any:
    # Imported late: jgo costs 0.2 s, and a broker whose jars are there never needs it.
    from jgo.maven import MavenContext

    mirror = os.environ.get("HUB_MAVEN_URL")
    remotes = {"mirror": mirror.rstrip("/")} if mirror else None
    return MavenContext(repo_cache=repository, remote_repos=remotes, timeout=60)


@contextmanager
def _only_one_fetches(directory: Path) -> Iterator[None]:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handle = (directory / ".lock").open("w")
    except OSError as why:
        raise ConfigError(f"cannot write to {directory}: set XDG_CACHE_HOME to a folder you may write to") from why
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _is_intact(path: Path, sha256: str) -> bool:
    return path.is_file() and _sha256(path) == sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
