"""The results of a laboratory message before they are events: each by itself, then what they mean in one report."""

from __future__ import annotations

from typing import NamedTuple

from hub.domain.events import LabStatus
from hub.domain.lab_meaning import Policy
from hub.domain.lab_report import Finding, is_open, reason_of, together
from hub.domain.lab_status import RANK
from hub.formats.hl7v2 import Segment
from hub.mapping.labs_groups import Group, collected_by_order, filler, is_previous_result, specimen
from hub.mapping.labs_observation import Read, read, read_as, status
from hub.mapping.program import NotMapped

__all__ = ["Told", "as_one", "told_of"]


class Told(NamedTuple):
    """An OBX with its order, what it says, how final it is, and why it is passed over where the others of its report say it."""

    obx: Segment
    group: Group
    read: Read
    state: LabStatus
    state_issue: str
    passed_over: str = ""


def told_of(obx: Segment, group: Group, policy: Policy) -> Told:
    """An OBX by itself. NotMapped when it is no result of this report."""
    found = read(obx, group.obr, policy)
    if is_previous_result(obx, group):
        raise NotMapped("previous-result", "ignored")
    return Told(obx, group, found, *status(obx, group.obr, told_apart=group.told_apart))


def as_one(told: list[Told]) -> list[Told]:
    """What they mean together, in their order."""
    if len(told) < 2 or not any(is_open(each.read.meant) for each in told):
        return told
    orders = _orders([each.group for each in told])
    findings = [
        Finding(each.read.meant, order, specimen(each.group), RANK[each.state], each.obx.raw(3))
        for each, order in zip(told, orders, strict=True)
    ]
    return [
        each._replace(read=read_as(each.obx, meant))
        if meant is not None
        else each._replace(passed_over=reason_of(each.read.meant))
        for each, meant in zip(told, together(findings), strict=True)
    ]


def _orders(groups: list[Group]) -> list[str]:
    """What tells the orders of these results apart: their number, else their segment; the day too where specimens of several days
    have one number."""
    numbers = [filler(group) or f"#{id(group.obr)}" for group in groups]
    days = [str(collected_by_order(group) or "") for group in groups]
    several: dict[str, set[str]] = {}
    for number, day in zip(numbers, days, strict=True):
        several.setdefault(number, set()).update([day] if day else [])
    return [
        f"{number}^{day}" if len(several[number]) > 1 else number for number, day in zip(numbers, days, strict=True)
    ]
