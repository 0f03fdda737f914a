"""The SFTP-pull door against a real SSH server (asyncssh's, over real sockets, in this process)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from hub.connectors import doors
from hub.connectors.sftp_pull import SftpPullOptions
from hub.errors import ConfigError, FatalError
from tests.connectors.pretend import values
from tests.connectors.pulling import MemoryPositions, around_of, live_until, when
from tests.fakes import FakeBus

FAST = {
    "kind": "sftp-pull", "poll_s": 0.01, "first_pause_s": 0.001, "last_pause_s": 0.002, "refused_pause_s": 0.01, "stable_s": 0.0,
}  # fmt: skip


class Scene:
    def __init__(self, home: Path, port: int, known: str, key: str, **options: Any) -> None:
        self.files = home / "remote" / "out"
        self.bus, self.positions = FakeBus(), MemoryPositions()
        section = {**FAST, "host": "127.0.0.1", "port": port, "user": "hub", "folder": "out", **options}
        self.options = SftpPullOptions.model_validate(section)
        self.around = around_of(home, self.positions, **{"known-hosts": known, "private-key": key, "pass": "made-up"})

    async def live(self, until: Callable[[], bool]) -> None:
        done = asyncio.Event()
        watching = asyncio.create_task(when(until, done))
        try:
            await live_until(doors.build(self.options, self.around), self.bus, done)
        finally:
            watching.cancel()

    def put(self, *names: str) -> None:
        for name in names:
            (self.files / name).write_text(f"{name}a:208\n{name}b:208\n")

    def ids(self) -> set[Any]:
        return set(values(self.bus.log, "event"))

    def all_moved(self) -> bool:
        return [each.name for each in self.files.iterdir()] == ["done"]


def wanted(*names: str) -> set[bytes]:
    return {f"event-{name}{half}-208".encode() for name in names for half in "ab"}


class Password(asyncssh.SSHServer):
    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("hub", "made-up")


@asynccontextmanager
async def server(home: Path, /, **options: Any) -> AsyncIterator[Scene]:
    (home / "remote" / "out").mkdir(parents=True)
    host, user = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    public = asyncssh.import_authorized_keys(user.export_public_key().decode())
    running = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=Password, server_host_keys=[host], authorized_client_keys=public,
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=os.fsencode(home / "remote")),
    )  # fmt: skip
    port = running.get_port()
    known = options.pop("known", f"[127.0.0.1]:{port} {host.export_public_key().decode()}")
    try:
        yield Scene(home, port, known, user.export_private_key().decode(), **options)
    finally:
        running.close()
        await running.wait_closed()


def play(home: Path, story: Callable[[Scene], Any], /, **options: Any) -> None:
    async def run() -> None:
        async with server(home, **options) as scene:
            await story(scene)

    asyncio.run(run())


def test_files_are_taken_and_moved_once_they_are_safe(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.put("one", "two")
        (scene.files / "three.part").write_text("x:208")
        await scene.live(lambda: (scene.files / "done" / "two").exists())
        assert scene.ids() == wanted("one", "two")
        assert sorted(each.name for each in scene.files.iterdir()) == ["done", "three.part"]
        assert not list((tmp_path / "spool").iterdir())

    play(tmp_path, story)


def test_where_we_may_not_write_files_are_remembered_by_position(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.put("one", "two")
        await scene.live(lambda: len(scene.positions.saved) >= 2)
        scene.put("six")
        before = len(values(scene.bus.log, "event"))
        await scene.live(lambda: scene.ids() >= wanted("six"))
        assert len(values(scene.bus.log, "event")) == before + 2
        assert sorted(each.name for each in scene.files.iterdir()) == ["one", "six", "two"]

    play(tmp_path, story, after="remember")


SINCE, UNTIL = (datetime(2021, 2, day, tzinfo=UTC) for day in (10, 20))
DAYS = {"old": 5, "kept": 12, "again": 15, "late": 25}


async def backfill(scene: Scene, **position: Any) -> set[Any]:
    """One whole round of a second life beside the live one; what came of it."""
    before = len(values(scene.bus.log, "event"))
    position = {**(scene.options.backfilled(None, SINCE, UNTIL) or {}), **position}
    beside = scene.positions.now = {"all": dict(position)}
    door: Any = doors.build(scene.options, scene.around)
    door.read_once()
    await live_until(door, scene.bus)
    assert beside["all"].get("taken") is None
    return set(values(scene.bus.log, "event")[before:])


def dated(folder: Path) -> None:
    for name, day in DAYS.items():
        at = datetime(2021, 2, day, 12, tzinfo=UTC).timestamp()
        os.utime(folder / name, (at, at))


@pytest.mark.parametrize("after", ["move", "remember"])
def test_a_backfill_reads_again_what_changed_between_two_days_and_moves_nothing(after: str, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.put(*DAYS)
        dated(scene.files)
        await scene.live(lambda: scene.ids() >= wanted(*DAYS) and (after != "move" or scene.all_moved()))
        stood = sorted(path.relative_to(scene.files) for path in scene.files.rglob("*"))
        assert await backfill(scene) == wanted("kept", "again")
        assert sorted(path.relative_to(scene.files) for path in scene.files.rglob("*")) == stood
        assert not list((tmp_path / "spool").iterdir())
        at = int(datetime(2021, 2, 12, 12, tzinfo=UTC).timestamp())
        key = "done/kept" if after == "move" else "kept"
        assert await backfill(scene, at=at, key=key) == wanted("again"), "it goes on where it was"

    play(tmp_path, story, after=after)


def test_a_backfill_where_nothing_was_ever_moved_reads_nothing(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.put("new")
        assert await backfill(scene) == set()

    play(tmp_path, story)


def test_one_round_alone_waits_until_the_files_have_proved_whole(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.put("one")
        door: Any = doors.build(scene.options, scene.around)
        door.read_once()
        await live_until(door, scene.bus)
        assert scene.ids() == wanted("one")

    play(tmp_path, story, stable_s=0.05)


@pytest.mark.parametrize("k", [0, 2, 5, 11])
@pytest.mark.parametrize("after", ["move", "remember"])
def test_a_kill_at_record_k_and_another_life_give_the_same_ids(k: int, after: str, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.put("one", "two", "six")
        scene.bus.crash_after = k
        with pytest.raises(FatalError):
            await scene.live(lambda: False)
        scene.bus.crash_after = None
        await scene.live(lambda: scene.ids() >= wanted("one", "two", "six"))
        assert scene.ids() == wanted("one", "two", "six")

    play(tmp_path, story, after=after)


def test_a_broker_that_refuses_moves_nothing_before_it_has_everything(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.put("one", "two", "six")
        scene.bus = FakeBus(away=True, fail_prob=0.3, lose_ack=0.3, seed=7)
        moved_while_away: list[bool] = []

        def over() -> bool:
            if scene.bus.away and scene.bus.asked.is_set():
                moved_while_away.append((scene.files / "done").exists())
                scene.bus.away = len(moved_while_away) < 20
            return scene.all_moved()

        await scene.live(over)
        assert not any(moved_while_away)
        assert scene.ids() == wanted("one", "two", "six")

    play(tmp_path, story)


def test_a_file_that_still_grows_waits(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.put("one")
        await scene.live(lambda: scene.ids() >= wanted("one"))

    async def waits(scene: Scene) -> None:
        scene.put("one")
        looks = iter(range(30))
        await scene.live(lambda: next(looks, None) is None)
        assert not scene.ids()

    play(tmp_path / "a", story)
    play(tmp_path / "b", waits, stable_s=3_600.0)


def test_a_server_with_another_key_is_not_believed(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.put("one")
        await scene.live(lambda: scene.around.watch.why == "sftp-unknown-host-key")
        assert not scene.bus.log

    stranger = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    play(tmp_path, story, known=f"* {stranger}")


def test_a_password_may_take_the_place_of_the_key(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.put("one")
        await scene.live(scene.all_moved)
        assert scene.ids() == wanted("one")

    play(tmp_path, story, password="pass")


@pytest.mark.parametrize(
    ("option", "reason"),
    [({"folder": "nowhere"}, "sftp-no-such-folder"), ({"user": "x", "password": "pass"}, "sftp-login-refused")],
)
def test_a_refusal_pauses_with_a_reason(option: dict[str, Any], reason: str, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.live(lambda: scene.around.watch.why == reason)

    play(tmp_path, story, **option)


def test_links_are_not_followed_and_a_file_too_large_is_a_dead_letter(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        (scene.files / "link").symlink_to("/etc/passwd")
        (scene.files / "large").write_text("x" * 5_000)
        await scene.live(lambda: (scene.files / "done" / "large").exists())
        assert [record[1] for record in scene.bus.log if record[0] == "dead"] == [b"file-too-large"]
        assert (scene.files / "link").is_symlink()

    play(tmp_path, story, max_file_bytes=1_000)


def test_without_known_hosts_the_door_stays_shut(tmp_path: Path) -> None:
    options = SftpPullOptions.model_validate({"kind": "sftp-pull", "host": "x", "user": "x"})
    with pytest.raises(ConfigError, match="known-hosts"):
        asyncio.run(doors.build(options, around_of(tmp_path)).open())
