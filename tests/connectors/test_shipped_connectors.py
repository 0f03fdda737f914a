"""Each shipped connector passes the suite, and takes a bad row among good ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from hub.connectors.catalog import Connector
from hub.connectors.door import Unit
from hub.domain.agreement import IntakeAgreement
from tests.connectors.made_up_lab import message
from tests.connectors.pretend import receipt_of, values
from tests.connectors.suite import ConnectorSuite
from tests.fakes import FakeBus


class TestLabs(ConnectorSuite):
    name = "lab-elr-hl7v2"
    sample = "health/prime-reportstream/oru/sample-batch-pdi-20210608-0001.hl7"

    def test_one_bad_message_never_rejects_its_batch(self, connector: Connector, agreement: IntakeAgreement) -> None:
        batch = message(1) + message(2).replace(b"PID|", b"XXX|") + b"MSH\r" + message(3)
        bus = FakeBus()
        door, _ = self.take([Unit("batch", batch)], bus, connector, agreement)
        assert len(set(values(bus.log, "event"))) == 2
        assert receipt_of(door.deliveries[0].answers[0]).rejected.total() == 2


class TestVaccinations(ConnectorSuite):
    name = "iis-cvrs"
    sample = "health/cdc-iis-open-tools/CVRS_testgood.txt"

    def test_one_bad_row_never_rejects_its_file(
        self, good: Path, connector: Connector, agreement: IntakeAgreement, tmp_path: Path
    ) -> None:
        rows = good.read_bytes().splitlines(keepends=True)
        spoilt = [*rows[:5], b"too\tfew\tcolumns\r\n", *rows[5:9], b'\x00\xff\t"\r\n', *rows[9:]]
        path = tmp_path / "spoilt.txt"
        path.write_bytes(b"".join(spoilt))
        bus = FakeBus()
        door, _ = self.take([Unit("spoilt.txt", path)], bus, connector, agreement)
        receipt = receipt_of(door.deliveries[0].answers[0])
        assert receipt.events.total() == 33
        assert receipt.rejected.total() == 2
        assert set(values(bus.log, "event")) == self.ids(Unit("good", good), connector, agreement)


class TestTracing(ConnectorSuite):
    name = "sara-alert"
    sample = "health/sara-alert/api/monitoree-patient.json"

    def test_one_bad_line_never_rejects_its_file(
        self, good: Path, connector: Connector, agreement: IntakeAgreement, tmp_path: Path
    ) -> None:
        line = json.dumps(json.loads(good.read_text())).encode()
        path = tmp_path / "patients.ndjson"
        lines = [line, b'{"resourceType": "Patient", "id":', line.replace(b"Johns78", b"Other"), b"\x00", line]
        path.write_bytes(b"\n".join(lines))
        bus = FakeBus()
        door, _ = self.take([Unit("patients.ndjson", path)], bus, connector, agreement)
        receipt = receipt_of(door.deliveries[0].answers[0])
        assert receipt.events.total() == 6
        assert receipt.rejected.total() == 2


class TestShelters(ConnectorSuite):
    name = "hmis-csv"
    sample = "social/hmis-fy2022-es-nbn"


class TestScreenings(ConnectorSuite):
    name = "hrsn-screening"
    sample = "social/ny-1115-hrsn"

    @pytest.fixture
    def good(self, shared_samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """The sample's one person consented to nothing; here a copy in which she did."""
        copy = tmp_path_factory.mktemp("consented") / "drop"
        shutil.copytree(shared_samples / self.sample, copy)
        for path in copy.glob("*DEMOGRAPHIC*"):
            head, *rows = [line.split("|") for line in path.read_text().splitlines()]
            at = head.index("CONSENT")
            for row in rows:
                row[at] = "Y"
            path.write_text("\n".join("|".join(row) for row in [head, *rows]) + "\n")
        return copy
