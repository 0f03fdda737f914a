"""The conclusion of a FHIR report beside its results, or in place of them.

Results are Observations. Where a report holds none, the one code of its conclusion decides, if the report is of a diagnostic
test and its words say nothing else; words alone are reviewed. Beside results a conclusion decides nothing: one that tells a
positive which no result tells is an event of its own, to be reviewed, and no result is touched. Of reports that look for other
pathogens too, only a conclusion that names the virus is heard.

What a conclusion told alone is the fact of the report's own test: a later conclusion, and an Observation of that test, are its next
versions. A corrected or withdrawn version that still concludes and holds Observations takes back what else may stand: the result
told in their place, where they are of other tests, and the doubt, where it doubts no more. That is one event more, which says
nothing but that (`is_mere_withdrawal`), also where the conclusion never told anything. Versions without a conclusion, and final
ones, take nothing back: that they once concluded cannot be known from them.

Source: HL7 FHIR R4 DiagnosticReport.conclusion and conclusionCode; health-standards.md §8 R11 and R14.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hub.domain.events import LabResult
from hub.domain.lab_beside import may_tell_a_positive
from hub.domain.lab_meaning import Judged, asked, is_covid_test
from hub.domain.lab_names import named
from hub.domain.lab_report import role_of
from hub.domain.lab_said import Answer, said
from hub.domain.lab_words import worded
from hub.mapping.labs_fhir_values import codings
from hub.mapping.tracing_person import Json, listed, text

__all__ = [
    "CONTRADICTS",
    "DOUBT",
    "IN_CONCLUSION",
    "TAKEN_BACK",
    "concluded",
    "contradicts",
    "judged_alone",
    "takes_back",
]

IN_CONCLUSION, CONTRADICTS = "result-in-conclusion", "conclusion-contradicts"
"""The issues: a conclusion and no result; a positive conclusion beside results that tell none."""
DOUBT = Judged(None, "other", "review", (CONTRADICTS,))
TAKEN_BACK = Judged(None, "other", "review", ())
CONCLUSION: Json = {"text": "conclusion"}
"""The code of a doubt."""
_POSITIVE = frozenset({"positive", "presumptive-positive"})
_DECIDED = _POSITIVE | {"negative"}
_MAY_BE_POSITIVE = _POSITIVE | {"review"}
_VIRUS = frozenset({"840533007", "840539006"})
"""SNOMED CT: SARS-CoV-2 and the disease (health-standards.md §1.5)."""
_WITHDRAWN = frozenset({"entered-in-error", "cancelled"})
_MOST_CODES = 20


def concluded(head: Json) -> Json | None:
    """The conclusion as the value of an observation: its first code, else its words; None where there is none."""
    if codes := listed(head.get("conclusionCode")):
        return {"valueCodeableConcept": codes[0]}
    return {"valueString": words} if (words := text(head.get("conclusion"))) else None


def judged_alone(head: Json, found: Judged) -> Judged:
    """What a report without results means by its conclusion, of which the first code alone means `found`."""
    if found.meaning == "not-covid":
        return found
    codes, words = listed(head.get("conclusionCode")), worded(text(head.get("conclusion")))
    agree = len(codes) == 1 and not words.differ and words.meaning in (None, found.meaning)
    meaning = found.meaning if agree else "review"
    return found._replace(meaning=meaning, issues=(*found.issues, IN_CONCLUSION))


def contradicts(head: Json, results: Iterable[LabResult]) -> bool:
    """Whether the conclusion may tell a positive that no result of its report tells."""
    kept = list(results)
    if any(one.meaning in _MAY_BE_POSITIVE or one.status == "withdrawn" for one in kept):
        return False
    alone = bool(kept) and all(one.meaning != "not-covid" for one in kept)
    codes = [coding for concept in listed(head.get("conclusionCode"))[:_MOST_CODES] for coding in codings(concept)]
    if any(coding.code in _VIRUS for coding in codes):
        return True
    if alone and codes and said(Answer("coded", tuple(codes)), "diagnostic").meaning in _POSITIVE:
        return True
    return _tells_a_positive(text(head.get("conclusion")), alone=alone)


def takes_back(head: Json, results: Iterable[LabResult]) -> Iterator[tuple[Json, str | None]]:
    """Code and LOINC of what a corrected or withdrawn report that concludes withdraws beside its results: the doubt, where there is
    none now; what its conclusion told alone, where the results are of other tests."""
    kept = list(results)
    if not kept or concluded(head) is None:
        return
    standing = [one for one in kept if one.status != "withdrawn"]
    if any(one.meaning != "not-covid" for one in kept) and not contradicts(head, standing or kept):
        yield {"code": CONCLUSION}, None
    codes, status = codings(head.get("code")), text(head.get("status"))
    test, known = asked(codes)[:2]
    if test is None or known is None or known.cls != "diagnostic" or not is_covid_test(codes):
        return  # alone it told nothing that isolates
    answers = status in _WITHDRAWN or (status != "appended" and any(map(_decides, standing)))
    if answers and all(one.loinc != test for one in kept):
        yield {"code": head.get("code")}, test


def _decides(one: LabResult) -> bool:
    """Whether a result says of the whole test whether the virus was found: no single gene, no lineage, nothing to be reviewed."""
    return one.meaning in _DECIDED and role_of(one.loinc) != "target"


def _tells_a_positive(words: str, *, alone: bool) -> bool:
    read = worded(words)
    if read.meaning is not None:
        return read.meaning in _POSITIVE and (alone or read.names_virus)
    return may_tell_a_positive(words) and (alone or named(words) == "covid")
