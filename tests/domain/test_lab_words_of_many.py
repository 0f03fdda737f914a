"""Results in words as laboratories of many makes write them, each judged by hand before the hub did; tables/result_words.csv."""

from __future__ import annotations

import pytest

from hub.domain.lab_words import worded

SAID = {
    "positive": """
        Positive | POS | Detected | DETECTED. | detected (a) | Positive! | POSITIVE FOR COVID-19 | Positive for SARS-CoV-2 |
        SARS-CoV-2 RNA DETECTED | SARS-CoV-2 RNA: DETECTED | SARS CoV 2 Detected | COVID-19 Positive | COVID-19 POSITIVE |
        Positive COVID-19 | Positive - SARS-CoV-2 | 2019-nCoV detected | 2019 Novel Coronavirus Detected |
        Novel coronavirus (2019-nCoV) detected | SARS-CoV-2 (COVID-19) RNA Detected | SARS-CoV-2 (COVID19) Detected |
        Coronavirus SARS-CoV-2 Detected | SARS-CoV-2 nucleic acid detected | SARS-CoV-2 target nucleic acids detected |
        SARS-CoV-2 Virus Detected | RNA Detected | Viral RNA detected | SARS-CoV-2 Ag Positive | SARS-CoV-2 Antigen Detected |
        Positive for COVID-19 (SARS-CoV-2) | Positive for SARS-CoV-2 RNA | Positive (+) | POS (+) | + Positive |
        Positive (Detected) | Detected - Positive | Positive, Detected | DETECTED - ABNORMAL | Detected (Abnormal) |
        ABNORMAL: Detected | Detected ***CRITICAL*** | DETECTED CRITICAL | Detected* | Detected^ | Result: Positive |
        RESULT: DETECTED | Result: POS | POSITIVE RESULT | Positive result | Covid Positive | COVID POS | SARS-2 POSITIVE |
        SARS-COV2 POSITIVE | SARS-CoV-2, NAA Detected | SARS-CoV-2 PCR Positive | Low positive | Weakly detected |
        Low level detected | Weak Positive | Positive (low viral load) | Present | SARS-CoV-2 present | Detected (Ct 23.4) |
        Positive; Ct=18 | Confirmed positive | POSITIVE - CONFIRMED | Abnormal: Positive | COVID-19 detected | COVID detected |
        Detected SARS-CoV-2 | Detected COVID-19 | POSITIVE COVID | Pos.
    """,
    "negative": """
        Negative | NEG | neg. | Not detected | Not Detected. | NOT DETECTED (N) | None Detected | Negative for COVID-19 |
        Negative for SARS-CoV-2 RNA | SARS-CoV-2 RNA not detected | SARS-CoV-2 NOT DETECTED |
        SARS-CoV-2 target nucleic acids are NOT DETECTED | No SARS-CoV-2 RNA detected | No SARS-CoV-2 virus detected |
        No COVID-19 virus detected | No evidence of SARS-CoV-2 detected | SARS CoV-2 RNA: NOT DETECTED |
        COVID-19 Not Detected | COVID-19 Negative | 2019-nCoV not detected | Negative 2019-nCoV | Not Detected (Negative) |
        NEGATIVE (-) | NEG (-) | Not Detected* | Presumptive Negative | Presumed negative | presumptive neg | Absent |
        Not present | Non-detected | Non detected | Undetected | UNDETECTABLE | Not detectable | Virus not detected |
        No virus detected | RNA not detected | Viral RNA not detected | Result: Negative | RESULT: NOT DETECTED |
        Negative result | Normal: Not detected | Not Detected - Negative | Negative; Not Detected | SARS-CoV-2 Ag Negative |
        SARS-CoV-2 absent | Covid negative | NotDetected | Not-Detected | NO DETECTADO
    """,
    "presumptive-positive": """
        Presumptive Positive | Presumptive pos | Presumptive positive for SARS-CoV-2 | SARS-CoV-2 RNA: Presumptive Pos |
        Presumptive Positive for 2019-nCoV | Presumptive Detected | Presump Pos | Presumptive-Positive |
        PRESUMPTIVE POSITIVE (A) | SARS-CoV-2 presumptive positive | Presumed positive | Presumptively positive |
        PRESUMPTIVE POS.
    """,
    "inconclusive": """
        Inconclusive | INDETERMINATE | Equivocal | Undetermined | Borderline | Indeterminate for SARS-CoV-2 |
        SARS-CoV-2 inconclusive | Inconclusive result | IND | Inconclusive 2019-nCoV | Unresolved | Indeterminant
    """,
    "invalid": """
        Invalid | INVALID RESULT | Invalid. | Test not performed | TNP | QNS | Specimen rejected | Not tested | Cancelled |
        Error | No result | Unsatisfactory | Unsatisfactory specimen | Specimen unsuitable | Specimen not received |
        Test not performed. | Insufficient specimen | Quantity insufficient | Invalid test | Rejected | No specimen received |
        Specimen Invalid | Canceled by lab
    """,
}
NO_RESULT = """
    See note | See comment | Pending | Detected, see note | Positive or negative | Not Negative | Not positive |
    No longer detected | Previously detected | Positive control OK | Influenza A detected | Flu A positive |
    Detected Influenza A | RSV detected | HCoV-229E detected |
    Coronavirus 229E detected | Coronavirus OC43 detected | Antibodies detected | IgG positive |
    Can not be determined if positive | Possible | Suspected | Exposed | Reference lab result | Abnormal | Normal | A | H |
    Not | Detected? | Positive? | False positive | Probable false positive | Rule out | Not detected in pool |
    Detected in pool | Positive pool | POSITIVE/NEGATIVE | Reactive pending confirmation | Likely positive | IgM detected |
    Internal control detected | SARS-CoV-1 detected | SARS coronavirus detected | MERS-CoV detected | Coronavirus detected |
    Human coronavirus detected | beta coronavirus detected | Negative to Positive | Detected previously, not detected now |
    not SARS-CoV-2 detected | Positive history | hx positive | No | (+) | + | - | Aborted | Confirmed | Credited | Failed |
    INC | Inconclusive, repeat | Inhibited | Leaked in transit | Positve | See comment: specimen leaked
"""
"""What a careful reader would ask about, or what is of something else: nobody guesses."""


def _each(text: str) -> list[str]:
    return [word.strip() for line in text.splitlines() for word in line.split("|") if word.strip()]


@pytest.mark.parametrize(
    ("text", "meaning"), [(text, meaning) for meaning, texts in SAID.items() for text in _each(texts)]
)
def test_a_result_is_read_however_the_laboratory_words_it(text: str, meaning: str) -> None:
    assert worded(text).meaning == meaning


@pytest.mark.parametrize("text", _each(NO_RESULT))
def test_what_is_not_plainly_a_result_of_this_virus_is_none(text: str) -> None:
    assert worded(text).meaning is None
