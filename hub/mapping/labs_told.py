"""The results of a laboratory message before they are events: each by itself, then what they mean in one report."""

from __future__ import annotations

from typing import NamedTuple

from hub.domain.events import LabStatus
from hub.domain.lab_meaning import Judged, Policy
from hub.domain.lab_report import Finding, is_open, reason_of, together
from hub.domain.lab_status import RANK
from hub.formats.hl7v2 import Segment
from hub.mapping.labs_groups import Group, filler, is_previous_result, specimen
from hub.mapping.labs_observation import is_covid_order, judged, status
from hub.mapping.program import NotMapped

__all__ = ["Told", "as_one", "told_of"]


class Told(NamedTuple):
    """An OBX with its order, what it means, how final it is, and why it is passed over where the others of its report say it."""

    obx: Segment
    group: Group
    meant: Judged
    state: LabStatus
    state_issue: str
    passed_over: str = ""


def told_of(obx: Segment, group: Group, policy: Policy) -> Told:
    """An OBX by itself. NotMapped when it is no result of this report."""
    meant = judged(obx, covid_order=is_covid_order(group.obr), policy=policy)
    if is_previous_result(obx, group):
        raise NotMapped("previous-result", "ignored")
    return Told(obx, group, meant, *status(obx, group.obr, told_apart=group.told_apart))


def as_one(told: list[Told]) -> list[Told]:
    """What they mean together, in their order. Orders without a number are told apart by their segment."""
    if len(told) < 2 or not any(is_open(each.meant) for each in told):
        return told
    orders = [filler(each.group) or f"#{id(each.group.obr)}" for each in told]
    findings = [
        Finding(each.meant, order, specimen(each.group), RANK[each.state], each.obx.raw(3))
        for each, order in zip(told, orders, strict=True)
    ]
    return [
        each._replace(meant=meant) if meant is not None else each._replace(passed_over=reason_of(each.meant))
        for each, meant in zip(told, together(findings), strict=True)
    ]
