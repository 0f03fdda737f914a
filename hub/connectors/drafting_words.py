"""What columns are called in the exports of shelters, pantries, clinics: hints for a draft, best first, never more than that."""

from __future__ import annotations

from collections.abc import Mapping

IDS = (
    "personid", "clientid", "guestid", "patientid", "memberid", "participantid", "customerid", "householdmemberid", "personalid",
    "recipientid", "id",
)  # fmt: skip
OCCURRED = (
    "occurredon", "night", "bednight", "stayed", "visitdate", "servicedate", "pickupdate", "distributiondate", "entrydate",
    "checkin", "checkindate", "admindate", "collectiondate", "date", "visit",
)  # fmt: skip
CHANGED = ("changedat", "updatedat", "updated", "lastupdated", "lastmodified", "modified", "modifiedat", "dateupdated")
SITE = ("siteid", "shelterid", "locationid", "projectid", "site", "shelter", "location", "house")
BLOCK: Mapping[str, tuple[str, ...]] = {
    "given_name": ("givenname", "firstname", "first", "fname"),
    "middle_name": ("middlename", "middle", "mname"),
    "family_name": ("familyname", "lastname", "last", "surname", "lname"),
    "suffix": ("suffix", "namesuffix"),
    "birth_date": ("birthdate", "dob", "dateofbirth", "birthday"),
    "sex": ("sex", "gender"),
    "ssn": ("ssn", "socialsecuritynumber"),
    "phone": ("phone", "phonenumber", "telephone", "mobile", "cell", "cellphone"),
    "email": ("email", "emailaddress"),
    "address_line": ("addressline", "address", "street", "streetaddress", "addressline1", "address1"),
    "city": ("city", "town"),
    "state": ("state",),
    "postal_code": ("postalcode", "zip", "zipcode", "zip5"),
    "county": ("countyfips",),
}
EVENTS = (
    ("vaccination", "cvx"), ("vaccination", "vaccin"), ("food-assistance", "pantry"), ("food-assistance", "food"),
    ("food-assistance", "meal"), ("food-assistance", "pickup"), ("food-assistance", "distribution"), ("shelter-stay", "bed"),
    ("shelter-stay", "night"), ("shelter-stay", "shelter"), ("shelter-stay", "checkin"),
)  # fmt: skip
"""Event kind by a part of some column's name."""
FIELDS: Mapping[str, Mapping[str, object]] = {
    "shelter-stay": {
        "stay": "night",
        "presence": True,
        "site": "SITE",
        "site_kind": "congregate",
        "entered_on": "WHEN",
    },
    "food-assistance": {"program": "pantry", "enrolled": "yes", "delivered": True},
    "vaccination": {"status": "administered", "covid": False},
}
"""Needed fields of those events; SITE and WHEN stand for the column found."""
