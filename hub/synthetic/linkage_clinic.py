"""The clinic set: a registry of about a thousand people, and more than 250 records that a clinic sends against it, each labelled
`match`, `no-match` or `possible` and named by what was damaged (hub.synthetic.linkage_clinic_kinds).

Made after the aim of CDC RecordLinker's test cases (clinic records against seeds, three labels; equity-identity.md B1), of which
nothing is copied: people, cases and kinds are ours. Harder than FEBRL: each case has the damage of its kind on top of what any
clinic leaves out and of up to two errors that have nothing to do with it, and most of the cases that match nobody share much with
somebody. No weight and no threshold is chosen on it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from hub.synthetic.linkage_clinic_damage import called_short, moved, other_phone, other_sex, slip_of, spelt_otherwise
from hub.synthetic.linkage_clinic_kinds import KINDS, Kind, Label, agreeing
from hub.synthetic.linkage_clinic_people import CONTACT, Fields, Known, population
from hub.synthetic.linkage_set import COLUMNS, MadeRecord

__all__ = ["CASES", "ClinicCase", "ClinicSet", "clinic_set"]

CASES = {"match": 7, "no-match": 8, "possible": 5}
"""Cases of each kind, by its label."""
_LEFT_OUT = {"ssn": 0.7, "phone": 0.25, "email": 0.7, "middle_name": 0.6, "sex": 0.04}
_NO_ADDRESS, _LAST_FOUR = 0.15, 0.3
_ALSO = (
    moved, moved, other_phone, other_phone, slip_of("given_name"), slip_of("family_name"), called_short, spelt_otherwise,
    slip_of("phone"), slip_of("address_line"), slip_of("birth_date"), other_sex,
)  # fmt: skip
_HOW_MANY = (0, 1, 1, 2)
"""Of `_ALSO` on top of the damage of the kind, each as likely as the others; what cannot be is passed over."""


@dataclass(frozen=True, slots=True)
class ClinicCase:
    """`record` is the clinic's; `beside` are the ids of the registry that the label is about: who it is, or may be taken for."""

    record: MadeRecord
    kind: str
    label: Label
    beside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClinicSet:
    registry: tuple[MadeRecord, ...]
    cases: tuple[ClinicCase, ...]

    def rows(self) -> Iterator[tuple[str, str, Label, str]]:
        """left_id (registry), right_id (clinic), label and kind of each pair that a label is about."""
        for case in self.cases:
            for beside in case.beside:
                yield beside, case.record.record_id, case.label, case.kind

    def write(self, registry: Path, clinic: Path, pairs: Path) -> None:
        """Writes the files that `hub identity evaluate --records REGISTRY CLINIC --truth PAIRS` reads."""
        for path, records in ((registry, self.registry), (clinic, tuple(case.record for case in self.cases))):
            with path.open("w", newline="", encoding="utf-8") as stream:
                writer = csv.writer(stream)
                writer.writerow(COLUMNS)
                writer.writerows(record.row() for record in records)
        with pairs.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(("left_id", "right_id", "label", "kind"))
            writer.writerows(self.rows())


def clinic_set(people: int = 1000, seed: int = 1) -> ClinicSet:
    """The set, the same for the same seed. ValueError where the registry is too small to find somebody for every case."""
    rng = Random(f"linkage-clinic-{seed}")
    known = population(people, rng)
    free = set(range(len(known)))
    cases: list[ClinicCase] = []
    for kind in sorted(KINDS, key=lambda kind: not kind.beside):  # there are few twins, and fathers of sons
        for _ in range(CASES[kind.label]):
            cases.append(_case(kind, known, free, len(cases), rng))
    rng.shuffle(cases)
    return ClinicSet(tuple(_of(one.person, "registry", one.told, one.person) for one in known), tuple(cases))


def _case(kind: Kind, known: list[Known], free: set[int], number: int, rng: Random) -> ClinicCase:
    """Somebody of whom no case was made yet and whose record this can happen to."""
    for at in rng.sample(sorted(free), len(free)):
        one, related = known[at], _related(kind, known, at)
        fits = (related or not kind.beside) and (not kind.told or one.told.get(kind.told))
        fields = _made(kind, one, rng) if fits else None
        if fields is None:
            continue
        free -= {at, *related}
        name = f"c{number}"
        person = one.person if kind.other is None else name
        beside = (one.person, *(known[other].person for other in related if kind.label == "possible"))
        return ClinicCase(_of(name, "clinic", fields, person), kind.name, kind.label, beside)
    raise ValueError(f"the registry is too small for the cases: nobody for '{kind.name}'")


def _related(kind: Kind, known: list[Known], at: int) -> tuple[int, ...]:
    """Who stands right behind and is so related."""
    follows = at + 1 < len(known) and kind.beside and known[at + 1].beside == kind.beside
    return (at + 1,) if follows else ()


def _made(kind: Kind, one: Known, rng: Random) -> Fields | None:
    """A record of the kind about this person, or about somebody beside; None where it cannot be."""
    for _ in range(6):
        fields = dict(one.true) if kind.other is None else kind.other(one, rng)
        if fields is None:
            continue
        if not kind.whole:
            _left_out(fields, rng)
        if kind.label == "match":
            for damage in rng.sample(_ALSO, rng.choice(_HOW_MANY)):
                damage(fields, rng)
        if all(damage(fields, rng) for damage in kind.damages) and agreeing(one.told, fields) >= kind.least:
            return fields
    return None


def _left_out(fields: Fields, rng: Random) -> None:
    """What a clinic does not ask, or not write."""
    for column, share in _LEFT_OUT.items():
        if rng.random() < share:
            fields[column] = ""
    if len(fields.get("ssn", "")) == 9 and rng.random() < _LAST_FOUR:
        fields["ssn"] = fields["ssn"][-4:]
    if rng.random() < _NO_ADDRESS:
        fields |= dict.fromkeys(CONTACT[2:], "")


def _of(record_id: str, source: str, fields: Fields, person: str) -> MadeRecord:
    told = {column: value for column, value in fields.items() if value}
    return MadeRecord(record_id, told | {"source": source}, person, person)
