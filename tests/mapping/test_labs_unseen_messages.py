"""Whole files as senders really build them: nesting, repeats, batches, framing, damage. Each with what must come of it.

Made up; what is odd about each is in its name. `hub connector try` reads the same files in tests/commands/test_unseen_labs.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from hub.routing import route
from tests.mapping.reading import Reader, counted
from tests.mapping.test_labs import DETECTED, LABS, NOT_DETECTED, PCR, PID, one, oru


class Told(NamedTuple):
    """`results`: meaning and status of each in order; the reasons of what was set aside and of dead letters."""

    results: tuple[str, ...]
    ignored: Mapping[str, int] = MappingProxyType({})
    rejected: Mapping[str, int] = MappingProxyType({})


POS, NEG = "positive final", "negative final"
NEXT = oru(order="B", control="M2", processing="T", pid=PID.replace("L-1^", "L-2^"))
MSH = "MSH|^~\\&|LIS|Lab^05D0000001^CLIA|HUB|HUB|20210107120000+0000||ORU^R01^ORU_R01|M9|P|2.5.1"


def lines(*segments: str) -> str:
    return "\r".join((MSH, PID, *segments, ""))


def obr(order: str = "F-1", code: str = "94531-1^panel^LN", more: str = "") -> str:
    return f"OBR|1||{order}^Lab|{code}|||20210105|||||||||||||||20210107|||F{more}"


def obx(code: str = PCR, answer: str = DETECTED, sub: str = "", status: str = "F", kind: str = "CWE") -> str:
    return f"OBX|1|{kind}|{code}|{sub}|{answer}||||||{status}|||20210105"


FLU_A, FLU_B, RSV = "80382-5^Flu A^LN", "80383-3^Flu B^LN", "85479-4^RSV^LN"
OTHER = PID.replace("L-1^", "L-2^").replace("Example^Person", "Sample^Other")
FILES: dict[str, tuple[str | bytes, Told]] = {
    # orders, specimens and observations in each other
    "no ORC at all": (lines(obr(), obx()), Told((POS,))),
    "no OBR at all": (lines(obx()), Told((POS,))),
    "one ORC over two OBR": (lines("ORC|RE", obr("A"), obx(), obr("B"), obx(answer=NOT_DETECTED)), Told((POS, NEG))),
    "an ORC for each OBR": (lines("ORC|RE||A", obr("A"), obx(), "ORC|RE||B", obr("B"), obx(answer=NOT_DETECTED)), Told((POS, NEG))),
    "reflex: child OBR names its parent": (
        lines(obr("A", "94558-4^Ag^LN"), obx("94558-4^Ag^LN", NOT_DETECTED), obr("B", PCR, "||||F-1^Lab^^94558-4&Ag&LN"), obx()),
        Told((NEG, POS)),
    ),
    "an order for public health information before the test": (
        lines(obr("E", "68991-9^epi^LN"), obx("29553-5^Age^LN", "^34", kind="SN"), obr("T", PCR), obx()), Told((POS,)),
    ),
    "multiplex of four": (
        lines(obr(code="95941-1^panel^LN"), obx(FLU_A), obx(FLU_B, NOT_DETECTED), obx(RSV, NOT_DETECTED), obx()),
        Told(("not-covid final", "not-covid final", "not-covid final", POS)),
    ),
    "multiplex by local codes": (
        lines(obr(code="RESP4^Resp panel 4 PLEX^L"), obx("FLUA^Influenza A^L"), obx("COV2^SARS-CoV-2^L"), obx("RSV^RSV^L")),
        Told(("review final",), {"not-covid": 2}),
    ),
    "local codes under an order by its LOINC": (
        lines(obr(code="95941-1^panel^LN"), obx("FLUA^Influenza A^L"), obx("COV2^SARS-CoV-2^L^94500-6^RNA^LN", NOT_DETECTED)),
        Told(("not-covid final", NEG)),
    ),
    "gene targets and the interpretation": (
        lines(obr(code="94306-8^CDC panel^LN"), obx("94309-2^RNA^LN"), obx("94307-6^N1^LN"), obx("94308-4^N2^LN"),
              obx("68993-5^RP^LN")),
        Told((POS, POS, POS, "not-covid final")),
    ),
    "only one of two targets: inconclusive by the laboratory": (
        lines(obr(), obx("94309-2^RNA^LN", "419984006^Inconclusive^SCT"), obx("94307-6^N1^LN", NOT_DETECTED)),
        Told(("inconclusive final", NEG)),
    ),
    "result and cycle threshold": (
        lines(obr(), obx(), obx("94745-7^Ct^LN", "21.3", kind="NM")), Told((POS,), {"beside-a-result": 1}),
    ),
    "a negative result with a cycle threshold": (
        lines(obr(), obx("94745-7^Ct^LN", "21.3", kind="NM"), obx(answer=NOT_DETECTED)), Told(("review final", NEG)),
    ),
    "a single gene under an unclear overall result": (
        lines(obr(code="94531-1^panel^LN"), obx("94559-2^ORF1ab^LN"), obx("94640-0^S gene^LN", NOT_DETECTED),
              obx("94500-6^RNA^LN", "419984006^Inconclusive^SCT")),
        Told(("inconclusive final", NEG, "inconclusive final")),
    ),
    "an unclear overall result above its genes": (
        lines(obr(code="94306-8^panel^LN"), obx("94309-2^RNA^LN", "419984006^Inconclusive^SCT"), obx("94307-6^N1^LN"),
              obx("94308-4^N2^LN", NOT_DETECTED)),
        Told(("inconclusive final", "inconclusive final", NEG)),
    ),
    "an unclear result of an order without a number above a gene of another": (
        lines("OBR|1|||94500-6^RNA^LN", obx(answer="419984006^?^SCT"), "OBR|2|||94559-2^ORF1^LN", obx("94559-2^ORF1^LN")),
        Told(("inconclusive final", POS)),
    ),
    "an unclear result of another swab under the same order number": (
        lines(obr(code="94500-6^RNA^LN"), obx(answer="419984006^?^SCT"),
              obr(code="94559-2^ORF1^LN").replace("|20210105|", "|20210109|"), obx("94559-2^ORF1^LN")),
        Told(("inconclusive final", POS)),
    ),
    "a local code that names a test, found, beside an antigen that was not": (
        lines(obr(), obx("94558-4^Ag^LN", NOT_DETECTED), obx("1^SARS-CoV-2 RNA PCR (1 DAY TAT)^L")),
        Told((NEG, "review final")),
    ),
    "a preliminary overall result above a final gene": (
        lines(obr(), obx(answer=NOT_DETECTED, status="P"), obx("94533-7^N gene^LN")), Told(("negative preliminary", POS)),
    ),
    "a positive overall result with a gene that was not found": (
        lines(obr(code="94531-1^panel^LN"), obx("94559-2^ORF1^LN"), obx("94640-0^S gene^LN", NOT_DETECTED), obx("94500-6^RNA^LN")),
        Told((POS, NEG, POS)),
    ),
    "a service, a control and questions under local codes": (
        lines(obr(), obx(), obx("1^SARS-CoV-2, NAA 2 DAY TAT^L", "Performed", kind="ST"),
              obx("2^SARS-CoV-2 Positive Control^L", "Detected", kind="ST"), obx("3^COVID symptoms^L", "10828004^Positive^SCT")),
        Told((POS,), {"beside-a-result": 3}),
    ),
    "the panel's code repeats its test": (
        lines(obr(), obx("94531-1^panel^LN", "Positive for SARS-CoV-2", kind="ST"), obx()), Told((POS,), {"beside-a-result": 1}),
    ),
    "the panel's code contradicts its test": (
        lines(obr(), obx("94531-1^panel^LN", "Positive for SARS-CoV-2", kind="ST"), obx(answer=NOT_DETECTED)),
        Told(("review final", NEG)),
    ),
    "a panel and its test in one OBX-3": (lines(obr(), obx("94531-1^panel^LN^94500-6^RNA^LN")), Told((POS,))),
    "an answer against its own alternate": (
        lines(obr(), obx(answer="N^Negative^L^260373001^Detected^SCT")), Told(("review final",)),
    ),
    "result and antibodies": (lines(obr(), obx(answer=NOT_DETECTED), obx("94563-4^IgG^LN")), Told((NEG, "not-covid final"))),
    "the result beside a comment": (
        lines(obr(), obx(), obx("COMM^Comment^L", "See fact sheet", kind="TX")), Told((POS, "review final")),
    ),
    "a result and the lines of its comment": (
        lines(obr(), obx(answer="DETECTED", kind="TX", sub="1"), obx(answer="This test was", kind="TX", sub="2"),
              obx(answer="developed here.", kind="TX", sub="3")),
        Told((POS,), {"result-comment": 2}),
    ),
    "lines under a negative result that tell a positive": (
        lines(obr(), obx(answer="NEGATIVE", kind="ST", sub="1"), obx(answer="covid +", kind="ST", sub="2"),
              obx(answer="Positive by repeat testing", kind="TX", sub="3"),
              obx(answer="Positive results should be reported", kind="TX", sub="4"),
              obx(answer="This virus was NOT DETECTED by the method", kind="TX", sub="5")),
        Told((NEG, "review final", "review final"), {"result-comment": 2}),
    ),
    "a comment above its result": (
        lines(obr(), obx(answer="Rapid test", kind="TX"), obx(answer="DETECTED", kind="TX")), Told((POS,), {"result-comment": 1}),
    ),
    "a culture that found the virus": (
        lines(obr(code="600-7^culture^LN"), obx("41852-5^Microorganism^LN", "840533007^SARS-CoV-2^SCT")), Told(("review final",)),
    ),
    "told twice, byte for byte": (lines(obr(), obx(), obx()), Told((POS,))),
    "two text-only names are two tests": (
        lines(obr(), obx("^SARS-CoV-2 RNA"), obx("^SARS-CoV-2 antigen")), Told(("review final",) * 2),
    ),
    "preliminary, final and withdrawn of one test": (
        lines(obr(), obx(status="P"), obx(status="F"), obx(status="W")),
        Told(("positive preliminary", POS, "positive withdrawn")),
    ),
    "another result has a status, this one has none": (lines(obr(), obx(FLU_A), obx(status="")), Told(("not-covid final", POS))),
    "an earlier test as an answer": (
        lines(obr(), obx(), "OBX|2|CWE|94558-4^Ag^LN||260373001^Detected^SCT|||||||||20201213"),
        Told((POS,), {"previous-result": 1}),
    ),
    "notes, visits, insurance, next of kin and Z segments between": (
        lines("PD1||||X", "NTE|1||POSITIVE", "NK1|1|Example^Kin", "PV1|1|O", "PV2|", "ORC|RE", obr(), "NTE|1||NEGATIVE", "TQ1|1",
              obx(),
              "NTE|1||not detected", "ZLR|1|POSITIVE", "FT1|1", "CTI|1", "SPM|1", "ZZZ", "DSC|"), Told((POS,)),
    ),
    "questions before, between and after": (
        lines(obr(), obx("95419-8^symptoms^LN", "Y^Yes^HL70136"), obx(), obx("95421-4^congregate^LN", "N^No^HL70136")),
        Told((POS,)),
    ),
    "nothing but questions": (
        lines(obr(code="68991-9^epi^LN"), obx("95419-8^s^LN", "Y^Yes^HL70136")), Told((), {"no-observation": 1}),
    ),
    "an order without results": (lines("ORC|NW||F-1", obr()), Told((), {"no-observation": 1})),
    "cancelled, with why": (lines(obr(), obx(answer="", status="X")), Told(("review withdrawn",))),
    "not yet resulted": (lines(obr(), obx(answer="", status="I")), Told((), {"no-result-yet": 1})),
    "hepatitis, glucose and lead": (
        lines(obr(code="24331-1^Lipids^LN"),
              obx("5196-1^HBsAg^LN", "Reactive", kind="ST"), obx("2345-7^Glucose^LN", "98", kind="NM")),
        Told((), {"not-covid": 2}),
    ),
    "influenza from a state laboratory": (
        lines(obr(code="PLT10^Influenza panel^PLT"), obx("76078-5^Flu A RNA^LN"), obx("92142-9^Flu A^LN")),
        Told(("not-covid final",) * 2),
    ),
    "no PID": ("\r".join((MSH, obr(), obx(), "")), Told((), rejected={"no-patient": 1})),
    "several people under one header": (
        lines(obr("A"), obx(answer=NOT_DETECTED)) + "\r".join((OTHER, obr("B"), obx(), "")), Told((NEG, POS)),
    ),
    # envelopes, framing, line ends
    "two messages with blank lines between": (oru() + "\r\n\r\n\r\n" + NEXT, Told((POS, POS))),
    "indented second message": (oru() + "\n  " + NEXT, Told((POS, POS))),
    "framed in MLLP, twice": (f"\x0b{oru()}\x1c\r\x0b{NEXT}\x1c\r", Told((POS, POS))),
    "framed without line ends between": (f"\x0b{oru()}\x1c\x0b{NEXT}\x1c", Told((POS, POS))),
    "frame ends alone": (f"{oru()}\x1c{NEXT}\x1c", Told((POS, POS))),
    "byte order mark before each message": ("\ufeff" + oru() + "\ufeff" + NEXT, Told((POS, POS))),
    "NUL bytes at the end and between": (oru() + "\0\0\0" + NEXT + "\0", Told((POS, POS))),
    "end-of-file mark of DOS": (oru() + "\x1a", Told((POS,))),
    "line ends mixed": (oru().replace("\r", "\r\n", 2).replace("\rSPM", "\nSPM"), Told((POS,))),
    "batch in a file": ("FHS|^~\\&\rBHS|^~\\&\r" + oru() + oru(order="B") + "BTS|2\rFTS|1\r", Told((POS, POS))),
    "two batches in a file": (
        "FHS|^~\\&\rBHS|^~\\&\r" + oru() + "BTS|1\rBHS|^~\\&\r" + oru(order="B") + "BTS|1\rFTS|2\r", Told((POS, POS)),
    ),
    "a file in a file": (
        "FHS|^~\\&\rFHS|^~\\&\rBHS|^~\\&\r" + oru() + "BTS|1\rFTS|1\rFTS|1\r", Told((POS,)),
    ),
    "batch that counts one too many": ("BHS|^~\\&\r" + oru() + "BTS|2\r", Told((POS,), rejected={"batch-count-mismatch": 1})),
    "batch cut short": ("FHS|^~\\&\rBHS|^~\\&\r" + oru(), Told((POS,), rejected={"batch-count-mismatch": 2})),
    "batch without any message": ("FHS|^~\\&\rBHS|^~\\&\rBTS|0\rFTS|1\r", Told((), {"empty-batch": 1})),
    "an admission and an order on the same feed": (
        oru().replace("ORU^R01^ORU_R01", "ADT^A04") + oru().replace("ORU^R01^ORU_R01", "ORM^O01") + oru(),
        Told((POS,), {"not-a-lab-report": 2}),
    ),
    # headers
    "version with its country and table": (oru(version="2.5.1^USA&United States&ISO3166_1^2.5.1&&HL70104"), Told((POS,))),
    "version 2.8.2": (oru(version="2.8.2"), Told((POS,))),
    "version of another kind": (oru(version="3.0"), Told((), rejected={"unsupported-version": 1})),
    "five encoding characters": (oru().replace("|^~\\&|", "|^~\\&#|", 1), Told((POS,))),
    "MSH-2 too short": (oru().replace("|^~\\&|", "|^~|", 1), Told((), rejected={"bad-separators": 1})),
    "header alone": (MSH + "\r", Told((), rejected={"no-patient": 1})),
    "cut within the result": (oru().encode()[: oru().index("260373001") + 5], Told(("review final",))),
    "cut within the patient": (oru().encode()[: oru().index("Example^") + 3], Told((), {"no-observation": 1})),
    "first segment lost": (oru().split("\r", 1)[1], Told((), rejected={"no-msh": 1})),
    "prose": ("This is not HL7.\r\nMSH is a word.\r\n", Told((), rejected={"no-msh": 1})),
    "empty": ("", Told((), rejected={"empty": 1})),
    "blank": ("\r\n\r\n \0", Told((), rejected={"empty": 1})),
    "UTF-16": (oru().encode("utf-16"), Told((), rejected={"unsupported-encoding": 1})),
    "an OBX broken by a line end": (oru().replace("||||||F|||20210105", "||||||F||\r|20210105"), Told((POS,))),
    "fields beyond the standard": (oru().replace("|||20210105\r", "|||20210105" + "|x" * 60 + "\r"), Told((POS,))),
    "continued by ADD": (lines(obr(), obx(), "ADD|of the laboratory", "DSC|M9"), Told((POS,))),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_each_file_becomes_what_its_name_says(name: str, read: Reader) -> None:
    content, told = FILES[name]
    found = read(LABS, {"m.hl7": content})
    results: list[Any] = [mapped.event for mapped in found if mapped.event is not None]
    assert tuple(f"{event.meaning} {event.status}" for event in results) == told.results
    assert (counted(found)["ignored"], counted(found)["rejected"]) == (told.ignored, told.rejected)


@pytest.mark.parametrize("name", [name for name, (content, _) in FILES.items() if NEXT in str(content)])
def test_two_messages_of_a_file_are_told_apart_whatever_stands_between(name: str, read: Reader) -> None:
    found: list[Any] = [mapped.event for mapped in read(LABS, {"m.hl7": FILES[name][0]})]
    assert [(event.person.local_id, event.processing) for event in found] == [("L-1", "production"), ("L-2", "test")]


# which date is unreadable, what is left of the dates
DATES = [
    ("OBR-7", {"|||20210105|||": "|||yesterday|||"}, ("2021-01-05", "2021-01-07")),
    ("OBX-14", {"F|||20210105": "F|||01/05/2021"}, ("2021-01-05", "2021-01-07")),
    ("OBR-22", {"||20210107120000+0000|||F": "||20211332|||F"}, ("2021-01-05", None)),
    ("SPM-17", {"SCT|||||||||||||20210105": "SCT|||||||||||||00000000"}, ("2021-01-05", "2021-01-07")),
    ("MSH-7", {"HUB|HUB|20210107120000+0000": "HUB|HUB|soon"}, ("2021-01-05", "2021-01-07")),
    ("only a month", {"|||20210105|||": "|||202101|||"}, ("2021-01-05", "2021-01-07")),
]  # fmt: skip


@pytest.mark.parametrize(("field", "change", "left"), DATES, ids=[row[0] for row in DATES])
def test_a_date_that_cannot_be_read_leaves_a_word_and_the_next_one_speaks(
    field: str, change: dict[str, str], left: tuple[str, str | None], read: Reader
) -> None:
    message = oru()
    for old, new in change.items():
        assert old in message, field
        message = message.replace(old, new)
    (event,) = read.events(LABS, {"m": message})
    assert event.issues == ("unreadable-date",)
    assert (f"{event.collected_on}", f"{event.resulted_on}" if event.resulted_on else None) == left


@pytest.mark.parametrize("born", ["01/01/1980", "19800231", "unknown"])
def test_a_birth_date_that_cannot_be_read_leaves_a_word(born: str, read: Reader) -> None:
    event = one(read, pid=PID.replace("19800101", born))
    assert (event.person.birth_date, event.issues) == (None, ("unreadable-birth-date",))


@pytest.mark.parametrize("born", ["1980", "198001", "19800101", ""])
def test_a_birth_date_told_in_part_or_not_at_all_is_no_fault(born: str, read: Reader) -> None:
    assert one(read, pid=PID.replace("19800101", born)).issues == ()


def test_a_person_without_any_id_is_known_by_name_and_birth_date_under_the_laboratory(read: Reader) -> None:
    nameless, known = PID.replace("L-1^^^Lab&05D0000001&CLIA^PI", ""), one(read)
    event = one(read, pid=nameless)
    assert event.source_person is not None
    assert event.source_person != known.source_person
    assert event.person.local_id is None
    assert one(read, pid=nameless.upper()).source_person == event.source_person
    assert one(read, pid=nameless.replace("19800101", "19800102")).source_person != event.source_person
    for withheld in (
        nameless.replace("19800101", "198001"),
        nameless.replace("Example^Person", "Example"),
        nameless.replace("19800101", ""),
    ):
        assert one(read, pid=withheld).source_person is None


@pytest.mark.parametrize(
    ("told", "issues"),
    [("20210102", ()), ("UNK", ()), ("", ()), ("01/02/2021", ("unreadable-date",)), ("2021", ("unreadable-date",))],
)
def test_an_onset_that_is_no_day_leaves_a_word_and_unknown_is_none(
    told: str, issues: tuple[str, ...], read: Reader
) -> None:
    event = one(read, more=(f"OBX|2|DT|65222-2^Onset^LN||{told}||||||F",))
    assert (event.issues, event.onset_on is not None) == (issues, told == "20210102")


@pytest.mark.parametrize("kind", ["ORU^R01^ORU_R01", "ORU^R01", "ORU^R30^ORU_R30", "ORU", "ORU_R01"])
@pytest.mark.parametrize("before", ["", "\ufeff", "\x0b", "\r\n\0"])
def test_a_file_of_results_finds_its_connector_however_it_says_what_it_is(
    kind: str, before: str, tmp_path: Path
) -> None:
    (tmp_path / "a.hl7").write_text(before + oru().replace("ORU^R01^ORU_R01", kind), newline="")
    (tmp_path / "b.hl7").write_text(oru().translate(str.maketrans("|^", "$*")).replace("$*", "$*~\\&", 1), newline="")
    (tmp_path / "c.hl7").write_text(oru().replace("ORU^R01^ORU_R01", "ADT^A04"), newline="")
    assert [unit.connector for unit in route(tmp_path, (LABS,))] == [LABS, LABS, None]
