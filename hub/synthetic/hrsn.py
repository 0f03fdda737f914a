"""Screenings as an AHC-HRSN CSV set: three pipe-delimited files joined on PAT_MRN_ID (people, facility, answers)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.synthetic.facts import Registration, Screening, SourceId
from hub.synthetic.people import RACE_CODES, Person
from hub.synthetic.places import FACILITIES, STATE, UTC_OFFSET

__all__ = ["QUESTIONS", "hrsn_set"]

_DEMOGRAPHIC = (
    "MPI_ID|PAT_MRN_ID|FACILITY_ID|CONSENT|FIRST_NAME|MIDDLE_NAME|LAST_NAME|ADMINISTRATIVE_SEX_CODE|"
    "ADMINISTRATIVE_SEX_CODE_DESCRIPTION|ADMINISTRATIVE_SEX_CODE_SYSTEM|SEX_AT_BIRTH_CODE|"
    "SEX_AT_BIRTH_CODE_DESCRIPTION|SEX_AT_BIRTH_CODE_SYSTEM|PAT_BIRTH_DATE|ADDRESS1|ADDRESS2|CITY|STATE|ZIP|"
    "PHONE|SSN|GENDER_IDENTITY_CODE|GENDER_IDENTITY_CODE_DESCRIPTION|GENDER_IDENTITY_CODE_SYSTEM_NAME|"
    "SEXUAL_ORIENTATION_CODE|SEXUAL_ORIENTATION_CODE_DESCRIPTION|SEXUAL_ORIENTATION_CODE_SYSTEM_NAME|"
    "PREFERRED_LANGUAGE_CODE|PREFERRED_LANGUAGE_CODE_DESCRIPTION|PREFERRED_LANGUAGE_CODE_SYSTEM_NAME|RACE_CODE|"
    "RACE_CODE_DESCRIPTION|RACE_CODE_SYSTEM_NAME|ETHNICITY_CODE|ETHNICITY_CODE_DESCRIPTION|"
    "ETHNICITY_CODE_SYSTEM_NAME|MEDICAID_CIN"
)
_ADMIN = (
    "PAT_MRN_ID|FACILITY_ID|FACILITY_LONG_NAME|ORGANIZATION_TYPE|FACILITY_ADDRESS1|FACILITY_ADDRESS2|"
    "FACILITY_CITY|FACILITY_STATE|FACILITY_ZIP|VISIT_PART_2_FLAG|VISIT_OMH_FLAG|VISIT_OPWDD_FLAG"
)
_SCREENING = (
    "PAT_MRN_ID|FACILITY_ID|ENCOUNTER_ID|ENCOUNTER_CLASS_CODE|ENCOUNTER_CLASS_CODE_DESCRIPTION|"
    "ENCOUNTER_CLASS_CODE_SYSTEM|ENCOUNTER_STATUS_CODE|ENCOUNTER_STATUS_CODE_DESCRIPTION|"
    "ENCOUNTER_STATUS_CODE_SYSTEM|ENCOUNTER_TYPE_CODE|ENCOUNTER_TYPE_CODE_DESCRIPTION|ENCOUNTER_TYPE_CODE_SYSTEM|"
    "SCREENING_STATUS_CODE|SCREENING_STATUS_CODE_DESCRIPTION|SCREENING_STATUS_CODE_SYSTEM|SCREENING_CODE|"
    "SCREENING_CODE_DESCRIPTION|SCREENING_CODE_SYSTEM_NAME|RECORDED_TIME|QUESTION_CODE|QUESTION_CODE_DESCRIPTION|"
    "QUESTION_CODE_SYSTEM_NAME|UCUM_UNITS|SDOH_DOMAIN|PARENT_QUESTION_CODE|ANSWER_CODE|ANSWER_CODE_DESCRIPTION|"
    "ANSWER_CODE_SYSTEM_NAME|POTENTIAL_NEED_INDICATED"
)
_LOINC, _SNOMED, _CDCREC = "http://loinc.org", "http://snomed.info/sct", "urn:oid:2.16.840.1.113883.6.238"
_PANEL = (
    "96777-8|Accountable health communities (AHC) health-related social needs screening (HRSN) tool|http://loinc.org"
)
_STEADY = {
    True: ("LA31993-1", "I have a steady place to live", "No"),
    None: ("LA31994-9", "I have a place to live today, but I am worried about losing it in the future", "Yes"),
    False: (
        "LA31995-6",
        "I do not have a steady place to live (I am temporarily staying with others, in a hotel, in a shelter, "
        "living outside on the street, on a beach, in a car, abandoned building, bus or train station, or in a "
        "park)",
        "Yes",
    ),
}
_FOOD = {
    True: (("LA28397-0", "Often true", "Yes"), ("LA6729-3", "Sometimes true", "Yes")),
    False: (("LA28398-8", "Never true", "No"), ("LA28398-8", "Never true", "No")),
}
QUESTIONS = (
    ("71802-3", "What is your living situation today?", "Homelessness, Housing Instability"),
    (
        "88122-7",
        "Within the past 12 months, you worried that your food would run out before you got money to buy more.",
        "Food Insecurity",
    ),
    (
        "88123-5",
        "Within the past 12 months, the food you bought just didn't last and you didn't have money to get more.",
        "Food Insecurity",
    ),
    (
        "93030-5",
        "In the past 12 months, has lack of reliable transportation kept you from medical appointments, "
        "meetings, work or from getting things needed for daily living?",
        "Transportation Insecurity",
    ),
)
_NO = ("LA32-8", "No", "No")
_RACE_WORDS = {
    "2106-3": "White",
    "2054-5": "Black or African American",
    "2028-9": "Asian",
    "1002-5": "American Indian or Alaska Native",
    "2076-8": "Native Hawaiian or Other Pacific Islander",
    "2131-1": "Other Race",
}


def hrsn_set(
    screenings: Sequence[Screening], registrations: Mapping[SourceId, Registration], people: Sequence[Person], tag: str
) -> dict[str, bytes]:
    """The files of one drop, name to content: per person one demographic and one facility row, per answer a row."""
    first = {screening.sid: screening for screening in screenings}
    demographic = [_person(s, people[registrations[s.sid].person], registrations[s.sid]) for s in first.values()]
    admin = [_visit(s) for s in first.values()]
    answers = [line for s in screenings for line in _answers(s)]
    return {
        f"DEMOGRAPHIC_DATA_{tag}.csv": _file(_DEMOGRAPHIC, demographic),
        f"QE_ADMIN_DATA_{tag}.csv": _file(_ADMIN, admin),
        f"SCREENING_{tag}.csv": _file(_SCREENING, answers),
    }


def _person(screening: Screening, person: Person, record: Registration) -> str:
    sex = ("F", "Female") if person.sex == "F" else ("M", "Male")
    races = [RACE_CODES[word] for word in person.races] or ["2131-1"]
    race, ethnicity = ["UNK", "Unknown", "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"], ["UNK", "Unknown", ""]
    if record.race_known:
        race = [races[0], _RACE_WORDS[races[0]], _CDCREC]
        ethnicity = (
            ["2135-2", "Hispanic or Latino", _CDCREC]
            if person.hispanic
            else ["2186-5", "Not Hispanic or Latino", _CDCREC]
        )
    return "|".join(
        [
            "",
            screening.sid.local_id,
            screening.sid.authority,
            "Y" if screening.consent else "N",
            record.given,
            record.middle,
            record.family,
            *sex,
            "http://terminology.hl7.org/CodeSystem/v3-AdministrativeGender",
            "UNK",
            "Unknown",
            "http://terminology.hl7.org/CodeSystem/v3-NullFlavor",
            record.birth_date.isoformat() if record.birth_date else "",
            person.street,
            "",
            person.city,
            STATE,
            person.zip_code,
            person.phone,
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "en",
            "English",
            "ISO",
            *race,
            *ethnicity,
            "",
        ]
    )


def _visit(screening: Screening) -> str:
    place = FACILITIES[screening.facility]
    return "|".join(
        [
            screening.sid.local_id,
            place.facility_id,
            place.name,
            place.organization_type,
            place.address,
            "",
            place.city,
            STATE,
            place.zip_code,
            *["No"] * 3,
        ]
    )


def _answers(screening: Screening) -> list[str]:
    status = ("cancelled", "Cancelled") if screening.cancelled else ("finished", "Finished")
    state = ("unknown", "Unknown") if screening.cancelled else ("final", "Final")
    answers = (_STEADY[screening.steady_place], *_FOOD[screening.food_need], _NO)
    head = [
        screening.sid.local_id,
        screening.sid.authority,
        screening.encounter,
        "FLD",
        "field",
        "http://terminology.hl7.org/CodeSystem/v3-ActCode",
        *status,
        "http://hl7.org/fhir/encounter-status",
        "405672008",
        "Direct questioning",
        _SNOMED,
        *state,
        "http://hl7.org/fhir/observation-status",
        _PANEL,
        f"{screening.at:%Y-%m-%dT%H:%M:%S}.000000{UTC_OFFSET}",
    ]
    return [
        "|".join([*head, code, question, _LOINC, "", domain, "", answer, words, _LOINC, need])
        for (code, question, domain), (answer, words, need) in zip(QUESTIONS, answers, strict=True)
    ]


def _file(header: str, lines: Sequence[str]) -> bytes:
    return ("\n".join((header, *lines)) + "\n").encode()
