"""Lists that give one id to two people: nobody can say whose the rows are, so none is taken, and nobody is joined wrongly."""

from __future__ import annotations

import pytest

from tests.mapping.reading import Reader

LISTS = {
    "food-pantry": ("Client ID,Last Name,First Name,DOB,Visit Date,Visit Type", "02/10/2021,TEFAP"),
    "food-benefits": ("INDIVIDUAL_ID,LAST_NAME,FIRST_NAME,DOB,PROGRAM,STATUS,EFFECTIVE_DATE", "SNAP,Active,01/01/2021"),
    "consent": ("Client ID,Last Name,First Name,DOB,ROI Status,Date Signed", "Signed,01/10/2021"),
    "case-line-list": (
        "PATIENT_LOCAL_ID,PATIENT_LAST_NAME,PATIENT_FIRST_NAME,PATIENT_DOB,INV_CASE_STATUS,RPT_DT,INV_LOCAL_ID",
        "Confirmed,02/12/2021,CAS",
    ),
}
ANN = "7,Alder,Ann,01/01/1980"


def listed(connector: str, *people: str) -> dict[str, str]:
    head, rest = LISTS[connector]
    numbered = connector == "case-line-list"
    rows = [f"{person},{rest}{number if numbered else ''}" for number, person in enumerate(people)]
    return {"list.csv": "\n".join([head, *rows, ""])}


@pytest.mark.parametrize("connector", LISTS)
@pytest.mark.parametrize("other", ["7,Birch,Ben,02/02/1981", "7,Alder,Tim,05/17/2012", "7,Birch,Ben,"])
def test_r3_one_id_for_two_people_is_nobodys(connector: str, other: str, read: Reader) -> None:
    """A household's number in the column of its members is the usual cause."""
    for people in ((ANN, other), (other, ANN)):
        found = read(connector, listed(connector, *people, "8,Cedar,Cleo,03/03/1982"))
        assert [mapped.reason or mapped.outcome for mapped in found] == ["duplicate-key", "duplicate-key", "event"]
        assert all(mapped.where["field"] for mapped in found[:2])


@pytest.mark.parametrize("connector", LISTS)
@pytest.mark.parametrize("same", ["7,Alder-Beech,Ann,01/01/1980", "7,Alder,Ann,", "7,,,", "7,ALDER,ann,01/01/1980"])
def test_a_name_that_was_corrected_and_what_a_row_lacks_are_one_person(connector: str, same: str, read: Reader) -> None:
    found = read(connector, listed(connector, ANN, same))
    assert [mapped.outcome for mapped in found] == ["event", "event"]
    assert len({mapped.event.source_person for mapped in found if mapped.event}) == 1


def test_r3_one_investigation_of_two_patients_is_neithers(read: Reader) -> None:
    head, _ = LISTS["case-line-list"]
    rows = [f"{person},Confirmed,02/12/2021,CAS1" for person in (ANN, "8,Birch,Ben,02/02/1981")]
    found = read("case-line-list", {"list.csv": "\n".join([head, *rows, ""])})
    assert [(m.reason, m.where["field"]) for m in found] == [("duplicate-key", "inv_local_id")] * 2


def test_a_word_processors_apostrophe_is_one(read: Reader) -> None:
    head = "Connection ID,Referral Date,Client ID,Service Tag,Referral Status"
    (event,) = read.events("referral-csv", {"list.csv": f"{head}\nF1,02/01/2021,7,Food Pantry,Couldn\u2019t Contact\n"})
    assert (event.status, event.outcome) == ("not-helped", "couldnt-contact")
