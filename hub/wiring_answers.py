"""What a sender of HL7 v2 is told about each message, once everything that came of it is on the broker."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from functools import lru_cache
from itertools import count
from typing import Literal
from uuid import uuid4

from hub.connectors.door import Problem, Receipt
from hub.formats import hl7v2_ack
from hub.formats.hl7v2_ack_alike import accepting
from hub.formats.hl7v2_batch_ack import batch_ack
from hub.formats.hl7v2_envelope import Head, is_one, open_envelope

__all__ = ["answer_hl7"]

_REJECTED = frozenset({"no-msh", "bad-separators", "empty", "too-large", "too-many-segments", "too-many-fields",
                       "unsupported-version", "unsupported-encoding", "nul-byte", "sender-not-allowed",
                       "too-many-messages"})  # fmt: skip
"""Reasons that speak of the message as such (AR), not of what it says (AE)."""
_CONDITIONS = {
    "unsupported-version": ("203", ""),
    "no-msh": ("100", ""),
    "bad-separators": ("100", ""),
    "no-patient": ("100", ""),
    "several-patients": ("100", ""),
    "missing-key": ("101", "7"),
    "bad-date": ("102", ""),
    "not-a-known-word": ("103", "5"),
    "dose-before-birth": ("999", "1"),
    "dose-before-first-vaccine": ("999", "1"),
    "dose-in-the-future": ("999", "1"),
    "mapping-error": ("207", ""),
}
"""HL70357 and HL70533 of a reason. Whatever is not here is 999 without the second."""
_OF_FIELD = re.compile(
    r"(?:\A| )field (?P<segment>[A-Z][A-Z0-9]{2})(?:\[(?P<sequence>[0-9]{1,5})\])?"
    r"(?:-(?P<field>[0-9]{1,3})(?:\[(?P<repetition>[0-9]{1,3})\])?(?:\.(?P<component>[0-9]{1,3}))?)?\Z"
)
"""The end of a position that names a place of HL7 v2: `PID`, `RXA[2]-5`, `PID-3[2].1`."""
_MISCOUNT = "batch-count-mismatch"
_PROCESS, _answers = uuid4().hex[:8], count(1)
"""MSH-10 of our answers (20 characters in 2.5.1, three of them for a batch's number): a word of this process and the number of
the answer, in a tenth of the time of a UUID each."""
_SHORT = 1024 * 1024  # bytes: what is longer may be too long, or a batch
_OF_MESSAGE = re.compile(r"(?:\A| )message ([0-9]{1,9})(?: |\Z)")
_NOT_LISTED = Problem("not-listed", "map", "")
"""Of a message of which the receipt does not say what became of it: too many dead letters in one frame."""


def answer_hl7(message: bytes, receipt: Receipt) -> bytes | None:
    """AA when all of a message became events or was set aside, AE with an ERR per dead letter, AR when there was no message to
    speak of or its sender may not send it. A batch is answered message by message, each as its MSH-15 and MSH-16 ask; an empty one
    by an empty one; None where no answer was asked for."""
    at = _time_of(int(time.time()))
    if not receipt.problems and len(message) <= _SHORT and is_one(message):
        alike = accepting(message)
        if alike is not None:
            return alike.said(at, _control_id())
    envelope = open_envelope(message)
    heads = envelope.heads
    if len(heads) == 1 and envelope.bare:
        return _ack(heads[0], receipt.problems, at, taken=receipt.events.total() + receipt.ignored.total() > 0)
    if envelope.empty and not receipt.problems:
        nothing: list[list[bytes]] = [[] for _ in envelope.batches]
        return batch_ack(envelope, nothing, at=at, control_id=_control_id(), comments={})
    told = _by_message(receipt, heads)
    miscounts = [problem for problem in receipt.problems if problem.reason == _MISCOUNT]
    if envelope.bare:
        told[heads[-1].number] += miscounts  # nowhere else to say it
    answers = [
        [said for head in batch.heads if (said := _ack(head, told[head.number], at, taken=False)) is not None]
        for batch in envelope.batches
    ]
    comments = {problem.where[-3:] if problem.where else "BTS": problem.reason for problem in miscounts}
    if not any(answers):
        return None
    return batch_ack(envelope, answers, at=at, control_id=_control_id(), comments=comments)


def _ack(head: Head, problems: Sequence[Problem], at: str, *, taken: bool) -> bytes | None:
    """`taken`: something of the frame was, so it is not rejected as a whole. A wrong count is a warning: no message is lost."""
    if not problems:
        return hl7v2_ack.ack(head.message, "AA", at=at, control_id=_control_id())
    errors = [_error(problem) for problem in problems]
    reasons = {problem.reason for problem in problems} - {_MISCOUNT}
    code: hl7v2_ack.Code = "AA"
    if reasons:
        code = "AR" if not taken and reasons <= _REJECTED else "AE"
    return hl7v2_ack.ack(head.message, code, errors, at=at, control_id=_control_id())


def _error(problem: Problem) -> hl7v2_ack.Problem:
    condition, application = _CONDITIONS.get(problem.reason, ("999", ""))
    severity: Literal["W", "E"] = "W" if problem.reason == _MISCOUNT else "E"
    found = _OF_FIELD.search(problem.where)
    if found is None:
        return hl7v2_ack.Problem(condition, problem.reason, severity=severity, application=application)
    at = {name: int(number or 0) for name, number in found.groupdict().items() if name != "segment"}
    at["sequence"] = at["sequence"] or 1
    return hl7v2_ack.Problem(
        condition, problem.reason, found["segment"], severity=severity, application=application, **at
    )


@lru_cache(maxsize=1)  # hundreds of messages are answered in a second
def _time_of(second: int) -> str:
    return time.strftime("%Y%m%d%H%M%S+0000", time.gmtime(second))


def _control_id() -> str:
    return f"{_PROCESS}{next(_answers):08x}"


def _by_message(receipt: Receipt, heads: Sequence[Head]) -> dict[int, list[Problem]]:
    """Problems of each message. One that names no message concerns them all; where the receipt could not list every position, a
    message it does not list is not called accepted."""
    told: dict[int, list[Problem]] = {head.number: [] for head in heads}
    listed = 0
    for reason, positions in receipt.positions.items():
        listed += len(positions)
        if reason == _MISCOUNT:
            continue
        for position in positions:
            found = _OF_MESSAGE.search(position)
            if found and int(found[1]) in told:
                told[int(found[1])].append(Problem(reason, "map", position))
            else:
                for problems in told.values():
                    problems.append(Problem(reason, "map", position))
    if listed < receipt.rejected.total() or receipt.broken_off:
        for problems in told.values():
            if not problems:
                problems.append(_NOT_LISTED)
    return told
