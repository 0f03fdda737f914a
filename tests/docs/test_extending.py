"""docs/extending.md is true: its package is on the path as pip would put it, its commands are run by a fresh interpreter."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from hub.testing.connector_checks import CHECKS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "extending.md"
_BLOCK = re.compile(r"^```(?P<kind>\w*)(?: (?P<more>[^\n]*))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
RUN = {
    "hub": ["-m", "hub"],
    "pytest": ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=.", "-o", "filterwarnings="],
}


def install(kit: Path) -> None:
    """The metadata that `pip install kit/` would write beside its modules."""
    project = tomllib.loads((kit / "pyproject.toml").read_text())["project"]
    info = kit / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = project["entry-points"].items()
    told = "\n".join(
        f"[{group}]\n" + "\n".join(f"{name} = {value}" for name, value in points.items()) for group, points in groups
    )
    (info / "entry_points.txt").write_text(told + "\n")


def run(here: Path, line: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    word, *rest = shlex.split(line)
    places = os.pathsep.join(map(str, (*paths, ROOT)))
    return subprocess.run(
        [sys.executable, *RUN[word], *rest], cwd=here, capture_output=True, text=True, timeout=240, check=False,
        env={**os.environ, "PYTHONPATH": places, "HUB_INSTANCE": str(here)},
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the page, its package installed."""
    here = tmp_path_factory.mktemp("extending")
    for block in _BLOCK.finditer(PAGE.read_text()):
        if (block["more"] or "").startswith("file="):
            path = here / block["more"].removeprefix("file=")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block["text"])
    install(here / "kit")
    return here


@pytest.mark.slow
def test_every_command_of_the_page_works_as_written(page: Path) -> None:
    said, commands = "", 0
    for block in _BLOCK.finditer(PAGE.read_text()):
        more = block["more"] or ""
        if block["kind"] == "sh":
            for line in block["text"].splitlines():
                done = run(page, line, page / "kit")
                said, commands = done.stdout, commands + 1
                assert done.returncode == int(more.removeprefix("exit=") or 0), f"{line}\n{said}\n{done.stderr}"
        elif not block["kind"] and not more:
            shown = [" ".join(line.split()) for line in said.splitlines()]
            for line in block["text"].splitlines():
                assert " ".join(line.split()) in shown, said
    assert commands == 5
    assert f"{2 * len(CHECKS)} passed" in said


def test_the_page_names_every_check() -> None:
    assert set(CHECKS) <= {row.split(" | ")[0].removeprefix("| ") for row in PAGE.read_text().splitlines()}


def test_the_door_of_the_page_takes_what_lies_there_and_clears_away_what_is_safe(page: Path) -> None:
    (page / "try_door.py").write_text(
        """
import asyncio
from pathlib import Path
from hub.connectors.catalog import load
from hub.connectors.doors import build
from hub.connectors.intake import Intake
from hub.connectors.packing import Packer
from hub.declared import read_declared
from hub.domain.agreement import IntakeAgreement
from hub.testing.fakes import FakeBus
from hub.testing.loop_checks import IdsOnly
from hub.wiring_reading import OFFLINE_IDS, Reader
from tests.connectors.pulling import around_of

beds = load([Path("connectors")])["riverside-beds"]
agreement = read_declared(beds.folder / "agreement.draft.yaml", IntakeAgreement)
around = around_of(Path("."))
around.inbox.mkdir(parents=True, exist_ok=True)
sheet = around.inbox / "beds.txt"
sheet.write_bytes((beds.folder / "samples" / "beds.txt").read_bytes())

async def take(bus):
    door = build(beds.door, around)
    await door.open()
    packer = Packer(Reader(beds, agreement, OFFLINE_IDS), agreement, IdsOnly())
    await Intake(door, packer, bus, around.watch, first_pause_s=0.0).run()

asyncio.run(take(FakeBus(fail_prob=1.0)))
assert sheet.exists(), "refused: it is still there"
bus = FakeBus()
asyncio.run(take(bus))
assert not sheet.exists()
print(sum(record[0] == "event" for record in bus.log))
"""
    )
    done = subprocess.run(
        [sys.executable, "try_door.py"], cwd=page, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(page / "kit"), str(ROOT)])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\n3\n")


@pytest.mark.parametrize(
    ("group", "name", "value", "why"),
    [
        (
            "hub.formats",
            "fixed-width",
            "elsewhere:FORMAT",
            "is given by elsewhere:FORMAT and by riverside_kit.columns:FORMAT",
        ),
        ("hub.formats", "fixed-width", "riverside_kit.absent:FORMAT", "is given by"),
        ("hub.programs", "riverside-ledger", "riverside_kit.ledger:Line", "is given by"),
    ],
)
def test_a_name_given_twice_stops_who_uses_it_and_nobody_else(
    page: Path, tmp_path: Path, group: str, name: str, value: str, why: str
) -> None:
    info = tmp_path / "other_kit-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-kit\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {value}\n")
    user, other = (
        ("riverside-beds", "riverside-parcels") if group == "hub.formats" else ("riverside-parcels", "riverside-beds")
    )
    sample = {"riverside-beds": "beds.txt", "riverside-parcels": "parcels.txt"}
    broken = run(page, f"hub connector try {user} connectors/{user}/samples/{sample[user]}", page / "kit", tmp_path)
    assert broken.returncode not in (0, 1)
    assert why in broken.stderr
    fine = run(page, f"hub connector try {other} connectors/{other}/samples/{sample[other]}", page / "kit", tmp_path)
    assert fine.returncode == 1, fine.stderr


@pytest.mark.parametrize(
    ("points", "why"),
    [
        (
            "[hub.formats]\nfixed-width = riverside_kit.absent:FORMAT\n",
            "cannot be loaded from riverside_kit.absent:FORMAT",
        ),
        ("[hub.formats]\nfixed-width = riverside_kit.columns:FixedWidth\n", "riverside_kit.columns:FixedWidth is none"),
        (
            "[hub.doors]\ntray = riverside_kit.tray:KIND\n",
            "a map cannot read fixed-width; there are csv, fhir, hl7v2, json",
        ),
    ],
)
def test_what_does_not_load_or_is_not_there_is_said_with_file_line_and_field(
    page: Path, tmp_path: Path, points: str, why: str
) -> None:
    kit = tmp_path / "kit"
    (kit / "riverside_kit-1.dist-info").mkdir(parents=True)
    (kit / "riverside_kit").symlink_to(page / "kit" / "riverside_kit")
    (kit / "riverside_kit-1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: riverside-kit\nVersion: 1\n"
    )
    tray = "" if "hub.doors" in points else "[hub.doors]\ntray = riverside_kit.tray:KIND\n"
    (kit / "riverside_kit-1.dist-info" / "entry_points.txt").write_text(points + tray)
    done = run(page, "hub connector try riverside-beds connectors/riverside-beds/samples/beds.txt", kit)
    assert why in done.stderr
    assert "connector.yaml:3: source.format: " in done.stderr
