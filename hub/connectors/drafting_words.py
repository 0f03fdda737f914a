"""What columns are called in the exports of shelters, pantries, clinics: hints for a draft, best first, never more than that."""

from __future__ import annotations

from collections.abc import Mapping

SHORT: Mapping[str, str] = {
    "pt": "patient", "pat": "patient", "dt": "date", "tm": "time", "coll": "collection", "rslt": "result", "res": "result",
    "desc": "description", "acc": "accession", "spec": "specimen", "nbr": "number", "num": "number", "nr": "number",
    "addr": "address", "tel": "telephone", "ph": "phone", "nm": "name", "stat": "status", "rpt": "report", "rptd": "reported",
    "svc": "service",
}  # fmt: skip
"""What systems with short names of columns leave out of words."""
OWNERS = ("patient", "client", "guest", "member", "resident", "participant", "person", "customer", "recipient")
"""Whose it is: `Patient DOB` is a birth date."""
IDS = (
    "personid", "clientid", "guestid", "patientid", "memberid", "participantid", "customerid", "householdmemberid", "personalid",
    "recipientid", "residentid", "callerid", "mrn", "memberno", "guestno", "clientno", "patientno", "residentno", "personno",
    "membernumber", "clientnumber", "guestnumber", "patientnumber", "residentnumber", "id",
)  # fmt: skip
OCCURRED = (
    "occurredon", "night", "bednight", "stayed", "visitdate", "servicedate", "pickupdate", "distributiondate", "entrydate",
    "checkin", "checkindate", "arrived", "arrivaldate", "admindate", "vaccinationdate", "collectiondate", "collected",
    "collectedon", "specimendate", "dateofservice", "dateofvisit", "calldate", "servedon", "dateserved", "givenon", "deliveredon",
    "visitedon", "date", "time", "visit",
)  # fmt: skip
CHANGED = (
    "changedat",
    "updatedat",
    "enteredat",
    "entered",
    "reportedat",
    "reported",
    "updated",
    "lastupdated",
    "lastmodified",
    "modified",
    "modifiedat",
    "dateupdated",
)
TRANSPORT = frozenset({
    "exported", "exportedat", "exportedon", "exportdate", "exporttime", "exportdatetime", "exporttimestamp", "exportid", "export",
    "extractdate", "extractedat", "extractedon", "extractiondate", "generated", "generatedat", "generatedon", "rundate", "runtime",
    "reportrundate", "printed", "printedat", "printedon", "printdate", "batch", "batchid", "batchno", "batchnumber",
    "file", "filename",
    "fileid", "filedate", "filecreated", "sentat", "senton", "sentdate", "transmitted", "transmittedat", "transmissiondate",
    "transmissionid", "rownumber", "rowno", "rownum", "line", "lineno", "linenumber", "recordcount", "recordnumber", "page",
})  # fmt: skip
"""What says something of an export, and nothing of a fact."""
LEFT = ("checkout", "checkoutdate", "leftdate", "departed", "departuredate", "exitdate")
RESULTED = (
    "resultdate", "resultedon", "resulteddate", "resultdatetime", "resulttime", "reportdate", "reporteddate", "datereported",
    "reportdatetime", "verifieddate", "finaldate",
)  # fmt: skip
"""When a laboratory told its result: it is the time of the change, too."""
VOIDED = (
    "void", "voided", "isvoid", "isvoided", "voidflag", "deleted", "isdeleted", "deletedflag", "deleteflag", "datedeleted",
    "deleteddate", "deletedat", "deletedon", "cancelled", "canceled", "iscancelled", "iscanceled", "noshow", "enteredinerror",
)  # fmt: skip
"""Where a record says that it is none any more."""
RESULT = ("result", "testresult", "resultvalue", "labresult", "finding", "findings", "testfinding", "interpretation")
STATUS = ("resultstatus", "reportstatus", "status", "stat")
TEST = ("testname", "test", "testdescription", "testordered", "assay", "testtype", "procedure")
QUESTION = ("questioncode", "code", "question")
ANSWER = ("answercode", "answer")
RACE = ("race", "raceethnicity", "ethnicity", "ethnicgroup", "racialidentity")
SITE = ("siteid", "shelterid", "locationid", "projectid", "site", "shelter", "location", "house", "building")
BLOCK: Mapping[str, tuple[str, ...]] = {
    "given_name": ("givenname", "firstname", "first", "fname", "forename", "patientfirstname", "ptfirst"),
    "middle_name": ("middlename", "middle", "mname"),
    "family_name": ("familyname", "lastname", "last", "surname", "lname", "patientlastname", "ptlast"),
    "suffix": ("suffix", "namesuffix"),
    "birth_date": ("birthdate", "born", "dob", "dateofbirth", "birthday"),
    "sex": ("sex", "gender"),
    "ssn": ("ssn", "socialsecuritynumber"),
    "phone": ("phone", "phonenumber", "telephone", "mobile", "cell", "cellphone"),
    "email": ("email", "emailaddress"),
    "address_line": ("addressline", "address", "street", "streetaddress", "addressline1", "address1"),
    "city": ("city", "town"),
    "state": ("state",),
    "postal_code": ("postalcode", "postcode", "zip", "zipcode", "zip5", "homezip", "patientzip"),
    "county": ("countyfips",),
}
FULL_NAME = (
    "fullname", "name", "guestname", "clientname", "patientname", "personname", "membername", "residentname", "participantname",
    "ptname", "callername", "recipientname", "customername", "namelastfirst", "lastfirst", "lastnamefirstname",
)  # fmt: skip
"""Columns that hold a whole name."""
FHIR_BLOCK: Mapping[str, str] = {
    "family_name": "name.first().family", "given_name": "name.first().given.first()", "birth_date": "birthDate", "sex": "gender",
    "postal_code": "address.first().postalCode",
}  # fmt: skip
"""FHIRPath of a Patient's identifiers."""
EVENTS = (
    ("lab-result", "loinc"), ("lab-result", "accession"), ("lab-result", "specimen"), ("lab-result", "testresult"),
    ("lab-result", "finding"), ("lab-result", "assay"),
    ("vaccination", "cvx"), ("vaccination", "vaccin"), ("food-assistance", "pantry"), ("food-assistance", "food"),
    ("food-assistance", "meal"), ("food-assistance", "parcel"), ("food-assistance", "grocer"),
    ("food-assistance", "pickup"), ("food-assistance", "distribution"), ("shelter-stay", "bed"),
    ("shelter-stay", "night"), ("shelter-stay", "shelter"), ("shelter-stay", "checkin"),
    ("screening", "screening"), ("screening", "question"),
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
    "lab-result": {"meaning": "review", "status": "final", "processing": "production", "method": "other"},
    "screening": {"category": "unmapped", "indicates_need": "unknown", "final": True},
}
"""Needed fields of those events; SITE and WHEN stand for the column found."""
