"""What a laboratory observation means: the one judgement for HL7, FHIR and CSV.

Positive needs three things: a diagnostic test code, an answer that the table calls positive, and (elsewhere) a final or
corrected status. Serology, T-cell tests, controls, other pathogens, panels and epidemiology blocks never are, whatever
they answer. Abnormal flags, display text and notes decide nothing; words only where no known code was sent, exactly
(hub.domain.lab_words). Whatever is not in the tables goes to review, never guessed; a test of unknown code too where its name
is of SARS-CoV-2, where its answer is the virus, or where it was done under an order for it and its name is not plainly of
something else. A test that nothing says is of SARS-CoV-2 is not kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from hub.domain.events import Meaning, Method
from hub.domain.lab_beside import Beside, beside_a_result, beside_a_test, said_by_a_note
from hub.domain.lab_names import Named, named
from hub.domain.lab_said import Answer, Code, is_loinc, said
from hub.domain.lab_tables import Observation, observations, results
from hub.domain.lab_words import worded

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
    "is_damaged",
    "judge",
    "judge_all",
    "policy_of",
    "question_of",
]

_COVID_CLASSES = frozenset({"diagnostic", "genus", "multi-analyte", "panel"})
_NEVER = frozenset({"serology", "t-cell", "control", "other-pathogen"})
_NO_TEST = frozenset({"panel", "epidemiology", "question"})
_STEM = re.compile(r"(\d{4,6})(?:-\d?)?$")  # a LOINC code, its check digit right, wrong or lost
_YES_OR_NO = frozenset({"HL70136", "HL7 0136", "2.16.840.1.113883.12.136"})
"""Table 0136 answers questions; nothing is found by Y or N."""


class Asked(NamedTuple):
    """`loinc` as understood (None when no coding is LOINC and no table holds one), `known` its table row, `issue` what
    was odd about it; `named`, where the code is in no table, what its names speak of."""

    loinc: str | None
    known: Observation | None
    issue: str
    named: Named = ""
    names: tuple[str, ...] = ()


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
    if not options:
        return DEFAULT_POLICY
    words = {name: str(options.get(name, "notify")) for name in Policy._fields}
    if unknown := [name for name, word in words.items() if word not in _POLICY_WORDS]:
        raise ValueError(f"{' and '.join(unknown)}: notify, isolate or review")
    return Policy(**{name: _POLICY_WORDS[word] for name, word in words.items()})


class Judged(NamedTuple):
    """`loinc` is the code understood; `issues` say what was odd about question and answer. Of what is reviewed, `beside`: what it
    may be where a result stands beside it, and of a panel or a note `says`: what its answer would mean (hub.domain.lab_beside)."""

    loinc: str | None
    method: Method
    meaning: Meaning
    issues: tuple[str, ...]
    beside: Beside = ""
    says: Meaning | None = None


class Unkept(NamedTuple):
    """Not a result the hub may keep: `not-a-result` (panel, question, epidemiology block) or `not-covid`."""

    reason: Literal["not-a-result", "not-covid"]


def asked(codings: Sequence[Code]) -> Asked:
    """The first coding that is LOINC and in the tables (of a panel and its test the test), else the first other one that a table
    holds, else the first LOINC."""
    table = observations()
    loincs = [coding.code for coding in codings if coding.code and is_loinc(coding.system)]
    held = [code for code in loincs if code in table]
    if held:
        code = held[0] if len(held) == 1 else next((one for one in held if table[one].cls != "panel"), held[0])
        return Asked(code, table[code], "")
    for coding in codings:
        known = table.get(coding.code)
        if known is not None:
            return (
                Asked(None, known, "") if known.cls == "question" else Asked(coding.code, known, "code-system-unknown")
            )
    names = tuple(coding.display for coding in codings if coding.display)
    return Asked(loincs[0] if loincs else None, None, "", _named(codings), names)


def _named(codings: Sequence[Code]) -> Named:
    """What codes and names speak of, where no table holds a code; a SARS-CoV-2 code of which only the check digit is wrong or lost
    speaks of it."""
    if any(is_damaged(coding.code) for coding in codings):
        return "covid"
    return named(*(text for coding in codings for text in (coding.code, coding.display)))


def is_damaged(code: str) -> bool:
    """Whether this is the LOINC code of a SARS-CoV-2 test but for its check digit."""
    return (told := _STEM.match(code)) is not None and told.group(1) in _covid_stems()


@lru_cache(maxsize=1)
def _covid_stems() -> frozenset[str]:
    return frozenset(code.partition("-")[0] for code, known in observations().items() if known.cls in _COVID_CLASSES)


def judge(question: Asked, answer: Answer, *, covid_order: bool, policy: Policy = DEFAULT_POLICY) -> Judged | Unkept:
    """What this answer to this question means. `covid_order`: the order asks for a SARS-CoV-2 test, so that a test of
    unknown code under it deserves a look, unless its name says that it is of another pathogen. The code of a panel, answered in
    words or codes, is a test of unknown code."""
    known = question.known
    if known is not None and known.cls == "panel" and answer.given and answer.kind != "other":
        panel = Judged(question.loinc, "other", "review", ("panel-for-test", "unknown-test"))
        return panel._replace(beside="panel", says=said(answer, "diagnostic").meaning)
    if known is None:
        return _unknown_test(question, answer, covid_order=covid_order)
    if known.cls in _NO_TEST:
        return Unkept("not-a-result")
    meaning, issues = _judged(known.cls, answer, policy)
    beside = beside_a_test(answer, issues[0]) if meaning == "review" and issues else ""
    return Judged(question.loinc, known.method, meaning, _issues(question.issue, *issues), beside)


def _unknown_test(question: Asked, answer: Answer, *, covid_order: bool) -> Judged | Unkept:
    ordered = covid_order and question.named != "unrelated"
    if question.named != "covid" and not ordered and not _names_the_virus(answer):
        return Unkept("not-covid")
    if answer.kind == "other" or any(coding.system.upper() in _YES_OR_NO for coding in answer.codings):
        return Unkept("not-a-result")
    if question.named == "other":
        return Judged(question.loinc, "other", "not-covid", _issues(question.issue, "other-pathogen-by-name"))
    beside = beside_a_result(question.names, answer)
    says = said_by_a_note(question.names, answer) if beside else None
    return Judged(question.loinc, "other", "review", _issues(question.issue, "unknown-test"), beside, says)


def _names_the_virus(answer: Answer) -> bool:
    """The answer speaks of the virus itself (`Microorganism identified`: SARS-CoV-2, or `not detected` of it), whatever was
    asked."""
    if any(
        (meant := results().get((coding.code, "multi-analyte"))) and meant.meaning == "positive"
        for coding in answer.codings
    ):
        return True
    words = (answer.text, *(coding.code or coding.display for coding in answer.codings))
    return any(worded(text).names_virus for text in words if text)


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
    if cls == "variant":
        return "review", ("variant-report",)
    meaning, issue = said(answer, cls)
    if cls == "genus" and meaning == "positive":
        return "presumptive-positive", ("genus-level",)
    if meaning != "presumptive-positive" or cls == "genus":
        return meaning, (issue,)
    by_policy = policy.pooled if issue == "pooled-specimen" else policy.presumptive
    return by_policy, (issue, "presumptive-by-policy" if by_policy != meaning else "")


def _issues(*issues: str) -> tuple[str, ...]:
    return tuple(issue for issue in issues if issue)


def is_covid_test(codings: Sequence[Code]) -> bool:
    """Whether an order asks for a SARS-CoV-2 test or panel, by any of its codes, else by its name."""
    found = next((known for coding in codings if (known := observations().get(coding.code))), None)
    if found is not None:
        return found.cls in _COVID_CLASSES
    return named(*(text for coding in codings for text in (coding.code, coding.display))) == "covid"


def question_of(codings: Sequence[Code]) -> str:
    """Which question asked at order entry this is (`onset`, `congregate`, …), by any of its codes; empty when none."""
    found = next((known for coding in codings if (known := observations().get(coding.code))), None)
    return found.asks if found is not None else ""
