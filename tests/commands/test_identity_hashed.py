"""`hub identity hash`, `match-hashed` and `evaluate-hashed`: what they write and print, and what they say of what does not fit."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from hub.cli import main
from hub.domain.linkage.encoding import HashKey
from hub.domain.linkage.filters import filters_of
from hub.identity.hashed import library
from tests.identity.hashed.lane import needs_the_lane

A = (
    "record_id,given_name,family_name,birth_date\n"
    "1,Ana,Villalobos,1962-03-19\n2,Wendell,Pruitt,1948-11-02\n3,Carmen,Ortiz,1990-08-08\n4,,,\n"
)
B = (
    "record_id,given_name,family_name,birth_date\n"
    "7,Ana,Vilalobos,1962-03-19\n8,Gertrude,Okafor,1999-05-30\n9,Luz,Ortiz,1990-08-08\n"
)
HASH = "--schema name-birth-1 --secret-file secret --key-id 2026-11 --evidence"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text(A)
    Path("b.csv").write_text(B)
    Path("pairs.csv").write_text("left_id,right_id\n1,7\n")
    Path("secret").write_bytes(bytes(range(32)))
    Path("secret").chmod(0o600)
    return tmp_path


def hub(line: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    assert isinstance(ended.value.code, int)
    return ended.value.code


@needs_the_lane
def test_two_sectors_are_linked_by_their_files_alone(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.clk", "out.csv"):
        Path(name).touch(mode=0o644)
    assert hub(f"identity hash --records a.csv {HASH} --out a.clk") == 0
    assert "3 of 4 records, name-birth-1, secret 2026-11" in capsys.readouterr().out
    assert hub(f"identity hash --records b.csv {HASH} --out b.clk") == 0
    for name in ("a.csv", "b.csv", "secret"):
        Path(name).unlink()
    capsys.readouterr()
    assert hub("identity match-hashed a.clk b.clk --pairs-out out.csv --json") == 0
    assert json.loads(capsys.readouterr().out) == {"matches": 1, "review_pairs": 1, "waiting": {"other-given": 1}}
    assert [Path(name).stat().st_mode & 0o077 for name in ("a.clk", "out.csv")] == [0, 0]
    with Path("out.csv").open() as stream:
        rows = [(row["left_id"], row["right_id"], row["grade"], row["reason"]) for row in csv.DictReader(stream)]
    assert rows == [("1", "7", "match", ""), ("3", "9", "review", "other-given")]
    assert hub("identity match-hashed a.clk b.clk") == 0
    assert "1 links need no person" in capsys.readouterr().out


def test_cells_are_for_a_list_and_need_nothing_installed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "PYTHON", Path("absent"))
    assert hub(f"identity hash --records a.csv {HASH} --out cells.csv --cells") == 0
    check = HashKey("2026-11", bytes(range(32))).check("name-birth-1")
    assert f"3 of 4 records, name-birth-1, secret 2026-11, check {check}" in capsys.readouterr().out
    assert Path("cells.csv").stat().st_mode & 0o077 == 0
    with Path("cells.csv").open() as stream:
        found = {row["record_id"]: filters_of(row["filters"]) for row in csv.DictReader(stream)}
    assert sorted(found) == ["1", "2", "3"]
    assert {each.key_check for each in found.values()} == {check}
    assert "Villalobos" not in Path("cells.csv").read_text()


@needs_the_lane
def test_another_version_of_the_secret_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert hub(f"identity hash --records a.csv {HASH} --out a.clk") == 0
    assert hub(f"identity hash --records b.csv {HASH.replace('2026-11', '2027-01')} --out b.clk") == 0
    assert hub("identity match-hashed a.clk b.clk") == 2
    assert "two versions of the secret, 2026-11 and 2027-01" in capsys.readouterr().err


@needs_the_lane
def test_what_is_linked_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    line = "identity evaluate-hashed --records a.csv b.csv --truth pairs.csv --schema name-birth-1 --secret-file secret"
    assert hub(f"{line} --json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["recall"], told["precision"], told["merged"]["precision"], told["review_pairs"]) == (1, 0.5, 1, 1)
    assert hub(f"{line} --no-evidence --pairs-out out.csv") == 0
    told = capsys.readouterr().out
    assert "merged without a person: precision -, recall 0.0000 of 1 pairs" in told
    assert "no-evidence" in told
    assert Path("out.csv").stat().st_mode & 0o077 == 0
    assert Path("out.csv").read_text().splitlines()[1].startswith("1,7,review,")


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (f"identity hash --records a.csv {HASH.replace('2026-11', '../x')} --out a.clk", 2, "--key-id"),
        (f"identity hash --records absent.csv {HASH} --out a.clk", 2, "absent.csv"),
        (f"identity hash --records a.csv {HASH.replace('name-birth-1', 'own')} --out a.clk", 2, "name-birth-place-1"),
        (
            f"identity hash --records a.csv {HASH.replace('secret-file secret', 'secret-file open')} --out a.clk",
            78,
            "chmod 600",
        ),
        ("identity match-hashed a.csv b.csv", 2, "a.csv line 1"),
    ],
)
def test_what_does_not_fit_is_said(line: str, code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("open").write_bytes(bytes(32))
    Path("open").chmod(0o644)
    assert hub(line) == code
    told = capsys.readouterr().err
    assert said in told.replace("\n", " ")
    assert "Villalobos" not in told
