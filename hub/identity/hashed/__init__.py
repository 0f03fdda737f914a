"""The hashed lane: sectors that may not share identifiers send Bloom filters of them instead (docs/hashed-lane.md)."""
