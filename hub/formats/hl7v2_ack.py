"""HL7 v2 acknowledgements: who wants which, and what stands in them.

Original mode (MSH-15 and MSH-16 empty, or nonsense in either): always one application ack, AA, AE or AR. Enhanced
mode: what the sender asked for and no more; at most one message comes back, because a second one on the same
connection would be read as the answer to the next message. `AA` and `CA` promise that the message is stored: build
them only after the broker said so.

Sources: HL7 v2.5.1 §2.9 (modes), §2.15.5 (ERR, data type ERL), tables 0008, 0155, 0357, 0516; application codes (0533) as the
answers of the immunization guide 1.5 use them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from hub.formats.hl7v2 import Message

__all__ = ["Problem", "ack"]

Code = Literal["AA", "AE", "AR"]
_COMMIT = {"AA": "CA", "AE": "CE", "AR": "CR"}
_CONDITIONS = ("", "AL", "NE", "ER", "SU")

CONDITION_TEXT = {
    "0": "Message accepted",
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "207": "Application internal error",
    "999": "Application error",
}
"""HL70357."""


APPLICATION_TEXT = {"1": "Illogical date error", "5": "Table value not found", "7": "Required data missing"}
"""HL70533, as far as a source here shows it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One ERR segment. `code` from HL70357, `application` from HL70533 or empty, `reason` a reason code of ours (never a value);
    the position as far as it is known, from the segment on: 0 is not known.
    """

    code: str
    reason: str
    segment: str = ""
    sequence: int = 1
    field: int = 0
    severity: Literal["E", "W", "I"] = "E"
    repetition: int = 0
    component: int = 0
    application: str = ""


def ack(
    message: Message | None, code: Code, problems: Sequence[Problem] = (), *, at: str, control_id: str
) -> bytes | None:
    """The acknowledgement of `message`, or None when its sender wants none.

    `message` is None when no header could be read: then MSA-2 stays empty. `at` is the HL7 timestamp of now,
    `control_id` our own MSH-10. `AA` with a warning is still accepted.
    """
    if message is None:
        return _build("|", "^~\\&", _UNKNOWN, code, "", problems, at, control_id)
    wanted = _wanted(message, code)
    if wanted is None:
        return None
    separators = message.separators
    encoding = "".join(separators[1:4]) + separators.subcomponent + separators.truncation
    application, facility, receiving, receiving_facility, processing, version = map(
        message.msh.raw, (3, 4, 5, 6, 11, 12)
    )
    header = _Header(application, facility, receiving, receiving_facility, processing, version, message.trigger)
    acknowledged = message.msh.raw(10)
    return _build(separators.field, encoding, header, wanted, acknowledged, problems, at, control_id, message.charset)


class _Header(NamedTuple):
    application: str
    facility: str
    receiving_application: str
    receiving_facility: str
    processing: str
    version: str
    trigger: str


_UNKNOWN = _Header("", "", "", "", "P", "2.5.1", "")


def _wanted(message: Message, code: Code) -> str | None:
    accept, application = message.msh.text(15).upper(), message.msh.text(16).upper()
    if accept not in _CONDITIONS or application not in _CONDITIONS or not (accept or application):
        return code
    if accept == "AL":
        return _COMMIT[code]
    if _asks(application, code):
        return code
    return _COMMIT[code] if _asks(accept, code) else None


def _asks(condition: str, code: Code) -> bool:
    return condition == "AL" or condition == ("SU" if code == "AA" else "ER")


def _build(
    field: str,
    encoding: str,
    header: _Header,
    code: str,
    acknowledged: str,
    problems: Sequence[Problem],
    at: str,
    control_id: str,
    charset: str = "utf-8",
) -> bytes:
    component = encoding[0]
    kind = component.join(part for part in ("ACK", header.trigger, "ACK") if part)
    sender = (header.receiving_application, header.receiving_facility)
    receiver = (header.application, header.facility)
    msh = ("MSH", encoding, *sender, *receiver, at, "", kind, control_id, header.processing, header.version)
    lines = [field.join(msh), field.join(("MSA", code, acknowledged))]
    lines += [_error(problem, field, component) for problem in problems]
    return "".join(line + "\r" for line in lines).encode(charset, errors="replace")


def _error(problem: Problem, field: str, component: str) -> str:
    text = CONDITION_TEXT.get(problem.code, CONDITION_TEXT["999"])
    condition = component.join((problem.code, text, "HL70357"))
    detail = APPLICATION_TEXT.get(problem.application, "")
    application = component.join((problem.application, detail, "HL70533")) if detail else ""
    location = component.join(_position(problem))
    return field.join(("ERR", "", location, condition, problem.severity, application, "", "", problem.reason))


def _position(problem: Problem) -> list[str]:
    """ERL: segment, its number among its kind, field, repetition, component; cut off after what is known last."""
    if not problem.segment:
        return []
    found = [problem.segment, str(problem.sequence)]
    if problem.field:
        found.append(str(problem.field))
        if problem.repetition or problem.component:
            found.append(str(problem.repetition or 1))
        if problem.component:
            found.append(str(problem.component))
    return found
