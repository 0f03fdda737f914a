"""How much `hub bench intake` measures."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PARTS", "Plan"]

PARTS = ("ratios", "mllp", "csv", "hmis")


@dataclass(frozen=True)
class Plan:
    """Counts of a run. `formats`: of these alone the ratio is taken; none named are all. `csv_bytes` is the size of the laboratory
    file; the narrow one beside it has a tenth. `hmis_nights_per`: bed nights of an enrollment, of one export after the other."""

    messages: int = 20_000
    rows: int = 20_000
    enrollments: int = 100
    nights: int = 36_500
    rounds: int = 3
    formats: tuple[str, ...] = ()
    mllp: int = 200_000
    pipelined: int = 20_000
    connections: int = 4
    window: int = 16
    csv_bytes: int = 1_000_000_000
    hmis_enrollments: int = 100_000
    hmis_nights_per: tuple[int, ...] = (1, 11)
    parts: tuple[str, ...] = PARTS

    @classmethod
    def quick(cls) -> Plan:
        """A minute or two: enough to see a change, too little to quote."""
        return cls(
            messages=4_000,
            rows=4_000,
            enrollments=20,
            nights=4_000,
            rounds=2,
            mllp=8_000,
            pipelined=4_000,
            csv_bytes=20_000_000,
            hmis_enrollments=2_000,
        )
