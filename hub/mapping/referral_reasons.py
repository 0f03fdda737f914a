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
from hub.mapping.tracing_person import Json, text

__all__ = ["reason_word"]

_WHO = (
    r"(?:patient|client|person|individual|member|participant|consumer|family|guardian|parent|caregiver|mother|father)"
)
_SAYS_NO = (
    r"(?:decline[sd]|refuse[sd]|cancell?ed|withdrew|opted out|changed (?:his|her|their) mind"
    r"|(?:(?:is|was|are) )?(?:not|no longer) interested|no longer (?:wants?|wishes|wishing)"
    r"|(?:does|do|did)(?: not|n't) (?:want|wish))"
)
_PERSON_DECLINED = re.compile(
    rf"\b(?:{_WHO}|she|he|they) (?:(?:has|have|had|since|now|then|also|already|verbally) )*{_SAYS_NO}\b(?! in\b)"
    rf"|(?<!not )\b(?:declined|refused|cancell?ed|withdrawn) by (?:the )?{_WHO}\b(?! services?\b)"
    rf"|\bat the request of (?:the )?{_WHO}\b|\b(?:at|per|on) (?:the )?{_WHO}(?:'s)? (?:request|wish|choice)\b"
)

_PHRASES = (
    (_PERSON_DECLINED, "person-declined"),
    (
        re.compile(r"(?<!not )\bat (?:full )?capacity\b|\bno (?:beds?|rooms?|openings?|vacanc(?:y|ies)|capacity)\b"),
        "no-capacity",
    ),
    (re.compile(r"\b(?:not|isn't|wasn't|in) ?eligible\b"), "not-eligible"),
    (re.compile(r"\b(?:unable to|could not|couldn't|cannot|can't) (?:reach|contact)\b"), "couldnt-contact"),
)


def reason_word(task: Json) -> str | None:
    """Empty where it is known and decides nothing; None where nothing is told, or what no table knows."""
    reason = task.get("statusReason")
    if not isinstance(reason, dict):
        return None
    said = text(reason.get("text"))
    for each in (*(code for _, code in codes_of(reason)), said):
        if (word := coded("task-reason", plain_word(each)) or word_of("referral-csv", "status", each)) is not None:
            return "" if word == "not-helped" else word
    return next((word for phrase, word in _PHRASES if phrase.search(plain_word(said))), None)
