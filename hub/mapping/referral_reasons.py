"""Why a Task of a referral ended (`statusReason`), as a word of a referral's states: by code (Gravity's `no-capacity`), else by the
words of the tables, else by phrases of its text: that the person, or who speaks for them, declined; that there is no room; that
they are not eligible, or could not be reached. The text itself goes no further.

A reason that names neither the person nor another cause (withdrawn, no longer needed) is nobody's no, though lists whose platforms
mean the client by it have it as one: the hub itself cancels so.

Source: HL7 SDOH Clinical Care 3.0.0, Task for Referral Management: statusReason says why a Task was rejected, cancelled, put on
hold or failed (social-standards.md §3.1). The phrases are chosen.
"""

from __future__ import annotations

import re

from hub.mapping.lists_values import plain_word, word_of
from hub.mapping.referral_states import coded
from hub.mapping.referral_tasks import codes_of
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["reason_word", "tells_reason"]

_WHO = (
    r"(?:patient|client|person|individual|member|participant|consumer|family|guardian|parent|caregiver|mother|father)"
)
_SAYS_NO = (
    r"(?:decline[sd]|refuse[sd]|cancell?ed|withdrew|opted out|changed (?:his|her|their) mind"
    r"|(?:(?:is|was|are) )?(?:not|no longer) interested|no longer (?:wants?|wishes|wishing)"
    r"|(?:does|do|did)(?: not|n't) (?:want|wish))"
)
_NOT_THEIRS = (
    r"(?! in\b)(?!(?: (?:services?|entry|admission|intake|placement|shelter))?"
    r" by (?!(?:phone|telephone|text|e-?mail|letter)\b))"
)
"""`Client refused by shelter` is the no of the shelter, `declined in health` is none."""
_THEM = (
    rf"(?:the )?(?:{_WHO}(?:'s |/| or ))?{_WHO}\b"
    r"(?=$|[.,;:!?()]| [-(\u2013]| (?:on|at|as|because|since|due|via|over|for|after|before|today|yesterday)\b)"
)
"""And nobody who is named after them: a patient navigator, the Family Health Center."""
_PERSON_DECLINED = re.compile(
    rf"\b(?:{_WHO}|she|he) (?:(?:has|have|had|since|now|then|also|already|verbally) )*{_SAYS_NO}\b{_NOT_THEIRS}"
    rf"|(?<!not )\b(?:declined|refused|cancell?ed|withdrawn) by {_THEM}"
    rf"|\bat the request of {_THEM}|\b(?:at|per|on) (?:the )?{_WHO}(?:'s)? (?:request|wish|choice)\b"
)

_PHRASES = (
    (
        re.compile(r"(?<!not )\bat (?:full )?capacity\b|\bno (?:beds?|rooms?|openings?|vacanc(?:y|ies)|capacity)\b"),
        "no-capacity",
    ),
    (re.compile(r"\b(?:not|isn't|wasn't|in) ?eligible\b"), "not-eligible"),
    (re.compile(r"\b(?:unable to|could not|couldn't|cannot|can't) (?:reach|contact)\b"), "couldnt-contact"),
)


def tells_reason(task: Json) -> bool:
    """Whether anything is told: a code, a label of one, or a text."""
    reason = task.get("statusReason")
    if not isinstance(reason, dict):
        return False
    labels = (text(each.get("display")) for each in listed(reason.get("coding")))
    return bool(codes_of(reason)) or any((text(reason.get("text")), *labels))


def reason_word(task: Json) -> str | None:
    """Empty where it is known and decides nothing; None where nothing is told, or what no table knows. Phrases say that the person
    declined where the Task is cancelled only: rejected or failed it ended on the side of the provider."""
    reason = task.get("statusReason")
    if not isinstance(reason, dict):
        return None
    said = text(reason.get("text"))
    for each in (*(code for _, code in codes_of(reason)), said):
        if (word := coded("task-reason", plain_word(each)) or word_of("referral-csv", "status", each)) is not None:
            return "" if word == "not-helped" else word
    plain = plain_word(said)
    if text(task.get("status")) == "cancelled" and _PERSON_DECLINED.search(plain):
        return "person-declined"
    return next((word for phrase, word in _PHRASES if phrase.search(plain)), None)
