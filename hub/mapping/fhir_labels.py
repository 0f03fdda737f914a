"""Security labels of FHIR resources: how confidential, how sensitive, and whether 42 CFR Part 2 stands behind it.

A label may stand on the resource, on its bundle (the high-water mark of what is inside), or inline on an element; Part 2 as a
policy of its own, or as the basis of another label. Whatever rests on such a resource is as sensitive as it is.

Source: HL7 FHIR Data Segmentation for Privacy (DS4P) `sec-label-basis`, `inline-sec-label`; v3-Confidentiality, v3-ActCode
(social-standards.md §5). The codes for sensitivity of a mental or substance-use disorder by other names: unverified, from memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hub.domain.agreement import CONFIDENTIALITY
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["PART_2", "labels_of"]

PART_2 = "42CFRPart2"
_SENSITIVE = {
    "ETH": "ETH", "ETHUD": "ETH", "ALC": "ETH", "SUD": "ETH", "OPIOIDUD": "ETH", "PSY": "PSY", "MH": "PSY", "BH": "PSY",
    "HIV": "HIV", "STD": "STD", "SDV": "SDV", "DVD": "SDV", "DV": "SDV", "SEX": "SDV", PART_2: PART_2,
}  # fmt: skip
_BASIS, _INLINE = "extension-sec-label-basis", "inline-sec-label"
_MOST = 20_000  # elements of a resource that are looked through for inline labels


def labels_of(resources: Iterable[Json]) -> frozenset[str]:
    """All labels of these resources, `R` beside every sensitivity."""
    found = {label for resource in resources for coding in _codings(resource) for label in _labels(coding)}
    if found.difference(CONFIDENTIALITY):
        found.add("R")
    if PART_2 in found:
        found.add("ETH")
    return frozenset(found)


def _codings(resource: Json) -> Iterator[Json]:
    meta = resource.get("meta")
    if isinstance(meta, dict):
        yield from listed(meta.get("security"))
    waiting: list[object] = [value for name, value in resource.items() if name not in ("meta", "text", "entry")]
    for number, element in enumerate(waiting):  # grows while it is read
        if number >= _MOST:
            return
        if isinstance(element, list):
            waiting.extend(element)
        elif isinstance(element, dict):
            if text(element.get("url")).rsplit("/", 1)[-1].endswith(_INLINE):
                yield from (
                    value for name, value in element.items() if name.startswith("value") and isinstance(value, dict)
                )
            waiting.extend(element.values())


def _labels(coding: Json) -> Iterator[str]:
    code, system = text(coding.get("code")), text(coding.get("system"))
    if code in CONFIDENTIALITY and (not system or "Confidentiality" in system):
        yield code
    if code in _SENSITIVE:
        yield _SENSITIVE[code]
    for extension in listed(coding.get("extension")):
        if text(extension.get("url")).rsplit("/", 1)[-1] == _BASIS:
            basis = extension.get("valueCoding")
            if isinstance(basis, dict) and text(basis.get("code")) == PART_2:
                yield PART_2
