"""The demo wipes what it made itself, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.demo.stack import MARKER, make_instance
from hub.errors import ConfigError
from hub.synthetic import make_county
from hub.synthetic.county import County


@pytest.fixture(scope="module")
def county() -> County:
    return make_county(50, 1)


def test_a_directory_that_the_demo_did_not_make_is_left_alone(tmp_path: Path, county: County) -> None:
    kept = tmp_path / "thesis.tex"
    kept.write_text("years of work")
    with pytest.raises(ConfigError, match="was not made by `hub demo`"):
        make_instance(tmp_path, county)
    assert kept.read_text() == "years of work"


def test_a_file_is_not_taken_for_a_directory_to_wipe(tmp_path: Path, county: County) -> None:
    kept = tmp_path / "instance"
    kept.write_text("years of work")
    with pytest.raises(ConfigError, match="was not made by `hub demo`"):
        make_instance(kept, county)
    assert kept.exists()


def test_an_empty_directory_and_one_of_an_earlier_demo_are_used(tmp_path: Path, county: County) -> None:
    make_instance(tmp_path, county)
    (tmp_path / "kafka").mkdir()
    (tmp_path / "keys.sqlite").write_text("of the earlier run")
    make_instance(tmp_path, county)
    assert (tmp_path / MARKER).is_file()
    assert (tmp_path / "settings.json").is_file()
    assert not (tmp_path / "kafka").exists()
    assert not (tmp_path / "keys.sqlite").exists()


def test_what_a_link_in_the_demos_directory_points_to_is_left_alone(tmp_path: Path, county: County) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "thesis.tex").write_text("years of work")
    make_instance(tmp_path / "instance", county)
    (tmp_path / "instance" / "link").symlink_to(tmp_path / "elsewhere")
    make_instance(tmp_path / "instance", county)
    assert (tmp_path / "elsewhere" / "thesis.tex").exists()
