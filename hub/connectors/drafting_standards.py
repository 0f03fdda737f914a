"""Drafts for HL7 v2 laboratory messages and FHIR resources: the standard says where things stand; only local codes are open."""

from __future__ import annotations

from typing import Any, NamedTuple

from hub.connectors.drafting_fields import known_results
from hub.connectors.drafting_pad import Pad
from hub.connectors.drafting_words import FHIR_BLOCK
from hub.errors import ConfigError
from hub.formats import hl7v2

__all__ = ["Proposal", "of_messages", "of_resources"]


_COLLECTED = (
    "effectiveDateTime",
    "effectivePeriod.start",
    "specimen.resolve().collection.collectedDateTime",
    "issued",
)
"""Where an Observation says when its specimen was taken; the last is when the result was told."""


class Proposal(NamedTuple):
    """One rule of `map`, who it is about, and what names its fact."""

    kind: str
    rule: dict[str, Any]
    identity: dict[str, Any]
    dedupe: list[str]


def of_resources(pad: Pad) -> Proposal:
    """Of FHIR: one rule for the resource that says most, its person by reference."""
    assert pad.sample.resource is not None
    kind = {"Immunization": "vaccination", "Observation": "lab-result"}.get(pad.sample.resource, "person")
    to = {"Immunization": "patient", "Observation": "subject"}.get(pad.sample.resource)
    who = f"{to}.resolve()." if to else ""
    rule: dict[str, Any] = {"event": kind, "where": [{"path": "resourceType", "equals": pad.sample.resource}]}
    if kind == "vaccination":
        rule["occurred_on"] = {"from": "occurrenceDateTime", "format": "iso", "required": True}
    elif kind == "lab-result":
        rule["occurred_on"] = {"from": list(_COLLECTED), "format": "iso"}
    rule["changed_at"] = {"from": "meta.lastUpdated", "format": "iso"}
    rule["fields"] = _of_resource(pad, kind)
    block = {name: f"{who}{path}" for name, path in FHIR_BLOCK.items()}
    given = {name: {"from": path, "on_error": "null_and_flag"} for name, path in block.items()}
    given["birth_date"]["format"] = "iso"
    if to:
        pad.todo.append(f"identity.block: read from the Patient that {to} refers to, where the same bundle holds it")
    identity = {
        "id": f"{to}.reference" if to else "'Patient/' + id", "authority": {"value": pad.name}, "ignore": [], "block": given,
    }  # fmt: skip
    return Proposal(kind, rule, identity, ["id"])


def _of_resource(pad: Pad, kind: str) -> dict[str, Any]:
    if kind == "vaccination":
        cvx = "vaccineCode.coding.where(system='http://hl7.org/fhir/sid/cvx').code"
        status = {"completed": "administered", "not-done": "not-administered", "entered-in-error": "withdrawn"}
        pad.table("status", sorted(status), {told: (word, "mapped") for told, word in status.items()})
        return {
            "status": {"from": "status", "codes": "status"},
            "cvx": cvx,
            "covid": {"from": cvx, "parse": "covid-vaccine"},
        }
    if kind == "lab-result":
        answer = [
            "value.coding.where(system='http://snomed.info/sct').code", "value.coding.first().code", "value.ofType(string)",
        ]  # fmt: skip
        values = sorted(
            {v for c, found in pad.columns.items() if c.startswith("value") and c.endswith("code") for v in found}
        )
        pad.table("results", values, known_results(values))
        pad.todo.append("map: status, processing and method are constants; take them from the resource")
        return {
            "meaning": {"from": answer, "codes": "results"}, "status": {"value": "final"}, "processing": {"value": "production"},
            "method": {"value": "other"}, "loinc": "code.coding.where(system='http://loinc.org').code",
        }  # fmt: skip
    return {}


def of_messages(pad: Pad, data: bytes) -> Proposal:
    """Of HL7 v2: one rule for every OBX; ConfigError when there is no message in it."""
    messages = [item for item in hl7v2.read(data) if isinstance(item, hl7v2.Message)]
    if not messages:
        raise ConfigError("no HL7 v2 message in it")
    observed = [obx for each in messages for obx in each.all("OBX")]
    values = sorted({value for obx in observed if (value := obx.text(5))})
    pad.table("results", values, known_results(values))
    local = sorted({obx.text(3) for obx in observed if obx.text(3) and obx.text(3, 3).upper() != "LN"})
    loinc: Any = "OBX-3.1"
    if local:
        pad.table("tests", local, {})
        loinc = {"from": "OBX-3.1", "codes": "tests", "on_error": "null_and_flag"}
        pad.todo.append(
            "codes/tests.csv: local codes of tests; the LOINC of each is its target_code (or status unknown)"
        )
    few: dict[str, Any] = {}
    asked = sorted({obx.text(3) for obx in observed if obx.text(3)})
    if len(asked) > 1:
        few = {"where": [{"path": "OBX-3.1", "equals": asked}]}
        pad.todo.append("map.where: strike the tests that are not of the disease that the hub is for")
    rule: dict[str, Any] = {
        "event": "lab-result", **few, "changed_at": "MSH-7", "occurred_on": "OBR-7",
        "fields": {
            "meaning": {"from": "OBX-5.1", "codes": "results"}, "status": {"value": "final"},
            "processing": {"value": "production"}, "method": {"value": "other"}, "loinc": loinc,
        },
    }  # fmt: skip
    pad.todo.append(
        "map: status, processing and method are constants; take them from OBX-11, MSH-11 and your test codes"
    )
    block = {
        "family_name": "PID-5.1", "given_name": "PID-5.2", "birth_date": "PID-7", "sex": "PID-8",
        "postal_code": {"from": "PID-11.5", "on_error": "null_and_flag"},
    }  # fmt: skip
    identity = {"id": "PID-3.1", "authority": "PID-3.4", "ignore": [], "block": block}
    return Proposal("lab-result", rule, identity, ["OBR-3.1", "OBX-3.1", "OBX-4"][:2])
