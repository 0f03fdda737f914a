"""`UNKNOWN` is nobody's number and no name, and a namespace of one laboratory means nothing in another: nobody is mixed up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mapping.made_up_fhir import body, bundle, header, observation, organization, patient, report
from tests.mapping.made_up_lab_csv import one as row
from tests.mapping.made_up_lab_csv import standard
from tests.mapping.reading import Reader
from tests.mapping.test_labs import LABS, PID, one, oru

ID = "L-1^^^Lab&05D0000001&CLIA^PI"
ANN, BOB = "Example^Person", "Sample^Other"


def told(read: Reader, sent: str, name: str = ANN, born: str = "19800101") -> Any:
    return one(read, pid=PID.replace(ID, sent).replace(ANN, name).replace("19800101", born))


@pytest.mark.parametrize("sent", ["UNKNOWN", "0", "N/A^^^Lab&05D0000001&CLIA^MR", "999999", "-"])
def test_an_id_that_names_nobody_leaves_people_apart(sent: str, read: Reader) -> None:
    ann, bob = told(read, sent), told(read, sent, BOB, "19500505")
    assert ann.issues == bob.issues == ("placeholder-id",)
    assert len({ann.source_person, bob.source_person, None}) == 3
    assert ann.source_person == told(read, "").source_person
    assert ann.person.local_id is None


def test_the_first_id_that_names_somebody_is_taken(read: Reader) -> None:
    assert told(read, f"UNK^^^Lab~{ID}").source_person == told(read, ID).source_person
    by_old_field = one(read, pid=PID.replace(f"||{ID}", f"|{ID}|UNK"))
    assert (by_old_field.source_person, by_old_field.issues) == (told(read, ID).source_person, ("placeholder-id",))


@pytest.mark.parametrize(
    "other", ["524-11-0097^^^SSA^SS", "524110097^^^SSA&2.16.840.1.113883.4.1&ISO^SS", "524110097^^^^ssn"]
)
def test_an_ssn_among_the_ids_is_no_id_of_the_source_and_tells_the_ssn(other: str, read: Reader) -> None:
    plain = told(read, ID)
    for sent in (f"{other}~{ID}", f"{ID}~{other}"):
        event = told(read, sent)
        assert (event.source_person, event.person.local_id) == (plain.source_person, plain.person.local_id)
        assert (plain.person.ssn, event.person.ssn) == (None, "524110097")


def test_an_ssn_in_its_own_field_comes_before_one_among_the_ids(read: Reader) -> None:
    pid = PID.replace(ID, f"{ID}~524110097^^^SSA^SS").split("|")
    assert one(read, pid="|".join([*[*pid, *[""] * 20][:19], "524-11-0098"])).person.ssn == "524110098"


@pytest.mark.parametrize("kind", ["SS", "MA", "MC", "MB"])
def test_who_has_no_id_but_an_ssn_or_a_payers_number_is_known_by_name_and_birth_date(kind: str, read: Reader) -> None:
    event = told(read, f"524110097^^^X^{kind}")
    assert (event.source_person, event.person.local_id) == (told(read, "").source_person, None)


@pytest.mark.parametrize("name", ["Unknown^Unknown", "UNK^", "^unidentified", "NULL^NULL"])
def test_nobody_born_on_the_first_day_of_1900_counts_for_the_area_only(name: str, read: Reader) -> None:
    event = told(read, "", name, "19000101")
    assert (event.source_person, event.person.family_name, event.person.birth_date) == (None, None, None)
    assert event.issues == ("placeholder-name", "placeholder-birth-date")
    assert event.person.postal_code


def test_half_a_name_is_no_name_and_stays_out_of_the_block(read: Reader) -> None:
    event = told(read, "", "Unknown^Ann")
    assert (event.source_person, event.person.family_name, event.person.given_name) == (None, None, "Ann")


def test_a_real_id_and_an_unknown_birth_date_tell_the_person(read: Reader) -> None:
    event = told(read, ID, born="19000101")
    assert event.source_person == told(read, ID).source_person
    assert (event.person.birth_date, event.issues) == (None, ("placeholder-birth-date",))


def test_people_are_called_doe_and_null(read: Reader) -> None:
    for name in ("Doe^Jane", "Null^Ann", "Test^Ann"):
        event = told(read, "", name)
        assert (event.issues, event.source_person is not None) == ((), True)


def test_r24_a_namespace_without_universal_id_means_something_in_its_laboratory_only(read: Reader) -> None:
    def of(facility: str, authority: str) -> Any:
        (event,) = read.events(LABS, {"m": _oru(facility, authority)})
        return event.source_person

    first, second = "Lab A^05D1111111^CLIA", "Lab B^05D2222222^CLIA"
    assert of(first, "LIS") != of(second, "LIS")
    assert of(first, "LIS") == of("Lab A renamed^05D1111111^CLIA", "LIS")
    assert of(first, "LIS") != of(first, "OTHER")
    assert of(first, "LIS&1.2.3&ISO") == of(second, "LIS&1.2.3&ISO")
    assert of(first, "&MRN&L") != of(second, "&MRN&L")


def _oru(facility: str, authority: str) -> str:
    message = oru(pid=PID.replace(ID, f"12345^^^{authority}^PI"))
    head, rest = message.split("\r", 1)
    fields = head.split("|")
    fields[3] = facility
    return "\r".join(("|".join(fields), rest))


@pytest.mark.parametrize("sent", ["UNKNOWN", "NO MRN", "000000"])
def test_a_row_whose_id_names_nobody_is_known_by_name_and_birth_date(sent: str, read: Reader) -> None:
    event = row(read, standard({"patient_id": sent}))
    assert event.issues == ("placeholder-id",)
    assert event.source_person == row(read, standard({"patient_id": ""})).source_person
    unnamed = row(read, standard({"patient_id": sent, "patient_last_name": "UNKNOWN"}))
    assert (unnamed.source_person, unnamed.issues) == (None, ("placeholder-id", "placeholder-name"))
    nobody = {"patient_last_name": "UNKNOWN", "patient_first_name": "UNKNOWN", "patient_dob": "1/1/1900"}
    assert row(read, standard({"patient_id": sent, **nobody})).source_person is None


@pytest.mark.parametrize("sent", ["UNKNOWN", "0", "n/a"])
def test_a_fhir_identifier_that_names_nobody_leaves_people_apart(sent: str, read: Reader) -> None:
    def of(**changes: Any) -> Any:
        told = {"identifier": [{"system": "urn:oid:1.2.3", "value": sent}], **changes}
        made = bundle(header(), organization(), patient(**told), report(1), observation(1))
        (event,) = read.events("lab-elr-fhir", {"f.json": body(made)})
        return event

    ann, bob = of(), of(name=[{"family": "Sample", "given": ["Other"]}], birthDate="1950-05-05")
    assert ann.issues == bob.issues == ("placeholder-id",)
    assert len({ann.source_person, bob.source_person, None}) == 3
    nobody = of(name=[{"family": "UNKNOWN", "given": ["Unk"]}], birthDate="1900-01-01")
    assert nobody.source_person is None
    assert nobody.issues == ("placeholder-id", "placeholder-name", "placeholder-birth-date")
    assert (nobody.person.family_name, nobody.person.postal_code) == (None, "37201")


def test_a_fhir_identifier_whose_system_is_no_uri_means_something_at_its_sender_only(read: Reader) -> None:
    def of(clia: str, **identifier: Any) -> Any:
        told = patient(identifier=[{"value": "12345", **identifier}])
        made = bundle(header(), organization(clia), told, report(1), observation(1))
        (event,) = read.events("lab-elr-fhir", {"f.json": body(made)})
        return event.source_person

    for identifier in ({}, {"system": "LIS"}, {"assigner": {"display": "LIS"}}):
        assert of("44D0000001", **identifier) != of("44D0000002", **identifier)
    assert of("44D0000001", system="urn:oid:1.2.3") == of("44D0000002", system="urn:oid:1.2.3")
