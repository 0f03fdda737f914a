"""Zip and gzip files, honest and hostile: what is unpacked, and by what code the rest is refused."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import resource
import stat
import struct
import tempfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.connectors.archive import ArchiveFault, ArchiveLimits, glance, only_file, unpack

ROWS = b"id,name\n" + b"".join(b"%d,somebody\n" % n for n in range(400))
LIMITS = ArchiveLimits(members=20, member_bytes=1_000_000, total_bytes=1_500_000)


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return made.getvalue()


def of_kind(name: str, kind: int, content: bytes = b"x") -> bytes:
    info = zipfile.ZipInfo(name)
    info.external_attr = (kind | 0o644) << 16
    return zipped((info, content))


class Place:
    def __init__(self, folder: Path) -> None:
        self.archive, self.out = folder / "archive", folder / "out"
        self.out.mkdir()

    def unpack(
        self, content: bytes, name: str = "x.zip", limits: ArchiveLimits = LIMITS, flat: bool = False
    ) -> dict[str, bytes]:
        self.archive.write_bytes(content)
        found = unpack(self.archive, name, self.out, limits, flat=flat)
        return {name: path.read_bytes() for name, path in found.items()}

    def refusal(self, content: bytes, **more: object) -> tuple[str, int]:
        with pytest.raises(ArchiveFault) as refused:
            self.unpack(content, **more)  # type: ignore[arg-type]
        return refused.value.reason, refused.value.member


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_members_come_in_order_under_their_names_and_as_private_numbered_files(place: Place) -> None:
    assert place.unpack(zipped(("b.csv", ROWS), ("a.csv", b"x"))) == {"b.csv": ROWS, "a.csv": b"x"}
    assert sorted(path.name for path in place.out.iterdir()) == ["00001", "00002"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.out.iterdir()} == {0o600}


def test_one_folder_around_everything_is_dropped_and_what_systems_add_is_left_out(place: Place) -> None:
    made = zipped(
        ("week/", b""), ("week/Export.csv", b"x"), ("week/.DS_Store", b"j"), ("__MACOSX/week/._Export.csv", b"j")
    )
    assert place.unpack(made, flat=True) == {"Export.csv": b"x"}


def test_folders_within_are_kept_in_names_or_refused_where_a_unit_is_flat(place: Place) -> None:
    made = zipped(("a/1.csv", b"x"), ("b/1.csv", b"y"))
    assert place.refusal(made, flat=True) == ("zip-folders", 1)
    assert place.unpack(made) == {"a/1.csv": b"x", "b/1.csv": b"y"}


def test_a_gzip_file_is_its_file_also_in_several_parts(place: Place) -> None:
    assert place.unpack(gzip.compress(ROWS) + gzip.compress(b"more"), "doses.txt.GZ") == {"doses.txt": ROWS + b"more"}


@pytest.mark.parametrize(
    "name", ["../x.csv", "a/../../x.csv", "/etc/passwd", "\\\\host\\x.csv", "..\\x.csv", "C:\\x.csv", "c:/x.csv"]
)
def test_a_name_that_leads_elsewhere_refuses_the_zip(name: str, place: Place) -> None:
    assert place.refusal(zipped(("ok.csv", b"x"), (name, b"x"))) == ("zip-unsafe-name", 2)
    assert not list(place.out.iterdir())


@pytest.mark.parametrize("name", ["a\nb.csv", "\x1b[2J.csv", "x" * 1_025])
def test_a_name_that_is_none_refuses_the_zip(name: str, place: Place) -> None:
    assert place.refusal(zipped((name, b"x"))) == ("zip-bad-name", 1)


def test_a_name_that_is_not_the_utf8_it_says_refuses_the_zip(place: Place) -> None:
    made = zipped(("ä.csv", b"x")).replace("ä".encode(), b"\xff\xfe")
    assert place.refusal(made) == ("zip-bad-name", 0)


def test_a_name_in_an_old_code_page_is_only_a_name(place: Place) -> None:
    made = zipped(("aa.csv", b"x")).replace(b"aa.csv", b"\x84\x94.csv")
    assert list(place.unpack(made).values()) == [b"x"]


def test_a_nul_in_a_name_hides_nothing(place: Place) -> None:
    made = zipped(("a_.csv", b"x")).replace(b"a_.csv", b"a\0.csv")
    assert place.refusal(made) == ("zip-bad-name", 1)


def test_a_name_twice_refuses_the_zip_in_any_case_and_without_its_folder(place: Place) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = zipped(("a.csv", b"x"), ("a.csv", b"y"))
    assert place.refusal(twice) == ("zip-duplicate-name", 2)
    assert place.refusal(zipped(("w/a.csv", b"x"), ("w/A.CSV", b"y"))) == ("zip-duplicate-name", 2)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(stat.S_IFLNK, "zip-symbolic-link"), (stat.S_IFIFO, "zip-not-a-file"), (stat.S_IFCHR, "zip-not-a-file")],
)
def test_only_files_are_unpacked(kind: int, reason: str, place: Place) -> None:
    assert place.refusal(of_kind("x.csv", kind, b"/etc/passwd")) == (reason, 1)


@pytest.mark.parametrize("bit", [0x1, 0x40, 0x2000])
def test_an_encrypted_member_is_refused_before_it_is_opened(bit: int, place: Place) -> None:
    made = bytearray(zipped(("a.csv", b"x")))
    at = made.index(b"PK\x01\x02") + 8
    made[at : at + 2] = struct.pack("<H", bit)
    assert place.refusal(bytes(made)) == ("zip-encrypted", 1)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_take_much_memory_are_refused(method: int, place: Place) -> None:
    assert place.refusal(zipped(("a.csv", ROWS), method=method)) == ("zip-unknown-method", 1)


@pytest.mark.parametrize("inner", [zipped(("a.csv", ROWS)), zipped(), gzip.compress(ROWS), b"7z\xbc\xaf\x27\x1cxx"])
def test_an_archive_in_an_archive_is_refused_whatever_it_is_called(inner: bytes, place: Place) -> None:
    assert place.refusal(zipped(("week.csv", inner))) == ("zip-nested", 1)


def test_a_gzip_of_a_zip_is_refused(place: Place) -> None:
    assert place.refusal(gzip.compress(zipped(("a.csv", ROWS))), name="x.gz") == ("zip-nested", 1)


def test_too_many_members_are_refused_before_the_directory_is_read(place: Place) -> None:
    many = zipped(*((f"{n}.csv", b"") for n in range(21)))
    assert place.refusal(many) == ("zip-too-many-members", 0)
    tracemalloc.start()
    huge = zipped(*((f"{n}", b"") for n in range(60_000)))
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    assert place.refusal(huge) == ("zip-too-many-members", 0)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_member_and_all_members_together_have_a_limit(place: Place) -> None:
    noise = os.urandom(900_000)
    assert place.refusal(zipped(("a", b"x"), ("b", bytes(1_000_001)))) == ("zip-too-large", 2)
    assert place.refusal(zipped(("a", noise), ("b", noise))) == ("zip-too-large", 0)


def test_a_bomb_is_refused_by_its_ratio_and_little_of_it_is_ever_written(place: Place) -> None:
    limits = ArchiveLimits()
    bomb = zipped(("zeros.csv", bytes(200_000_000)))
    assert place.refusal(bomb, limits=limits) == ("zip-too-large", 0)
    lying = bytearray(bomb)
    at = lying.index(b"PK\x01\x02")
    struct.pack_into("<L", lying, at + 24, 1_000)  # the directory says that it is small
    assert place.refusal(bytes(lying), limits=limits)[0] in ("zip-too-large", "zip-broken")
    assert sum(path.stat().st_size for path in place.out.iterdir()) < 100_000_000


def test_a_gzip_bomb_stops_at_the_limit(place: Place) -> None:
    assert place.refusal(gzip.compress(bytes(100_000_000)), name="x.gz", limits=ArchiveLimits()) == ("zip-too-large", 1)
    assert sum(path.stat().st_size for path in place.out.iterdir()) < 60_000_000


def test_members_that_share_their_bytes_are_counted_each(place: Place) -> None:
    """Fifield's bomb in small: many directory entries over one compressed member."""
    kernel = zlib.compress(bytes(900_000))[2:-4]
    local = struct.pack(
        "<4sHHHHHLLLHH", b"PK\x03\x04", 20, 0, 8, 0, 0, zlib.crc32(bytes(900_000)), len(kernel), 900_000, 1, 0
    )
    entry = struct.pack("<4sHHHHHHLLLHHHHHLL", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, zlib.crc32(bytes(900_000)), len(kernel),
                        10, 1, 0, 0, 0, 0, 0, 0)  # fmt: skip
    body, directory = local + b"a" + kernel, b"".join(entry + name for name in (b"a", b"b", b"c"))
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 3, 3, len(directory), len(body), 0)
    limits = ArchiveLimits(members=20, member_bytes=1_000_000, total_bytes=1_500_000, ratio=2)
    assert place.refusal(body + directory + end, limits=limits)[0] in ("zip-too-large", "zip-broken")


def test_zip64_is_read_and_its_directory_is_measured_too(place: Place) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive, archive.open("a.csv", "w", force_zip64=True) as member:
        member.write(ROWS)
    assert place.unpack(made.getvalue()) == {"a.csv": ROWS}
    end64 = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 2**32, 2**32, 2**40, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert place.refusal(b"PK\x03\x04" + bytes(100) + end64 + locator + end) == ("zip-too-many-members", 0)


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_zip_or_gzip_is_broken(keep: float, place: Place) -> None:
    for made, name in ((zipped(("a.csv", os.urandom(5_000))), "x.zip"), (gzip.compress(os.urandom(5_000)), "x.gz")):
        cut = made[: int(len(made) * keep)]
        assert place.refusal(cut, name=name)[0] == ("zip-broken" if name == "x.zip" else "gzip-broken")
        for path in place.out.iterdir():
            path.unlink()


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"PK\x05\x06" + bytes(17)])
def test_what_is_called_zip_and_is_none_is_broken(content: bytes, place: Place) -> None:
    assert place.refusal(content) == ("zip-broken", 0)


def test_a_zip_without_files_is_said_to_be_empty(place: Place) -> None:
    assert place.refusal(zipped()) == ("zip-empty", 0)
    assert place.refusal(zipped(("a/", b""))) == ("zip-empty", 0)


def test_a_member_that_does_not_match_its_checksum_is_broken(place: Place) -> None:
    made = bytearray(zipped(("a.csv", ROWS), method=zipfile.ZIP_STORED))
    made[made.index(b"somebody")] ^= 1
    assert place.refusal(bytes(made)) == ("zip-broken", 1)


def test_an_archive_that_changes_while_it_is_unpacked_is_not_believed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., object] = zipfile.ZipFile.open

    def grows(self: zipfile.ZipFile, *args: object, **more: object) -> object:
        with place.archive.open("ab") as file:
            file.write(b"more")
        return real(self, *args, **more)

    monkeypatch.setattr(zipfile.ZipFile, "open", grows)
    with pytest.raises(OSError, match="changed"):
        place.unpack(zipped(("a.csv", ROWS)))


def test_a_link_in_place_of_the_archive_is_not_followed(place: Place, tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(zipped(("a.csv", ROWS)))
    place.archive.symlink_to(tmp_path / "real")
    with pytest.raises(OSError, match="symbolic"):
        unpack(place.archive, "x.zip", place.out, LIMITS, flat=False)


def test_a_full_disk_is_no_fault_of_the_archive(place: Place) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    made = zipped(("a.csv", bytes(600_000)))
    place.archive.write_bytes(made)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            unpack(place.archive, "x.zip", place.out, LIMITS, flat=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_unpacking_takes_little_memory(place: Place) -> None:
    made = zipped(("a.csv", os.urandom(1_000_000) * 30))
    limits = ArchiveLimits()
    place.archive.write_bytes(made)
    tracemalloc.start()
    unpack(place.archive, "x.zip", place.out, limits, flat=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000


def test_a_glance_shows_names_and_the_beginning_of_the_first_file(place: Place) -> None:
    place.archive.write_bytes(zipped(("w/a.csv", ROWS), ("w/b.csv", b"")))
    assert glance(place.archive, "x.zip", LIMITS, 7) == (("a.csv", "b.csv"), b"id,name")
    place.archive.write_bytes(gzip.compress(ROWS))
    assert glance(place.archive, "a.csv.gz", LIMITS, 2) == (("a.csv",), b"id")


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_whatever_bytes_come_only_an_archive_fault_comes_of_them(data: st.DataObject) -> None:
    made = bytearray(zipped(("w/a.csv", ROWS[:200]), ("w/b.csv", b"xy")))
    for _ in range(data.draw(st.integers(1, 6))):
        made[data.draw(st.integers(0, len(made) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        with contextlib.suppress(ArchiveFault):
            place.unpack(bytes(made))


def test_a_workbook_in_a_zip_is_no_zip_in_a_zip(tmp_path: Path) -> None:
    book = zipped(("[Content_Types].xml", b"<x/>"))
    assert Place(tmp_path).unpack(zipped(("week.xlsx", book))) == {"week.xlsx": book}


def test_the_only_file_of_an_archive_is_given_from_memory_under_the_same_limits() -> None:
    assert only_file(zipped(("week/a.csv", ROWS), ("__MACOSX/a.csv", b"x")), "x.zip", LIMITS) == ("a.csv", ROWS)
    assert only_file(gzip.compress(ROWS), "a.csv.gz", LIMITS) == ("a.csv", ROWS)
    small = ArchiveLimits(members=5, member_bytes=1_000, total_bytes=1_000)
    for packed, name, limits, reason in (
        (zipped(("a.csv", ROWS), ("b.csv", ROWS)), "x.zip", LIMITS, "zip-several-files"),
        (zipped(("a.csv", ROWS)), "x.zip", small, "zip-too-large"),
        (gzip.compress(ROWS), "a.csv.gz", small, "zip-too-large"),
    ):
        with pytest.raises(ArchiveFault, match=reason):
            only_file(packed, name, limits)
