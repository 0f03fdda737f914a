"""What `hub connector agree` grants: what the hub needs, and a number that follows a person only where it is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from hub.commands.connector import connector

SAID = ("--discloser", "Made-up Lab", "--recipient", "Made-up County", "--basis", "a contract")


def agree(instance: Path, name: str, *more: str) -> Result:
    return CliRunner().invoke(
        connector, ["agree", name, "--instance", str(instance), *SAID, *more], catch_exceptions=False
    )


def block(instance: Path, name: str) -> list[str]:
    return list(yaml.safe_load((instance / "agreements" / f"{name}.yaml").read_text())["person_block"])


@pytest.mark.parametrize("name", ["lab-elr-hl7v2", "lab-elr-fhir", "iis-fhir", "hmis-csv", "hrsn-screening"])
def test_no_social_security_or_member_number_is_granted_unless_asked_for(name: str, tmp_path: Path) -> None:
    done = agree(tmp_path, name)
    assert done.exit_code == 0
    granted = block(tmp_path, name)
    assert not {"ssn", "member_id"} & set(granted)
    assert {"family_name", "birth_date", "local_id"} <= set(granted)
    assert "--identifier" in done.output


def test_what_is_asked_for_is_granted(tmp_path: Path) -> None:
    assert agree(tmp_path, "lab-elr-hl7v2", "--identifier", "member_id").exit_code == 0
    granted = block(tmp_path, "lab-elr-hl7v2")
    assert "member_id" in granted
    assert "ssn" not in granted


def test_an_identifier_that_the_connector_does_not_bring_is_refused(tmp_path: Path) -> None:
    done = agree(tmp_path, "lab-csv", "--identifier", "ssn")
    assert done.exit_code == 2
    assert not (tmp_path / "agreements" / "lab-csv.yaml").exists()


def test_a_basis_that_says_nothing_is_a_usage_error_and_names_no_file(tmp_path: Path) -> None:
    done = agree(tmp_path, "godata", "--basis", "C")
    assert done.exit_code == 2
    assert "--basis: " in done.output
    assert ".yaml" not in done.output
