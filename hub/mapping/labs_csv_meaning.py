"""A row of laboratory CSV by itself: its values by field, what its result means, and how final it is."""

from __future__ import annotations

import re
from functools import lru_cache

from hub.domain.events import LabStatus
from hub.domain.lab_meaning import Answer, Asked, Code, Judged, Policy, Unkept, asked, is_covid_test, judge
from hub.domain.lab_names import named
from hub.domain.lab_status import csv_status
from hub.domain.placeholders import real_id
from hub.mapping.labs_csv_layouts import Layout
from hub.mapping.program import NotMapped

__all__ = ["AS_NUMBER", "Cells", "judged", "status"]

_MEMORABLE = 200  # characters: what a hostile source writes is not kept in memory
AS_NUMBER = re.compile(r"\d{6,18}\.0$")
"""A code that a spreadsheet took for a number."""


class Cells(dict[str, str]):
    """The values of a row by field; empty for a field that the layout has not."""

    def __missing__(self, field: str) -> str:
        return ""


def status(stated: list[str], cells: Cells) -> tuple[LabStatus, tuple[str, ...]]:
    """The result's own status within those of observation and order; a final result that names the one it corrects is a correction.
    NotMapped when there is no result yet."""
    told, issue = csv_status(*(stated or [""]))
    if told is None:
        raise NotMapped("no-result-yet", "ignored")
    unsaid = told in ("preliminary", "final") and bool(cells["corrected_id"] or cells["correction_reason"])
    issues = issue, "correction-without-status" if unsaid else ""
    return "corrected" if told == "final" and real_id(cells["corrected_id"]) else told, tuple(filter(None, issues))


def judged(cells: Cells, policy: Policy, layout: Layout) -> Judged:
    """NotMapped for another disease, and where the row names no test at all."""
    told = cells["test_code"], cells["result"], cells["device"]
    found = (_judged_before if sum(map(len, told)) <= _MEMORABLE else _judge)(*told, policy)
    if isinstance(found, Unkept):
        if found.reason == "not-covid" and not cells["test_code"] and not cells["device"]:
            raise NotMapped("test-not-named", field=layout.column("test_code"))
        raise NotMapped(found.reason, "ignored")
    return found


def _judge(code: str, value: str, device: str, policy: Policy) -> Judged | Unkept:
    """A test whose code is missing, damaged, local or a panel's goes to review where anything else says SARS-CoV-2."""
    question = asked([Code(code, "LN", device)]) if code else Asked(None, None, "no-test-code", named(device))
    covid = is_covid_test([Code(code)])
    if AS_NUMBER.match(value):
        value = value[:-2]
    coded = value.isascii() and value.isdigit()
    answer = Answer("coded", (Code(value, "SCT"),)) if coded else Answer("text", text=value)
    return judge(question, answer, covid_order=covid, policy=policy)


_judged_before = lru_cache(maxsize=4096)(_judge)  # a laboratory has few tests and fewer answers: 15 us each
