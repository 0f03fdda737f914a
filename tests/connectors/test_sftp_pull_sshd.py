"""The SFTP-pull door against a real OpenSSH server: whose key is known, what is whole, what is moved, and what a cut costs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from hub.connectors import doors
from hub.connectors.sftp_pull import SftpPullOptions
from hub.errors import FatalError
from tests.connectors.pretend import values
from tests.connectors.pulling import MemoryPositions, around_of, live_until, when
from tests.connectors.sshd_server import Sshd, sshd
from tests.fakes import FakeBus

FAST = {
    "kind": "sftp-pull", "poll_s": 0.01, "first_pause_s": 0.005, "last_pause_s": 0.02, "refused_pause_s": 0.05, "stable_s": 0.0,
}  # fmt: skip


class Scene:
    """One connector on a server."""

    def __init__(self, server: Sshd, folder: Path, **options: Any) -> None:
        self.server, self.folder, self.files = server, folder, server.files
        self.bus, self.positions = FakeBus(), MemoryPositions()
        where = {"host": "127.0.0.1", "port": server.port, "user": server.user, "folder": str(server.files)}
        self.options = SftpPullOptions.model_validate({**FAST, **where, **options})
        self.secrets = {"known-hosts": server.known, "private-key": server.key}
        self.around = around_of(folder, self.positions)

    def live(self, until: Callable[[], bool]) -> None:
        self.around = around_of(self.folder, self.positions, **self.secrets)

        async def life() -> None:
            done = asyncio.Event()
            watching = asyncio.create_task(when(until, done))
            try:
                async with asyncio.timeout(240):
                    await live_until(doors.build(self.options, self.around), self.bus, done)
            finally:
                watching.cancel()

        asyncio.run(life())

    def put(self, *names: str) -> None:
        for name in names:
            (self.files / name).write_text(f"{name}a:208\n{name}b:208\n")

    def ids(self) -> set[Any]:
        return set(values(self.bus.log, "event"))

    def stands(self) -> list[str]:
        return sorted(each.name for each in self.files.iterdir())

    def says(self, reason: str) -> Callable[[], bool]:
        return lambda: self.around.watch.why == reason


def wanted(*names: str) -> set[bytes]:
    return {f"event-{name}{half}-208".encode() for name in names for half in "ab"}


def test_files_come_and_are_moved_and_a_name_that_comes_again_is_kept_beside_the_first(tmp_path: Path) -> None:
    with sshd(tmp_path) as server:
        scene = Scene(server, tmp_path)
        scene.put("one", "two")
        scene.live(lambda: scene.stands() == ["done"])
        scene.put("one")
        scene.live(lambda: scene.stands() == ["done"])
        assert sorted(each.name for each in (scene.files / "done").iterdir()) == ["one", "one.2", "two"]
        assert scene.ids() == wanted("one", "two")


def test_a_host_key_that_is_unknown_or_changed_and_a_key_that_is_not_ours_are_refused(tmp_path: Path) -> None:
    with sshd(tmp_path) as server:
        scene = Scene(server, tmp_path)
        scene.put("one")
        scene.secrets["known-hosts"] = "elsewhere.example.org " + server.known.split(" ", 1)[1]
        scene.live(scene.says("sftp-unknown-host-key"))
        scene.secrets["known-hosts"] = server.known
        scene.secrets["private-key"] = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
        scene.live(scene.says("sftp-login-refused"))
        scene.secrets["private-key"] = server.key
        server.stop()
        scene.live(scene.says("sftp-away"))
        server.new_host_key()
        server.start()
        scene.live(scene.says("sftp-unknown-host-key"))
        assert "ask its operator" in (scene.around.watch.ready() or "")
        assert not scene.ids()
        scene.secrets["known-hosts"] = server.known
        scene.live(lambda: scene.ids() == wanted("one"))


def test_where_nothing_may_be_moved_it_is_said_and_nothing_is_fetched_twice(tmp_path: Path) -> None:
    with sshd(tmp_path, "-R") as server:
        scene = Scene(server, tmp_path)
        scene.put("one", "two")
        scene.live(lambda: scene.ids() == wanted("one", "two") and scene.says("sftp-cannot-move")())
        scene.put("six")
        before = len(values(scene.bus.log, "event"))
        assert before == 4
        assert scene.stands() == ["one", "six", "two"]
        assert "after: remember" in (scene.around.watch.ready() or "")


def test_where_nothing_may_be_moved_files_can_be_remembered(tmp_path: Path) -> None:
    with sshd(tmp_path, "-R") as server:
        scene = Scene(server, tmp_path, after="remember")
        scene.put("one", "two")
        scene.live(lambda: len(scene.positions.saved) >= 2)
        scene.put("six")
        scene.live(lambda: scene.ids() >= wanted("six"))
        assert len(values(scene.bus.log, "event")) == 6


def test_connections_that_are_cut_within_files_cost_time_and_nothing_else(tmp_path: Path) -> None:
    with sshd(tmp_path) as server:
        scene = Scene(server, tmp_path)
        names = [f"file{number}" for number in range(4)]
        for name in names:
            rest = "".join(f"skip:{'x' * 1_000}\n" for _ in range(4_000))
            (scene.files / name).write_text(f"{name}a:208\n{rest}{name}b:208\n")
        cuts: list[int] = []
        over = threading.Event()

        def cut() -> None:
            while len(cuts) < 12 and not over.wait(0.15):
                if server.cut():
                    cuts.append(1)

        cutting = threading.Thread(target=cut)
        cutting.start()
        try:
            scene.live(lambda: scene.stands() == ["done"])
        finally:
            over.set()
            cutting.join()
        assert cuts
        assert scene.ids() == wanted(*names)
        assert len(list((scene.files / "done").iterdir())) == 4
        assert not list((tmp_path / "spool").iterdir())


@pytest.mark.parametrize("after", ["move", "remember"])
@pytest.mark.parametrize("k", [0, 3, 5])
def test_a_kill_at_record_k_and_another_life_give_the_same_ids(k: int, after: str, tmp_path: Path) -> None:
    with sshd(tmp_path) as server:
        scene = Scene(server, tmp_path, after=after)
        scene.put("one", "two", "six")
        scene.bus.crash_after = k
        with pytest.raises(FatalError):
            scene.live(lambda: False)
        scene.bus.crash_after = None
        scene.live(lambda: scene.ids() >= wanted("one", "two", "six"))
        assert scene.ids() == wanted("one", "two", "six")


def test_links_folders_and_working_names_are_left_alone_among_thousands_of_files(tmp_path: Path) -> None:
    with sshd(tmp_path) as server:
        scene = Scene(server, tmp_path, pattern="*.txt", after="remember")
        for number in range(3_000):
            (scene.files / f"{number}.csv").touch()
        (scene.files / "link.txt").symlink_to("/etc/passwd")
        (scene.files / "folder.txt").mkdir()
        (scene.files / "new.txt.part").write_text("x:208\n")
        (scene.files / "one.txt").write_text("onea:208\noneb:208\n")
        scene.live(lambda: bool(scene.positions.saved))
        assert scene.ids() == wanted("one")
        assert not [record for record in scene.bus.log if record[0] == "dead"]


def test_a_file_that_grows_while_it_stands_there_waits_until_it_rests(tmp_path: Path) -> None:
    with sshd(tmp_path) as server:
        scene = Scene(server, tmp_path, stable_s=3.0)  # longer than a busy machine stands still
        path = scene.files / "one"
        path.write_text("onea:208\n")
        rounds = iter(["skip:more"] * 200 + ["oneb:208"])

        def grows() -> bool:
            line = next(rounds, None)
            if line is not None:
                assert not scene.ids()
                with path.open("a") as file:
                    file.write(f"{line}\n")
            return scene.ids() == wanted("one")

        scene.live(grows)
        assert values(scene.bus.log, "event") == [b"event-onea-208", b"event-oneb-208"]
