"""health-standards.md §8 R28: the county of residence, what told it, and what is odd about ZIP and state."""

from __future__ import annotations

from typing import Any

import pytest

from hub.domain.events import LabResult, PersonBlock, Vaccination
from hub.mapping.area import Area, area
from hub.mapping.places import counties_named, counties_of_zip, county_code, postal_code, zip_fits
from hub.mapping.vaccinations import COLUMNS
from tests.mapping.reading import Reader


@pytest.mark.parametrize(
    ("told", "county", "source"),
    [
        (("TN", "37402", "47065", "45039"), "47065", "county-code"),
        (("TN", "37402", "Hamilton", "47037"), "47037", "asked"),
        (("TN", "37402", "Davidson County", ""), "47037", "county-name"),
        (("TN", "37402", "", "Davidson"), "47037", "county-name"),
        (("TN", "37402", "", ""), "47065", "zip"),
        (("", "37402", "", ""), "47065", "zip"),
        (("TN", "37402", "nowhere", ""), "47065", "zip"),
        (("TN", "", "", ""), None, None),
    ],
)
def test_r28_code_then_answer_then_name_then_zip_with_the_source_kept(
    told: tuple[str, str, str, str], county: str | None, source: str | None
) -> None:
    found = area(*told)
    assert (found.county, found.county_source) == (county, source)


def test_r28_a_zip_that_reaches_into_several_counties_is_ambiguous_and_never_guessed() -> None:
    assert counties_of_zip("86515") == {"04001", "35031"}
    assert area("AZ", "86515") == Area("AZ", "86515", None, "ambiguous")
    assert area("AZ", "86515", "Apache").county == "04001"


def test_r28_a_name_that_a_county_and_a_city_share_is_ambiguous_unless_the_zip_says_which() -> None:
    assert counties_named("Baltimore", "MD") == {"24005", "24510"}
    assert area("MD", "", "Baltimore")[2:4] == (None, "ambiguous")
    assert area("MD", "21201", "Baltimore")[2:4] == ("24510", "county-name")
    assert area("MD", "", "Baltimore County")[2:4] == ("24005", "county-name")
    assert area("MD", "", "City of Baltimore").county == area("MD", "", "Baltimore city").county == "24510"


@pytest.mark.parametrize(
    ("state", "name", "county"),
    [
        ("NM", "Dona Ana", "35013"), ("LA", "Orleans Parish", "22071"), ("MO", "Saint Charles", "29183"),
        ("MO", "St. Charles", "29183"),
        ("IL", "De Kalb", "17037"), ("VA", "Alexandria", "51510"), ("PR", "San Juan Municipio", "72127"), ("AK", "JUNEAU", "02110"),
        ("MD", "Prince George's", "24033"), ("VI", "St. Croix", "78010"),
    ],
)  # fmt: skip
def test_r28_names_are_found_however_they_are_spelt(state: str, name: str, county: str) -> None:
    assert area(state, "", name)[2:] == (county, "county-name", ())


def test_r28_short_zips_are_padded_only_in_states_that_begin_with_0() -> None:
    assert area("VT", "5495").postal_code == "05495"
    assert area("TX", "5495") == Area("TX", None, None, None, ("unreadable-zip",))
    assert postal_code("05495-1234", None) == postal_code("054951234", None) == "05495"


def test_r28_a_zip_of_another_state_is_said_and_tells_no_county() -> None:
    """batch_message.hl7: a person of Texas with a ZIP of Kansas."""
    assert area("TX", "67071") == Area("TX", "67071", None, None, ("zip-not-in-state",))
    assert area("TX", "67071", "48201").county == "48201"
    assert zip_fits("67071", "KS")


def test_r28_a_zip_without_an_area_fits_where_its_section_does() -> None:
    assert counties_of_zip("37401") == frozenset()  # post-office boxes
    assert zip_fits("37401", "TN")
    assert not zip_fits("37401", "CA")
    assert zip_fits("09012", "CA")  # armed forces: no table knows the section


def test_r28_a_county_of_another_state_stands_as_told_and_is_said() -> None:
    assert area("TX", "", "47065") == Area("TX", None, "47065", "county-code", ("county-not-in-state",))
    assert area("CT", "", "09110").issues == ("unknown-county",)  # a planning region: newer than the table
    assert county_code("6037", "CA") == county_code("037", "CA") == "06037"
    assert county_code("99999", None) is county_code("00000", None) is county_code("47999", None) is None


PID = "PID|1||X-1^^^Lab&05D0000001&CLIA||Doe^Ann||19800501|F||2106-3^White^HL70005^^not asian|1 St^^Town^{home}|||||||||||{ethnic}"


def lab(read: Reader, home: str, ethnic: str = "", more: tuple[str, ...] = ()) -> Any:
    message = "\r".join((
        "MSH|^~\\&|LIS|Lab^05D0000001^CLIA|||20210301||ORU^R01|1|P|2.5.1",
        PID.format(home=home, ethnic=ethnic),
        "OBR|1||F-1|94500-6^PCR^LN|||20210301",
        "OBX|1|CWE|94500-6^PCR^LN||260373001^Detected^SCT||||||F",
        *more,
    ))  # fmt: skip
    found = [
        event for event in read.events("lab-elr-hl7v2", {"m.hl7": message.encode()}) if isinstance(event, LabResult)
    ]
    return found[0]


def test_r28_a_laboratory_message_says_what_told_the_county(read: Reader) -> None:
    assert lab(read, "TN^37402^USA^H^^47065").county_source == "county-code"
    asked = "OBX|2|CWE|87721-7^county^LN||47037^Davidson^FIPS6_4||||||F"
    assert lab(read, "TN^37402^USA^H^^Hamilton", more=(asked,)).county_source == "asked"
    assert lab(read, "TN^37402").county_source == "zip"
    event = lab(read, "AZ^86515")
    assert (event.county_source, event.person.county) == ("ambiguous", None)


def test_r28_the_clinic_is_not_where_the_person_lives(read: Reader) -> None:
    """The recipient of a CVRS row lives in Tennessee; the site stands in Georgia and tells no area."""
    cells = dict.fromkeys(COLUMNS, "") | {
        "vax_event_id": "1", "recip_id": "2", "admin_date": "2021-03-01", "cvx": "208", "admin_address_county": "13295",
        "admin_address_state": "GA", "admin_address_zip": "30741", "recip_address_state": "TN", "recip_address_zip": "37402",
        "recip_race_1": "UNK", "recip_ethnicity": "African American",
    }  # fmt: skip
    table = "\t".join(COLUMNS) + "\n" + "\t".join(cells[name] for name in COLUMNS) + "\n"
    (event,) = read.events("iis-cvrs", {"20210301_01_TST.txt": table.encode()})
    assert isinstance(event, Vaccination)
    assert isinstance(event.person, PersonBlock)
    assert (event.person.county, event.county_source) == ("47065", "zip")
    assert "race-in-ethnicity" in event.issues


def test_r26_a_code_and_a_text_that_contradict_are_said_and_the_code_stands(read: Reader) -> None:
    event = lab(read, "TN^37402", "2135-2^Non Hispanic^HL70189")
    assert event.race_ethnicity.groups == ("white", "hispanic")
    assert "race-text-contradicts" in event.issues


def test_r26_a_race_in_the_ethnicity_field_of_a_message_is_said(read: Reader) -> None:
    event = lab(read, "TN^37402", "^Black")
    assert (event.race_ethnicity.groups, event.race_ethnicity.ethnicity_absence) == (("white",), "unknown")
    assert "race-in-ethnicity" in event.issues
