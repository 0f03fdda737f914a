"""A table of the installation's own: checked before anything starts, read in place of the hub's, told by the doctor."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from hub.commands.doctor import _tables, examine
from hub.domain import tables
from hub.errors import ConfigError
from hub.mapping.vaccinations import COLUMNS
from hub.privacy.agreements import EXAMPLES
from hub.wiring_tables import own_tables

TEXTS = {
    found.name.removesuffix(".csv"): found.read_text(encoding="utf-8")
    for package in tables.PACKAGES
    for found in files(package).joinpath("tables").iterdir()
    if found.name.endswith(".csv")
}
NEW_VACCINE = "999,yes,pfizer,A made-up vaccine,2021-01-01,,made up,2099-01"


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    (tmp_path / "tables").mkdir()
    return tmp_path


def own(instance: Path, name: str, text: str) -> None:
    (instance / "tables" / f"{name}.csv").write_text(text, encoding="utf-8")


def preview(instance: Path, doses: Path) -> dict[str, int]:
    """Tallies of a process of its own: tables are read once in each."""
    command = [sys.executable, "-m", "hub", "preview", str(doses), "--as-of", "2021-03-31", "--instance", str(instance)]
    found = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False, timeout=240)
    assert found.stdout, found.stderr
    told: dict[str, int] = json.loads(found.stdout)["tallies"]
    return told


def test_no_two_tables_that_may_be_replaced_have_one_name() -> None:
    names = [
        found.name for package in tables.PACKAGES for found in files(package).joinpath("tables").iterdir()
        if found.name.endswith(".csv")
    ]  # fmt: skip
    assert len(names) == len(set(names))


def test_every_table_of_the_hub_may_stand_as_an_own_one(instance: Path) -> None:
    for name, text in TEXTS.items():
        own(instance, name, text)
    assert {each.name: (each.new, each.left_out) for each in own_tables(instance)} == dict.fromkeys(TEXTS, (0, 0))


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("cvxx", TEXTS["cvx"], "no such table: did you mean cvx"),
        ("cvx", "cvx,covid\n207,yes\n", "source and version"),
        ("cvx", TEXTS["cvx"].splitlines()[0] + "\n", "its columns must be cvx, covid, family"),
        ("cvx", TEXTS["cvx"] + "999,yes,f,A vaccine,soon,,made up,2099-01\n", "valid_from must be a date"),
        ("vaccine_series", TEXTS["vaccine_series"].replace("pfizer,2,", "pfizer,two,", 1), "row 2: doses must be a whole"),
        ("vaccine_series", TEXTS["vaccine_series"].replace("pfizer,2,", "pfizer,,", 1), "row 2: doses must not be empty"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_and_nothing_starts(instance: Path, name: str, text: str, says: str) -> None:
    own(instance, name, text)
    with pytest.raises(ConfigError, match=says):
        own_tables(instance)
    told = {finding.what: finding for finding in examine(instance)}["tables"]
    assert (told.ok, says in told.words) == (False, True)


def test_the_doctor_tells_own_tables_and_their_versions(instance: Path) -> None:
    assert {finding.what: finding.words for finding in examine(instance)}["tables"] == "as they come with the hub"
    first, _, *rest = TEXTS["cvx"].splitlines()
    own(instance, "cvx", "\n".join([first, *rest, NEW_VACCINE, ""]))
    (told,) = own_tables(instance)
    assert (told.new, told.left_out, told.versions) == (1, 1, ("2099-01",))
    assert _tables(instance) == "own: cvx (1 rows of its own, 2099-01; 1 of the hub's left out)"


def test_a_table_that_was_read_is_not_replaced_any_more() -> None:
    tables.rows("cvx")
    with pytest.raises(ValueError, match="read already: cvx"):
        tables.replace({"cvx": TEXTS["cvx"]})


def test_a_new_vaccine_is_a_row_of_the_installations_own_table(instance: Path) -> None:
    dose = dict.fromkeys(COLUMNS, "") | {
        "vax_event_id": "e1", "ext_type": "I", "recip_id": "p1", "recip_first_name": "Made", "recip_last_name": "Up",
        "recip_dob": "1960-01-01", "admin_date": "2021-01-20", "cvx": "999", "vtrcks_prov_pin": "4512", "vax_refusal": "NO",
    }  # fmt: skip
    (instance / "secrets").mkdir()
    (instance / "secrets" / "hmac").write_bytes(b"0" * 32)
    (instance / "secrets" / "hmac").chmod(0o600)
    (instance / "agreements").mkdir()
    (instance / "agreements" / "iis-cvrs.yaml").write_bytes((EXAMPLES / "iis-cvrs.yaml").read_bytes())
    doses = instance / "doses.txt"
    doses.write_text("\t".join(COLUMNS) + "\n" + "\t".join(dose[name] for name in COLUMNS) + "\n", encoding="utf-8")
    assert not any(stratum.startswith("vaccinated|") for stratum in preview(instance, doses))
    own(instance, "cvx", TEXTS["cvx"].rstrip() + "\n" + NEW_VACCINE + "\n")
    assert preview(instance, doses)["vaccinated|unknown|race_ethnicity|unknown"] == 1
