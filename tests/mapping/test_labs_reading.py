"""health-standards §8 R1 to R8 at the laboratory program: bytes as senders really write them end in the right results."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mapping.reading import Reader, counted
from tests.mapping.test_labs import DETECTED, LABS, NOT_DETECTED, PID, one, oru


def plain(event: Any) -> dict[str, Any]:
    """What does not depend on how the message was written down."""
    return {
        name: getattr(event, name) for name in ("fact_key", "source_person", "meaning", "status", "person", "loinc")
    }


@pytest.mark.parametrize(
    ("declared", "codec"),
    [("", "utf-8"), ("UNICODE UTF-8", "utf-8"), ("UTF-8~UNICODE", "utf-8"), ("8859/1", "latin-1"), ("8859/15", "iso8859-15"),
     ("", "cp1252"), ("NOBODY KNOWS", "utf-8"), ("ASCII", "utf-8")],
)  # fmt: skip
def test_r1_a_name_is_read_in_the_characters_its_sender_used(declared: str, codec: str, read: Reader) -> None:
    message = oru(pid=PID.replace("Example^", "Ex\u00e4mpl\u00e9^")).replace("|2.5.1", f"|2.5.1||||||{declared}", 1)
    (event,) = read.events(LABS, {"m": message.encode(codec)})
    assert event.person.family_name == "Ex\u00e4mpl\u00e9"


@pytest.mark.parametrize(
    ("declared", "codec", "name"),
    [
        ("8859/15", "iso8859-15", "Ex\u0161mple"),
        ("8859/2", "iso8859-2", "P\u0159\u00edklad"),
        ("8859/5", "iso8859-5", "\u041f\u0440"),
    ],
)
def test_r1_the_character_set_that_a_message_names_counts_before_any_guess(
    declared: str, codec: str, name: str, read: Reader
) -> None:
    message = oru(pid=PID.replace("Example^", f"{name}^")).replace("|2.5.1", f"|2.5.1||||||{declared}", 1)
    (event,) = read.events(LABS, {"m": message.encode(codec)})
    assert event.person.family_name == name


def test_r1_a_byte_order_mark_is_no_part_of_the_first_message(read: Reader) -> None:
    (event,) = read.events(LABS, {"m": b"\xef\xbb\xbf" + oru().encode()})
    assert event.meaning == "positive"


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\n\n"])
def test_r2_line_ends_do_not_change_what_was_found(end: str, read: Reader) -> None:
    (event,) = read.events(LABS, {"m": oru().replace("\r", end)})
    assert plain(event) == plain(one(read))


def test_r2_each_message_has_its_own_separators_and_may_have_a_fifth(read: Reader) -> None:
    other = oru(order="F-2").translate(str.maketrans("|^~&", "$*!+")).replace("$*!\\+$", "$*!\\+@$", 1)
    assert [event.meaning for event in read.events(LABS, {"m": oru() + other})] == ["positive", "positive"]


def test_r3_a_batch_a_concatenation_and_a_bad_message_between_good_ones(read: Reader) -> None:
    batch = "FHS|^~\\&\rBHS|^~\\&\r" + oru(order="A") + "MSH|\r" + oru(order="B") + "BTS|3\rFTS|1\r"
    found = read(LABS, {"m": batch + oru(order="C")})
    assert counted(found)["events"] == {"lab-result": 3}
    assert counted(found)["rejected"] == {"bad-separators": 1}


@pytest.mark.parametrize(
    ("told", "wrong"), [("BTS|2\rFTS|1\r", 0), ("BTS|3\rFTS|1\r", 1), ("BTS|2\rFTS|2\r", 1), ("BTS|9\rFTS|9\r", 2)]
)
def test_r3_a_batch_that_counts_wrongly_is_told_and_loses_no_message(told: str, wrong: int, read: Reader) -> None:
    found = read(LABS, {"m": "FHS|^~\\&\rBHS|^~\\&\r" + oru(order="A") + oru(order="B") + told})
    assert counted(found)["events"] == {"lab-result": 2}
    assert counted(found)["rejected"] == ({"batch-count-mismatch": wrong} if wrong else {})


def test_r4_escapes_are_decoded_after_splitting(read: Reader) -> None:
    event = one(read, pid=PID.replace("Example^", "Ex\\S\\am\\T\\ple\\Z9\\^"))
    assert event.person.family_name == "Ex^am&ple\\Z9\\"


@pytest.mark.parametrize("system", ["LN", "LOINC", "2.16.840.1.113883.6.1"])
def test_r5_the_alternate_triplet_speaks_where_the_first_is_of_no_known_system(system: str, read: Reader) -> None:
    code, answer = f"SARS2^local^L^94500-6^RNA^{system}", "D^Detected^99LAB^260373001^Detected^SNOMED"
    event = one(read, code=code, answer=answer)
    assert (event.loinc, event.meaning) == ("94500-6", "positive")


def test_r5_an_answer_at_order_entry_may_stand_in_the_alternate_triplet_or_in_words_alone(read: Reader) -> None:
    asked = "OBX|2|CWE|95421-4^congregate^LN||1^Ja^L^Y^Yes^HL70136||||||F"
    worded = "OBX|3|CWE|95419-8^symptoms^LN||^Yes||||||F"
    event = one(read, more=(asked, worded))
    assert (event.congregate, event.symptomatic) == ("yes", "yes")


@pytest.mark.parametrize(
    "version", ["2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.2", "2.5.1^USA", ""]
)
def test_r6_every_version_from_2_3_to_2_8_is_read(version: str, read: Reader) -> None:
    assert plain(one(read, version=version)) == plain(one(read))


@pytest.mark.parametrize("kind", ["ORU^R01", "ORU", "ORU_R01", "ORU^R30^ORU_R30"])
def test_r6_a_result_is_known_by_its_message_type_however_much_of_it_is_given(kind: str, read: Reader) -> None:
    (event,) = read.events(LABS, {"m": oru().replace("ORU^R01^ORU_R01", kind)})
    assert event.meaning == "positive"


@pytest.mark.parametrize(
    "kind", ["ORM^O01", "OML^O21^OML_O21", "ADT^A04", "VXU^V04^VXU_V04", "ACK^R01", "ORL^O22", "MDM^T02"]
)
def test_r6_other_messages_on_a_laboratory_feed_are_set_aside(kind: str, read: Reader) -> None:
    found = read(LABS, {"m": oru().replace("ORU^R01^ORU_R01", kind) + oru(order="F-2")})
    assert counted(found) == {"events": {"lab-result": 1}, "rejected": {}, "ignored": {"not-a-lab-report": 1}}


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 5, 4), (0, 1, 5, 2, 3, 4), (0, 1, 3, 4, 5, 2)])
def test_r6_segments_in_disorder_are_the_same_result(order: tuple[int, ...], read: Reader) -> None:
    segments = oru().split("\r")
    (event,) = read.events(LABS, {"m": "\r".join(segments[n] for n in order)})
    assert plain(event) == plain(one(read))
    assert event.specimen_key == one(read).specimen_key


def test_r8_only_production_is_production_whatever_else_the_message_says(read: Reader) -> None:
    words = {sent: one(read, processing=sent) for sent in ("P", "P^T", "T", "D", "", "X")}
    assert [event.processing for event in words.values()] == [
        "production",
        "production",
        "test",
        "debug",
        "test",
        "test",
    ]
    assert {event.meaning for event in words.values()} == {"positive"}


def test_a_message_of_several_people_tells_each_what_was_found_in_them(read: Reader) -> None:
    first, second = (
        oru(answer=NOT_DETECTED, order="A").split("\r"),
        oru(order="B", pid=PID.replace("L-1^", "L-2^")).split("\r"),
    )
    found = read(LABS, {"m": "\r".join([*first[:-1], *second[1:]])})
    events: list[Any] = [mapped.event for mapped in found]
    assert [(event.person.local_id, event.meaning) for event in events] == [("L-1", "negative"), ("L-2", "positive")]
    assert [mapped.where["patient"] for mapped in found] == [1, 2]
    for mapped in found:  # its original is of one person alone, and gives the same event again
        (again,) = read.events(LABS, {"m": mapped.raw})
        assert mapped.event is not None
        assert again.event_id == mapped.event.event_id
    assert b"L-2^" not in found[0].raw


def test_several_answers_that_differ_are_reviewed_and_the_virus_among_organisms_is_found(read: Reader) -> None:
    assert one(read, answer=f"{DETECTED}~{DETECTED}").meaning == "positive"
    differing = one(read, answer=f"{NOT_DETECTED}~{DETECTED}")
    assert (differing.meaning, differing.issues) == ("review", ("answers-differ",))
    assert (
        one(read, code="95423-0^Organism^LN", answer="407479009^Flu A^SCT~840533007^SARS-CoV-2^SCT").meaning
        == "positive"
    )


def test_results_that_name_neither_order_nor_specimen_nor_person_are_told_apart_by_their_message(read: Reader) -> None:
    def anonymous(control: str) -> Any:
        message = oru(order="", control=control, pid="PID|1||||^^^^^^S||||||^^^^02139")
        message = message.replace("|||20210105||||", "|||||||", 1).replace("SPM|", "ZZZ|")
        (event,) = read.events(LABS, {"m": message})
        return event

    assert anonymous("M1").fact_key != anonymous("M2").fact_key
    assert anonymous("M1").event_id == anonymous("M1").event_id


@pytest.mark.parametrize("kind", ["oru^r01", "Oru^R01^oru_r01", "oru_r01"])
def test_r6_a_kind_of_message_in_small_letters_is_that_kind(kind: str, read: Reader) -> None:
    assert plain(one(read)) == plain(read.events(LABS, {"m": oru().replace("ORU^R01^ORU_R01", kind, 1)})[0])


@pytest.mark.parametrize("program", [LABS, "iis-vxu"])
def test_r3_an_empty_batch_that_says_so_is_set_aside(program: str, read: Reader) -> None:
    """HL7 v2.5.1 §2.10.3.1: a batch holds zero or more messages."""
    (found,) = read(program, {"m": "FHS|^~\\&|LAB\rBHS|^~\\&|LAB\rBTS|0\rFTS|1\r"})
    assert (found.outcome, found.reason) == ("ignored", "empty-batch")
