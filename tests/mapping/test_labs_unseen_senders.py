"""Results as the systems of many makers send them, version 2.3 to 2.8; what each means was judged by hand before the hub read it.

Made up: no message of a real sender was at hand. Each row is one habit; the batch at the end holds all of them at once.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.mapping.reading import Reader

LABS = "lab-elr-hl7v2"
PCR = "94500-6^SARS-CoV-2 RNA Resp Ql NAA+probe^LN"
DETECTED, NOT_DETECTED = "260373001^Detected^SCT", "260415000^Not detected^SCT"


class Sent(NamedTuple):
    """`answer` under `test`; `more`: observations and notes after it; `means`: meaning and status of each result kept of
    COVID-19, in order."""

    answer: str
    means: str = "positive final"
    kind: str = "CWE"
    test: str = PCR
    version: str = "2.5.1"
    status: str = "F"
    order: str = ""
    more: str = ""


FLU = "OBX|2|ST|FLUA^Influenza A^L||Detected||||||F\rOBX|3|ST|RSV^RSV^L||Detected||||||F"
SENDERS: dict[str, Sent] = {
    "own code first, LOINC behind it (2.3)": Sent("Detected", kind="ST", version="2.3",
        test="LAB3511^SARS-COV-2 (COVID-19) PCR^OWN^94500-6^SARS-CoV-2 RNA^LN"),
    "CE of 2.3.1": Sent("260415000^Not Detected^SCT", "negative final", "CE", version="2.3.1"),
    "LOINC first, own code behind it": Sent("NOT DETECTED", "negative final", "TX", "94500-6^RNA^LN^86010554^SARS CoV 2 RNA^OWN"),
    "an answer of two organisms": Sent("840533007^SARS-CoV-2^SCT~407479009^Influenza A virus^SCT",
        test="95423-0^FLUAV+FLUBV+SARS-CoV-2^LN"),
    "formatted text with a comment below": Sent(r"Detected\.br\Patient\T\provider notified", kind="FT"),
    "formatted text, highlighted": Sent(r"\.sp1\\H\POSITIVE\N\\.br\Notify health department.", kind="FT"),
    "only the flag says it": Sent("", "review final", more="NTE|1|L|POS"),
    "presumptive in words": Sent("SARS-CoV-2 RNA: Presumptive Pos", "presumptive-positive final", "ST"),
    "the result stands in a note": Sent("See Note", "review final", "ST", more="NTE|1|L|RESULT: SARS-CoV-2 RNA DETECTED"),
    "a titre": Sent("^1^:^320", "", "SN", "95411-5^SARS-CoV-2 neutralizing Ab titer^LN"),
    "antibodies under an order for RNA": Sent("Positive", "", "ST", "COVIGG^IgG^L^94563-4^SARS-CoV-2 IgG^LN", order=PCR),
    "preliminary": Sent(DETECTED, "positive preliminary", status="P"),
    "a display without a code": Sent("^Detected^"),
    "a local code": Sent("POS^Positive^99LAB"),
    "a local code, SNOMED CT behind it": Sent("DET^Detected^L^260373001^Detected^SCT"),
    "original text alone (CWE.9)": Sent("^^^^^^^^Positive"),
    "a code beats its display": Sent("260415000^Detected^SCT", "negative final"),
    "COVID negative, influenza positive": Sent("Not Detected", "negative final", "ST", order="COVFLU^COVID/FLU PCR^L", more=FLU),
    "a misspelt word": Sent("Not Dectected", "review final", "ST"),
    "stars and a flag around it": Sent("*** POSITIVE *** (A)", kind="ST"),
    "the name of the virus as of early 2020": Sent("POSITIVE 2019-nCoV", kind="ST"),
    "version with country": Sent(DETECTED, version="2.8^USA^2.8"),
    "a rapid antigen test (2.6)": Sent("10828004^Positive^SCT", test="97097-0^SARS-CoV-2 Ag^LN", version="2.6"),
    "the same said twice": Sent("260373001^Detected^SCT~10828004^Positive^SCT"),
    "a pool": Sent("462371000124108^Detected in pooled specimen^SCT", "presumptive-positive final"),
    "yes": Sent("Y^Yes^HL70136", "review final"),
    "a plus sign": Sent("POS (+)", kind="ST"),
    "no type of value": Sent("Detected", kind=""),
    "a status in small letters": Sent("Detected", kind="ST", status="f"),
    "a status with its name": Sent(DETECTED, status="F^Final results^HL70085"),
    "deleted": Sent(DETECTED, "positive withdrawn", status="D"),
    "a correction that tells what it corrects": Sent(
        r"Not Detected\.br\CORRECTED RESULT; previously reported as Detected", "negative corrected", "ST", status="C"),
    "a dash between two words for it": Sent("NEGATIVE - NOT DETECTED", "negative final", "ST"),
    "only a local name": Sent("Detected", "review final", "ST", "COVPCR^SARS-CoV-2 RNA PCR^L"),
    "an internal control beside it": Sent(DETECTED, more="OBX|2|CWE|90101-7^Internal control^LN||260373001^Detected^SCT||||||F"),
    "a variant": Sent("Omicron BA.1", "review final", "ST", "96741-4^SARS-CoV-2 variant^LN"),
    "another coronavirus": Sent(DETECTED, "", test="82161-1^Coronavirus 229E RNA^LN", order="RVP^Respiratory panel^L"),
    "a document beside it": Sent(DETECTED, more="OBX|2|ED|PDF^Report^L||^application^pdf^Base64^JVBERi0xLjQK||||||F"),
    "blanks behind codes": Sent("260373001 ^Detected^SCT", test="94500-6 ^RNA^LN"),
    "small letters for code systems": Sent("260373001^Detected^sct", test="94500-6^RNA^ln"),
    "addresses for code systems": Sent("260373001^Detected^http://snomed.info/sct", test="94500-6^RNA^http://loinc.org"),
    "table 0078 for an answer": Sent("POS^Positive^HL70078"),
    "SNOMED CT present": Sent("52101004^Present^SCT"),
    "the disease for an answer": Sent("840539006^COVID-19^SCT", "review final"),
    "a null": Sent('""', "review final"),
    "a no-break space behind it": Sent("Detected\u00a0", kind="ST"),
    "a space of no width within it": Sent("De\u200btected", "review final", "ST"),
    "questions beside it that are no results": Sent("Not Detected", "negative final", "ST",
        more="OBX|2|DT|30952-6^Vaccinated on^LN||20210101||||||F\rOBX|3|ST|8691-8^Travel^LN||COVID-19 area||||||F"),
    "segments of its own": Sent(DETECTED, more="ZLR|1|x\rZPS|1|LAB"),
    "a note broken in two lines": Sent(DETECTED, more="NTE|1||This line was\rbroken by the sender"),
}  # fmt: skip


def message(number: int, sent: Sent, separators: str = "|^~\\&") -> str:
    """The message of a row, with separators of its own."""
    text = "\r".join((
        f"MSH|^~\\&|LIS|Lab^05D0000001^CLIA|HUB|HUB|20220110120000+0000||ORU^R01|M{number}|P|{sent.version}",
        f"PID|1||L-{number}^^^Lab&05D0000001&CLIA||Example^Person||19800101|F",
        f"OBR|1||F-{number}^Lab|{sent.order or sent.test}|||20220109|||||||||||||||20220110|||F",
        f"OBX|1|{sent.kind}|{sent.test}||{sent.answer}||||||{sent.status}|||20220109",
        *([sent.more] if sent.more else []), "",
    ))  # fmt: skip
    field, component = separators[0], separators[1]
    return text.replace("|", field).replace("^", component)


def meant(read: Reader, data: bytes | str) -> list[str]:
    events = [found.event for found in read(LABS, {"a.hl7": data}) if found.event is not None]
    told = [(event.meaning, event.status) for event in events if event.kind == "lab-result"]  # type: ignore[attr-defined]
    return [f"{meaning} {status}" for meaning, status in told if meaning != "not-covid"]


@pytest.mark.parametrize("habit", SENDERS)
def test_a_result_means_what_a_careful_reader_says(read: Reader, habit: str) -> None:
    sent = SENDERS[habit]
    assert meant(read, message(1, sent)) == [sent.means] * bool(sent.means)


def test_all_of_them_in_one_batch_mean_the_same(read: Reader) -> None:
    """Two separators are another's in every third message, as each has its own; lines end in every way."""
    ends = ("\r", "\n", "\r\n")
    texts = [
        message(number, sent, "*@" if number % 3 == 0 and "*" not in sent.answer and "@" not in sent.answer else "|^")
        .replace("\r", ends[number % 3])
        for number, sent in enumerate(SENDERS.values())
    ]  # fmt: skip
    batch = f"FHS|^~\\&|LIS\rBHS|^~\\&|LIS\r{''.join(texts)}BTS|{len(texts)}\rFTS|1\r"
    assert meant(read, batch) == [sent.means for sent in SENDERS.values() if sent.means]
