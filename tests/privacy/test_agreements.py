"""No agreement file, no data: and the words that say what to write."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from hub.errors import ConfigError
from hub.privacy.agreements import EXAMPLES, delivery_agreements, example_agreement, intake_agreement

TODAY = date(2026, 1, 1)
CONNECTORS = (
    "hsds-directory",
    "consent",
    "gravity-referral",
    "lab-elr-hl7v2",
    "lab-elr-fhir",
    "lab-csv",
    "iis-cvrs",
    "sara-alert",
    "hmis-csv",
    "hrsn-screening",
    "vaccine-supply",
    "case-line-list",
    "commcare",
    "godata",
    "sara-alert-api",
    "food-benefits",
    "food-pantry",
    "shelter-roster-csv",
    "shelter-roster-hashed",
    "referral-csv",
)


@pytest.mark.parametrize("connector", CONNECTORS)
def test_each_shipped_connector_has_an_example_agreement(connector: str) -> None:
    assert example_agreement(connector).connector == connector


def test_the_isolation_team_hears_of_a_need_and_not_of_a_diagnosis() -> None:
    agreement = delivery_agreements(EXAMPLES)["isolation-support"]
    assert agreement.fields == ("support", "urgency", "until", "local_id")


def test_no_agreement_file_says_which_file_is_missing_and_what_writes_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        intake_agreement(tmp_path, "hmis-csv", TODAY)
    assert str(tmp_path / "hmis-csv.yaml") in str(refused.value)
    assert "hub connector agree hmis-csv" in str(refused.value)


def test_an_expired_agreement_takes_nothing(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "hmis-csv.yaml", tmp_path)
    assert intake_agreement(tmp_path, "hmis-csv", TODAY).agreement_id == "example-hmis-csv"
    with pytest.raises(ConfigError, match="2035-12-31"):
        intake_agreement(tmp_path, "hmis-csv", date(2036, 1, 1))


def test_an_agreement_for_another_connector_is_refused(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "hmis-csv.yaml", tmp_path / "sara-alert.yaml")
    with pytest.raises(ConfigError, match="named after sara-alert"):
        intake_agreement(tmp_path, "sara-alert", TODAY)


def test_a_mistake_in_an_agreement_is_named_with_file_line_and_field(tmp_path: Path) -> None:
    text = (EXAMPLES / "hmis-csv.yaml").read_text().replace("retention_days: 30", "retention_dayz: 30")
    (tmp_path / "hmis-csv.yaml").write_text(text)
    line = 1 + text[: text.index("retention_dayz")].count("\n")
    with pytest.raises(
        ConfigError, match=rf"hmis-csv\.yaml:{line}: retention_dayz: unknown field; did you mean retention_days"
    ):
        intake_agreement(tmp_path, "hmis-csv", TODAY)


def test_an_expired_delivery_agreement_is_read_so_that_what_it_delivered_can_be_taken_back(tmp_path: Path) -> None:
    text = (EXAMPLES / "isolation-support.yaml").read_text().replace("2035-12-31", "2020-12-31")
    (tmp_path / "isolation-support.yaml").write_text(text)
    assert not delivery_agreements(tmp_path)["isolation-support"].in_force(TODAY)


def test_two_agreements_for_one_subscriber_are_refused(tmp_path: Path) -> None:
    for name in ("one.yaml", "two.yaml"):
        shutil.copy(EXAMPLES / "isolation-support.yaml", tmp_path / name)
    with pytest.raises(ConfigError, match="second agreement"):
        delivery_agreements(tmp_path)
