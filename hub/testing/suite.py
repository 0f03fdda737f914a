"""The standard suite as tests of your own: inherit, name the connector's folder, and pytest runs every check on every sample.

    from pathlib import Path
    from hub.testing.suite import ConnectorSuite

    class TestOurs(ConnectorSuite):
        folder = Path(__file__).parent / "riverside-pantry"

The folder holds connector.yaml, codes/, samples/ and expected/ (`hub connector test NAME --update` writes it), and beside them
`agreement.draft.yaml`, unless `agreement_file` says another. The checks and their names are those of `hub connector test`.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from hub.connectors.catalog import FILE, Connector, load_one
from hub.connectors.installed import programs
from hub.declared import read_declared
from hub.domain.agreement import IntakeAgreement
from hub.goldens import samples_of
from hub.testing.connector_checks import CHECKS

__all__ = ["ConnectorSuite"]


class ConnectorSuite:
    """Set `folder`; override `samples`, `connector` or `agreement` where yours come from elsewhere."""

    folder: ClassVar[Path]
    agreement_file: ClassVar[Path | None] = None

    @pytest.fixture
    def connector(self) -> Connector:
        """The connector under test."""
        return load_one(self.folder / FILE, programs=programs())

    @pytest.fixture
    def agreement(self) -> IntakeAgreement:
        """The agreement it runs under."""
        return read_declared(self.agreement_file or self.folder / "agreement.draft.yaml", IntakeAgreement)

    def samples(self) -> list[Path]:
        """Files or folders that a good sender might send."""
        return samples_of(load_one(self.folder / FILE, programs=programs()))

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test per sample and check: pytest asks the class."""
        if {"sample", "check"} <= {*metafunc.fixturenames}:
            told = [
                pytest.param(sample, check, id=f"{sample.name}: {check}")
                for sample in self.samples()
                for check in CHECKS
            ]
            metafunc.parametrize(("sample", "check"), told)

    def test_standard(self, connector: Connector, agreement: IntakeAgreement, sample: Path, check: str) -> None:
        """One check on one sample."""
        if why := CHECKS[check](connector, agreement, sample):
            pytest.fail(why, pytrace=False)
