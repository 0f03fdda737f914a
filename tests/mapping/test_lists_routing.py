"""Which lists `hub preview` takes for whose: by their headers, and none of another connector's files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.connectors.catalog import SHIPPED
from hub.routing import route

LISTS = (
    "shelter-roster-csv",
    "shelter-roster-hashed",
    "food-pantry",
    "food-benefits",
    "case-line-list",
    "referral-csv",
    "consent",
)


@pytest.mark.parametrize("name", sorted(path.parent.name for path in SHIPPED.glob("*/samples")))
def test_samples_go_to_their_own_connector_and_to_no_list(name: str, tmp_path: Path) -> None:
    shutil.copytree(SHIPPED / name / "samples", tmp_path / "somewhere")
    found = {routed.connector for routed in route(tmp_path / "somewhere", [])}
    assert found == {name} if name in LISTS else not found & {*LISTS}


def test_no_real_file_of_another_kind_is_taken_for_a_list(shared_samples: Path) -> None:
    """Two real files are lists: what an R script made of Go.Data's cases, and a passenger list of Epi-X."""
    found = {routed.path.name: routed.connector for routed in route(shared_samples, []) if routed.connector in LISTS}
    lists = {name: connector for name, connector in found.items() if name.endswith(".csv")}
    assert lists == {"cases_clean.csv": "case-line-list", "Epi-X-Format.csv": "case-line-list"}


@pytest.mark.parametrize("header", ["a,b,c", "First Name,Last Name,Phone", "date,filename", "Name;Bed"])
def test_a_header_that_tells_nothing_is_nobodys(header: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(f"{header}\n")
    assert [routed.connector for routed in route(tmp_path, [])] == [None]
