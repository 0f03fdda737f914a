"""What a laboratory observation means: the one judgement for HL7, FHIR and CSV.

Positive needs three things: a diagnostic test code, an answer that the table calls positive, and (elsewhere) a final or
corrected status. Serology, T-cell tests, controls, other pathogens, panels and epidemiology blocks never are, whatever
they answer. Abnormal flags, display text and notes decide nothing; words only where no known code was sent, exactly and
case-free. Whatever is not in the tables goes to review, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from hub.domain.events import Meaning, Method
from hub.domain.lab_tables import Meant, Observation, observations, results, word_meanings

__all__ = [
    "DEFAULT_POLICY",
    "Answer",
    "Asked",
    "Code",
    "Judged",
    "Policy",
    "Unkept",
    "asked",
    "is_covid_test",
    "judge",
    "judge_all",
    "policy_of",
    "question_of",
]

_LOINC_SYSTEMS = frozenset({
    "LN", "LOINC", "2.16.840.1.113883.6.1", "URN:OID:2.16.840.1.113883.6.1", "HTTP://LOINC.ORG",
})  # fmt: skip
_SNOMED_SYSTEMS = frozenset({
    "SCT", "SNOMED", "SNOMED-CT", "SNM", "2.16.840.1.113883.6.96", "URN:OID:2.16.840.1.113883.6.96",
    "HTTP://SNOMED.INFO/SCT",
})  # fmt: skip
_COVID_CLASSES = frozenset({"diagnostic", "genus", "multi-analyte", "panel"})
_NEVER = frozenset({"serology", "t-cell", "control", "other-pathogen"})
_NO_TEST = frozenset({"panel", "epidemiology", "question"})


class Code(NamedTuple):
    """One coding as sent; empty strings where absent. `system` by any of its names (`LN`, OID, URL)."""

    code: str
    system: str = ""
    display: str = ""


class Asked(NamedTuple):
    """`loinc` as understood (None when no coding is LOINC and no table holds one), `known` its table row, `issue` what
    was odd about it."""

    loinc: str | None
    known: Observation | None
    issue: str


class Answer(NamedTuple):
    """`kind`: `coded` (CWE, CE, CodeableConcept), `text` (ST, TX, FT, valueString) or `other` (a number, a date).

    `text` is the plain text of a `text` answer, and what a coded one says beside its codings.
    """

    kind: Literal["coded", "text", "other"]
    codings: tuple[Code, ...] = ()
    text: str = ""

    @property
    def given(self) -> bool:
        """False where nothing at all was answered."""
        return bool(self.text) or any(any(coding) for coding in self.codings)


class Policy(NamedTuple):
    """What a jurisdiction makes of a presumptive positive and of a positive pool (an individual retest decides).

    Default: both are told, neither isolates anybody.
    """

    presumptive: Meaning = "presumptive-positive"
    pooled: Meaning = "presumptive-positive"


DEFAULT_POLICY = Policy()
_POLICY_WORDS: Mapping[str, Meaning] = {"notify": "presumptive-positive", "isolate": "positive", "review": "review"}


def policy_of(options: Mapping[str, object]) -> Policy:
    """The policy of a connector's options `presumptive` and `pooled`: `notify` (default), `isolate` or `review`.

    ValueError for any other word.
    """
    words = {name: str(options.get(name, "notify")) for name in Policy._fields} if options else {}
    if unknown := [name for name, word in words.items() if word not in _POLICY_WORDS]:
        raise ValueError(f"{' and '.join(unknown)}: notify, isolate or review")
    return Policy(**{name: _POLICY_WORDS[word] for name, word in words.items()}) if words else DEFAULT_POLICY


class Judged(NamedTuple):
    """`loinc` is the code understood; `issues` say what was odd about question and answer."""

    loinc: str | None
    method: Method
    meaning: Meaning
    issues: tuple[str, ...]


class Unkept(NamedTuple):
    """Not a result the hub may keep: `not-a-result` (panel, question, epidemiology block) or `not-covid`."""

    reason: Literal["not-a-result", "not-covid"]


def asked(codings: Sequence[Code]) -> Asked:
    """The first coding whose system is LOINC, else the first code that a table holds anyway."""
    table = observations()
    for coding in codings:
        if coding.system.upper() in _LOINC_SYSTEMS:
            return Asked(coding.code or None, table.get(coding.code), "")
    first = codings[0].code if codings else ""
    known = table.get(first)
    if known is not None and known.cls != "question":
        return Asked(first, known, "code-system-unknown")
    return Asked(None, known, "")


def judge(question: Asked, answer: Answer, *, covid_order: bool, policy: Policy = DEFAULT_POLICY) -> Judged | Unkept:
    """What this answer to this question means. `covid_order`: the order asks for a SARS-CoV-2 test, so that a test of
    unknown code under it deserves a look."""
    known = question.known
    if known is None or known.cls in _NO_TEST:
        if known is not None:
            return Unkept("not-a-result")
        if not covid_order:
            return Unkept("not-covid")
        if answer.kind == "other":
            return Unkept("not-a-result")
        return Judged(question.loinc, "other", "review", _issues(question.issue, "unknown-test"))
    meaning, issues = _judged(known.cls, answer, policy)
    return Judged(question.loinc, known.method, meaning, _issues(question.issue, *issues))


def judge_all(
    question: Asked, answers: Sequence[Answer], *, covid_order: bool, policy: Policy = DEFAULT_POLICY
) -> Judged | Unkept:
    """What several answers to one question mean: which organisms were found may be several; otherwise answers that
    contradict each other go to review. At least one answer."""
    found = [judge(question, answer, covid_order=covid_order, policy=policy) for answer in answers]
    kept = [each for each in found if isinstance(each, Judged)]
    if not kept:
        return found[0]
    if question.known is not None and question.known.cls == "multi-analyte":
        positive = next((each for each in kept if each.meaning == "positive"), None)
        if positive is not None:
            return positive
    if len({each.meaning for each in kept}) > 1:
        return kept[0]._replace(meaning="review", issues=_issues(question.issue, "answers-differ"))
    return kept[0]


def _judged(cls: str, answer: Answer, policy: Policy) -> tuple[Meaning, tuple[str, ...]]:
    if cls in _NEVER:
        return "not-covid", ()
    if not answer.given:
        return "review", ("no-result",)
    meaning, issue = _meaning(answer, cls)
    if cls == "genus" and meaning == "positive":
        return "presumptive-positive", ("genus-level",)
    if meaning != "presumptive-positive" or cls == "genus":
        return meaning, (issue,)
    by_policy = policy.pooled if issue == "pooled-specimen" else policy.presumptive
    return by_policy, (issue, "presumptive-by-policy" if by_policy != meaning else "")


def _meaning(answer: Answer, cls: str) -> Meant:
    if answer.kind == "text":
        return _by_word(answer.text)
    if answer.kind == "other":
        return Meant("review", "result-not-coded")
    for coding in answer.codings:
        if coding.code and coding.system.upper() in _SNOMED_SYSTEMS:
            return _by_code(coding.code, cls) or Meant("review", "unknown-result-code")
    first = answer.codings[0] if answer.codings else Code("")
    meant = _by_code(first.code, cls)
    if meant is not None:
        return Meant(meant.meaning, meant.issue or "code-system-unknown")
    found = _by_word(first.code or first.display or answer.text)
    if found.meaning == "review":
        others = (_by_word(coding.code) for coding in answer.codings[1:] if coding.code)
        return next((other for other in others if other.meaning != "review"), found)
    return found


def _by_code(code: str, cls: str) -> Meant | None:
    return results().get((code, cls)) or results().get((code, ""))


def _by_word(text: str) -> Meant:
    meaning = word_meanings().get(text.strip().upper())
    return Meant(meaning, "") if meaning else Meant("review", "unknown-result-word")


def _issues(*issues: str) -> tuple[str, ...]:
    return tuple(issue for issue in issues if issue)


def is_covid_test(codings: Sequence[Code]) -> bool:
    """Whether an order asks for a SARS-CoV-2 test or panel, by any of its codes."""
    found = next((known for coding in codings if (known := observations().get(coding.code))), None)
    return found is not None and found.cls in _COVID_CLASSES


def question_of(codings: Sequence[Code]) -> str:
    """Which question asked at order entry this is (`onset`, `congregate`, …), by any of its codes; empty when none."""
    found = next((known for coding in codings if (known := observations().get(coding.code))), None)
    return found.asks if found is not None else ""
