"""The suite that every connector passes: behaviour of its program under the intake loop, on a bus that fails on purpose.

A test class names a connector and says where a good sample lies; the tests come by inheritance.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from hub.connectors.catalog import Connector
from hub.connectors.door import Receipt, Unit
from hub.connectors.file_drop import FileDropOptions
from hub.connectors.intake import Intake
from hub.connectors.packing import Packer
from hub.connectors.watch import Watch
from hub.domain.agreement import IntakeAgreement
from hub.domain.events import Event, PersonBlock
from hub.errors import FatalError
from hub.goldens import as_expected
from hub.privacy.agreements import example_agreement
from hub.testing.connector_checks import CHECKS
from hub.testing.hostile import JUNK
from hub.wiring_reading import OFFLINE_IDS, Reader, catalogue, units
from tests.connectors.pretend import PretendPack, receipt_of, values
from tests.fakes import FakeBus, FakeDoor


class KeptPack(PretendPack):
    """Keeps the events that would leave."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []

    def event(self, event: Event, issues: Sequence[str] = ()) -> Any:
        self.events.append(event)
        return super().event(event, issues)

    def dead_letter(self, problem: Any, raw: bytes | None, unit: Unit, *, head: bytes = b"", file: str = "") -> Any:
        return ("dead", problem.reason.encode(), raw, None, None)


class ConnectorSuite:
    """Inherit, and set `name` and `sample` (below samples/)."""

    name: ClassVar[str]
    sample: ClassVar[str]

    @pytest.fixture
    def connector(self) -> Connector:
        return catalogue()[self.name]

    @pytest.fixture
    def agreement(self) -> IntakeAgreement:
        return example_agreement(self.name)

    @pytest.fixture
    def good(self, shared_samples: Path) -> Path:
        return shared_samples / self.sample

    def take(
        self,
        units_: list[Unit],
        bus: FakeBus,
        connector: Connector,
        agreement: IntakeAgreement,
        *,
        resend: bool = False,
    ) -> tuple[FakeDoor, KeptPack]:
        pack = KeptPack()
        door = FakeDoor(units_, resend=resend)
        packer = Packer(Reader(connector, agreement, OFFLINE_IDS), agreement, pack)
        intake = Intake(door, packer, bus, Watch(connector.name), first_pause_s=0.0)
        asyncio.run(intake.run())
        return door, pack

    def ids(self, unit: Unit, connector: Connector, agreement: IntakeAgreement) -> set[bytes | None]:
        bus = FakeBus()
        self.take([unit], bus, connector, agreement)
        found = set(values(bus.log, "event"))
        assert found
        return found

    @pytest.mark.parametrize("check", [name for name, check in CHECKS.items() if check is not as_expected])
    def test_the_standard_checks_of_every_connector_hold(
        self, check: str, good: Path, connector: Connector, agreement: IntakeAgreement
    ) -> None:
        assert CHECKS[check](connector, agreement, good) is None

    def test_reading_again_yields_no_new_id(self, good: Path, connector: Connector, agreement: IntakeAgreement) -> None:
        [unit] = units(connector, good)
        assert self.ids(unit, connector, agreement) == self.ids(unit, connector, agreement)

    def test_its_ids_do_not_depend_on_the_name_it_came_under(
        self, good: Path, connector: Connector, agreement: IntakeAgreement, tmp_path: Path
    ) -> None:
        other = tmp_path / "another name"
        (shutil.copytree if good.is_dir() else shutil.copy)(good, other)
        [one], [two] = list(units(connector, good)), list(units(connector, other))
        assert self.ids(one, connector, agreement) == self.ids(two, connector, agreement)

    def test_a_kill_at_record_k_and_a_second_reading_give_the_same_ids(
        self, good: Path, connector: Connector, agreement: IntakeAgreement
    ) -> None:
        [unit] = units(connector, good)
        whole = self.ids(unit, connector, agreement)
        for k in (0, 1, len(whole) // 2, len(whole)):
            bus = FakeBus(crash_after=k)
            with pytest.raises(FatalError):
                self.take([unit], bus, connector, agreement)
            bus.crash_after = None
            self.take([unit], bus, connector, agreement)
            assert set(values(bus.log, "event")) == whole

    def test_a_broker_that_refuses_and_forgets_gets_everything_in_the_end(
        self, good: Path, connector: Connector, agreement: IntakeAgreement
    ) -> None:
        [unit] = units(connector, good)
        bus = FakeBus(fail_prob=0.3, lose_ack=0.3, seed=4)
        door, _ = self.take([unit], bus, connector, agreement, resend=True)
        assert isinstance(door.deliveries[0].answers[-1], Receipt)
        assert set(values(bus.log, "event")) == self.ids(unit, connector, agreement)

    def test_only_agreed_fields_leave(self, good: Path, connector: Connector, agreement: IntakeAgreement) -> None:
        least = agreement.model_copy(update={"person_block": ("birth_date",)})
        _, pack = self.take(list(units(connector, good)), FakeBus(), connector, least)
        blocks = [event.person for event in pack.events if event.person is not None]
        assert all(
            isinstance(block, PersonBlock)
            and {name for name, given in block.model_dump().items() if given} <= {"birth_date"}
            for block in blocks
        )
        assert {event.agreement_id for event in pack.events} == {agreement.agreement_id}
        assert {type(event).kind for event in pack.events} <= set(connector.emits)

    @pytest.mark.parametrize("junk", JUNK)
    def test_junk_ends_in_dead_letters_with_a_reason_and_harms_no_neighbour(
        self, junk: str, good: Path, connector: Connector, agreement: IntakeAgreement, tmp_path: Path
    ) -> None:
        bus = FakeBus()
        [neighbour] = units(connector, good)
        door, _ = self.take([self.spoilt(connector, tmp_path, JUNK[junk]), neighbour], bus, connector, agreement)
        receipt = receipt_of(door.deliveries[0].answers[0])
        assert receipt.rejected.total() >= 1
        assert "mapping-error" not in receipt.rejected
        assert not receipt.events
        assert set(values(bus.log, "event")) == self.ids(neighbour, connector, agreement)

    def spoilt(self, connector: Connector, folder: Path, content: bytes) -> Unit:
        """A unit of this connector whose every file is `content`."""
        door = connector.door
        if door.shape == "bytes":
            return Unit("message", content)
        if door.shape == "file":
            (folder / "file").write_bytes(content)
            return Unit("file", folder / "file")
        assert isinstance(door, FileDropOptions)
        names = [pattern.replace("*", "") for pattern in door.complete_when]
        for name in names:
            (folder / name).write_bytes(content)
        return Unit("folder", {name: folder / name for name in names})

    @pytest.mark.parametrize("cut", [0.03, 0.4, 0.97])
    def test_a_truncated_unit_loses_nothing_that_came_whole(
        self, cut: float, good: Path, connector: Connector, agreement: IntakeAgreement, tmp_path: Path
    ) -> None:
        [unit] = units(connector, self.truncated(good, cut, tmp_path))
        bus = FakeBus()
        door, _ = self.take([unit], bus, connector, agreement)
        receipt = receipt_of(door.deliveries[0].answers[0])
        assert receipt.events.total() + receipt.rejected.total() + receipt.ignored.total() >= 1
        assert "mapping-error" not in receipt.rejected

    def truncated(self, good: Path, cut: float, folder: Path) -> Path:
        if good.is_file():
            content = good.read_bytes()
            (folder / good.name).write_bytes(content[: int(len(content) * cut)])
            return folder / good.name
        copy = folder / "cut"
        shutil.copytree(good, copy)
        for path in copy.iterdir():
            content = path.read_bytes()
            path.write_bytes(content[: int(len(content) * cut)])
        return copy
