from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mapping.reading import Reader, counted

LABS = "lab-elr-hl7v2"
PID = (
    "PID|1||L-1^^^Lab&05D0000001&CLIA^PI||Example^Person||19800101|F||2106-3^White^HL70005|"
    "1 Made Up Rd^^Town^CA^90001^USA^H^^06037"
)
PCR = "94500-6^SARS-CoV-2 RNA^LN"
DETECTED, NOT_DETECTED = "260373001^Detected^SCT", "260415000^Not detected^SCT"


def oru(
    *,
    answer: str = DETECTED,
    code: str = PCR,
    status: str = "F",
    report: str = "F",
    at: str = "20210107120000+0000",
    sent: str = "",
    control: str = "M1",
    processing: str = "P",
    order: str = "F-1",
    pid: str = PID,
    kind: str = "CWE",
    more: tuple[str, ...] = (),
    version: str = "2.5.1",
    ordered: str = "94531-1^panel^LN",
) -> str:
    return "\r".join(
        (
            f"MSH|^~\\&|LIS|Lab^05D0000001^CLIA|HUB|HUB|{sent or at}||ORU^R01^ORU_R01|{control}|{processing}|{version}",
            pid,
            f"ORC|RE||{order}^Lab",
            f"OBR|1||{order}^Lab|{ordered}|||20210105|||||||||||||||{at}|||{report}",
            f"OBX|1|{kind}|{code}||{answer}||||||{status}|||20210105",
            *more,
            "SPM|1|^S-1||258500001^swab^SCT|||||||||||||20210105",
            "",
        )
    )


def one(read: Reader, **changes: Any) -> Any:
    (event,) = read.events(LABS, {"m.hl7": oru(**changes)})
    return event


def test_a_detected_final_molecular_result_is_positive(read: Reader) -> None:
    event = one(read)
    assert (event.meaning, event.status, event.processing, event.method) == (
        "positive",
        "final",
        "production",
        "molecular",
    )
    assert event.collected_on.isoformat() == "2021-01-05"
    assert event.person.county == "06037"
    assert event.race_ethnicity.groups == ("white",)


@pytest.mark.parametrize(
    ("code", "answer", "meaning", "method"),
    [
        ("94558-4^Ag^LN", "10828004^Positive^SCT", "positive", "antigen"),
        ("94563-4^IgG^LN", "10828004^Positive^SCT", "not-covid", "serology"),  # never isolates
        ("95970-0^T-cell^LN", "260373001^Detected^SCT", "not-covid", "other"),
        ("68993-5^RNase P^LN", "260373001^Detected^SCT", "not-covid", "other"),  # human control
        ("80382-5^Flu A^LN", "260373001^Detected^SCT", "not-covid", "other"),
        ("94502-2^SARS-related^LN", "260373001^Detected^SCT", "presumptive-positive", "molecular"),  # genus
        ("95423-0^Organism^LN", "840533007^SARS-CoV-2^SCT", "positive", "molecular"),
        ("95423-0^Organism^LN", "407479009^Influenza A^SCT", "not-covid", "molecular"),
        (PCR, "1234^?^SCT", "review", "molecular"),
        (PCR, "840539006^disease^SCT", "review", "molecular"),
        (PCR, "^Detected", "positive", "molecular"),  # words only where no code was sent
        (PCR, "POS^POSITIVE^L", "positive", "molecular"),
        (PCR, "Y^POSITIVE^L", "review", "molecular"),  # a local code is not guessed by its text
        (PCR, "X^y^L^260373001^Detected^SCT", "positive", "molecular"),
        (PCR, "", "review", "molecular"),
        ("LOCAL^COVID^L^94500-6^RNA^LN", DETECTED, "positive", "molecular"),
        ("LOCAL^SARS-CoV-2 POSITIVE^L", DETECTED, "review", "other"),
    ],
)
def test_meaning_comes_from_the_tables_alone(code: str, answer: str, meaning: str, method: str, read: Reader) -> None:
    event = one(read, code=code, answer=answer)
    assert (event.meaning, event.method) == (meaning, method)


@pytest.mark.parametrize("text", ["POSITIVE", " detected ", "Positive (Abnormal)"])
def test_plain_text_counts_by_the_word_list_exactly(text: str, read: Reader) -> None:
    assert one(read, kind="ST", answer=text).meaning == "positive"
    assert one(read, kind="ST", answer=text + " for John").meaning == "review"


def test_text_that_is_no_known_word_does_not_leave(read: Reader) -> None:
    event = one(read, kind="ST", answer="POSITIVE for John Example")
    assert event.result.code is None


@pytest.mark.parametrize(
    ("obx", "obr", "status", "active"),
    [
        ("F", "F", "final", True),
        ("U", "", "final", True),
        ("P", "F", "preliminary", True),
        ("C", "C", "corrected", True),
        ("C^Record coming over^HL70085", "C", "corrected", True),
        ("A", "F", "corrected", True),
        ("W", "C", "withdrawn", False),
        ("D", "F", "withdrawn", False),
        ("X", "F", "withdrawn", False),
        ("", "C", "corrected", True),
        ("", "", "final", True),
    ],
)
def test_status_is_of_the_observation_else_of_the_report(
    obx: str, obr: str, status: str, active: bool, read: Reader
) -> None:
    event = one(read, status=obx, report=obr)
    assert (event.status, event.active) == (status, active)


@pytest.mark.parametrize("status", ["I", "O", "N"])
def test_an_order_without_result_yet_is_ignored(status: str, read: Reader) -> None:
    assert counted(read(LABS, {"m": oru(status=status)}))["ignored"] == {"no-result-yet": 1}


@pytest.mark.parametrize(("processing", "word"), [("P", "production"), ("T", "test"), ("D", "debug"), ("", "test")])
def test_only_production_is_production(processing: str, word: str, read: Reader) -> None:
    assert one(read, processing=processing).processing == word


def version(event: Any) -> tuple[Any, ...]:
    return event.changed_at, event.status_rank, event.content_hash, event.mapping_version


def test_a_correction_is_the_same_fact_with_a_higher_version(read: Reader) -> None:
    first = one(read)
    corrected = one(read, answer=NOT_DETECTED, status="C", report="C", at="20210108120000+0000", control="M2")
    assert corrected.fact_key == first.fact_key
    assert corrected.report_key == first.report_key
    assert version(corrected) > version(first)


def test_a_correction_of_the_same_minute_outranks_its_original(read: Reader) -> None:
    assert version(one(read, answer=NOT_DETECTED, status="C")) > version(one(read))


def test_a_resend_under_a_new_message_id_keeps_its_event_id(read: Reader) -> None:
    assert one(read).event_id == one(read, control="M2", sent="20210109").event_id


def test_a_value_that_comes_back_later_is_a_new_event(read: Reader) -> None:
    assert one(read).event_id != one(read, at="20210109120000+0000").event_id


def test_several_analytes_share_a_report_and_are_facts_of_their_own(read: Reader) -> None:
    more = ("OBX|2|CWE|80382-5^Flu A^LN||260415000^Not detected^SCT||||||F",)
    first, second = read.events(LABS, {"m": oru(more=more)})
    assert first.report_key == second.report_key
    assert first.observation_key != second.observation_key


def test_an_exact_repeat_within_a_message_is_told_once(read: Reader) -> None:
    again = oru().split("\r")[4]
    assert len(read.events(LABS, {"m": oru(more=(again,))})) == 1


@pytest.mark.parametrize("rest", ["", "|||||||||20201213", "||||||F|||20201213|||||||||||||||QST"])
def test_an_earlier_result_told_as_an_answer_is_no_result_of_this_report(rest: str, read: Reader) -> None:
    earlier = f"OBX|2|CWE|94558-4^Ag^LN||{DETECTED}{rest}"
    (event,) = read.events(LABS, {"m": oru(answer=NOT_DETECTED, more=(earlier,))})
    assert (event.loinc, event.meaning) == ("94500-6", "negative")


@pytest.mark.parametrize("question", ["65222-2", "11368-8"])
def test_both_onset_questions_are_onset(question: str, read: Reader) -> None:
    event = one(read, more=(f"OBX|2|DT|{question}^onset^LN||20210103||||||F",))
    assert event.onset_on.isoformat() == "2021-01-03"


def test_answers_may_stand_anywhere_and_unknown_is_not_no(read: Reader) -> None:
    asked = "OBX|9|CWE|95421-4^congregate^LN||Y^Yes^HL70136||||||F"
    unknown = "OBX|9|CWE|95419-8^symptoms^LN||UNK^Unknown^NULLFL||||||F"
    event = one(read, more=(asked, unknown, "OBX|9|CWE|75617-1^residence^LN||32911000^Homeless^SCT||||||F"))
    assert (event.congregate, event.symptomatic, event.residence) == ("yes", "unknown", "32911000")


def test_answers_flattened_into_notes_are_read(read: Reader) -> None:
    event = one(read, more=("NTE|1|L|95421-4 Resides in a congregate care setting: Yes Y HL70136",))
    assert event.congregate == "yes"


def test_whoever_is_not_named_counts_for_an_area_only(read: Reader) -> None:
    event = one(read, pid="PID|1||X-1^^^Lab||^^^^^^S||||||^^^^02139")
    assert event.source_person is None
    assert event.person.model_dump(exclude_none=True) == {
        "birth_date_partial": False, "postal_code": "02139", "county": "25017",
    }  # fmt: skip


def test_local_ids_carry_their_authority(read: Reader) -> None:
    other = one(read, pid=PID.replace("05D0000001", "05D0000002"))
    assert other.source_person != one(read).source_person


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        (oru().replace("ORU^R01^ORU_R01", "VXU^V04"), ("ignored", "not-a-lab-report")),
        (oru(version="3.0"), ("rejected", "unsupported-version")),
        (oru().replace("PID|", "ZZZ|"), ("rejected", "no-patient")),
        (oru(code="4548-4^A1c^LN", ordered="4548-4^A1c^LN"), ("ignored", "not-covid")),
        (oru().replace("OBX|", "ZBX|"), ("ignored", "no-observation")),
        ("MSH|", ("rejected", "bad-separators")),
        ("", ("rejected", "empty")),
    ],
)
def test_what_is_no_result_says_why(message: str, outcome: tuple[str, str], read: Reader) -> None:
    found = read(LABS, {"m": message})
    assert [(mapped.outcome, mapped.reason) for mapped in found] == [outcome]


def test_a_batch_that_lost_messages_is_reported_and_the_others_stand(read: Reader) -> None:
    found = read(LABS, {"m": "BHS|^~\\&\r" + oru() + "BTS|2\r"})
    assert [(mapped.outcome, mapped.reason) for mapped in found] == [
        ("event", None),
        ("rejected", "batch-count-mismatch"),
    ]


MESSAGES = [
    oru(order=order, answer=answer, status=status, at=f"2021010{day}120000+0000", control=f"{order}{day}{status}")
    for order, (answer, status, day) in itertools.product(
        ("A", "B"), ((DETECTED, "F", 6), (NOT_DETECTED, "C", 7), (NOT_DETECTED, "W", 8))
    )
]


@given(st.permutations(MESSAGES), st.integers(0, 5))
def test_order_and_repeats_of_messages_do_not_change_the_set_of_events(messages: list[str], repeated: int) -> None:
    read = Reader()
    given_order = {event.model_dump_json() for event in read.events(LABS, {"m": "".join(MESSAGES)})}
    shuffled = {event.model_dump_json() for event in read.events(LABS, {"m": "".join([*messages, messages[repeated]])})}
    assert shuffled == given_order


@given(st.binary(max_size=400))
def test_any_bytes_end_in_an_outcome(data: bytes) -> None:
    for prefix in (b"", oru().encode()):
        assert Reader()(LABS, {"m": prefix + data})


@pytest.mark.parametrize("field", [5, 10, 13, 22])
def test_a_field_of_very_many_repetitions_holds_nobody_up(read: Reader, field: int) -> None:
    parts = [*PID.split("|"), *[""] * 15]
    parts[field] = f"{parts[field]}{'~' * 200_000}"
    assert one(read, pid="|".join(parts)).meaning == "positive"
