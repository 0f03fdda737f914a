"""The shipped connectors pass the standard suite on their own samples, by inheritance, as anybody's do."""

from __future__ import annotations

from hub.connectors.catalog import SHIPPED
from hub.privacy.agreements import EXAMPLES
from hub.testing.suite import ConnectorSuite


class TestLabs(ConnectorSuite):
    folder = SHIPPED / "lab-elr-hl7v2"
    agreement_file = EXAMPLES / "lab-elr-hl7v2.yaml"


class TestLabTables(ConnectorSuite):
    folder = SHIPPED / "lab-csv"
    agreement_file = EXAMPLES / "lab-csv.yaml"


class TestLabBundles(ConnectorSuite):
    folder = SHIPPED / "lab-elr-fhir"
    agreement_file = EXAMPLES / "lab-elr-fhir.yaml"


class TestVaccinations(ConnectorSuite):
    folder = SHIPPED / "iis-cvrs"
    agreement_file = EXAMPLES / "iis-cvrs.yaml"


class TestImmunizations(ConnectorSuite):
    folder = SHIPPED / "iis-vxu"
    agreement_file = EXAMPLES / "iis-vxu.yaml"


class TestImmunizationResources(ConnectorSuite):
    folder = SHIPPED / "iis-fhir"
    agreement_file = EXAMPLES / "iis-fhir.yaml"


class TestTracing(ConnectorSuite):
    folder = SHIPPED / "sara-alert"
    agreement_file = EXAMPLES / "sara-alert.yaml"


class TestShelters(ConnectorSuite):
    folder = SHIPPED / "hmis-csv"
    agreement_file = EXAMPLES / "hmis-csv.yaml"


class TestScreeningResources(ConnectorSuite):
    folder = SHIPPED / "hrsn-fhir"
    agreement_file = EXAMPLES / "hrsn-fhir.yaml"


class TestScreenings(ConnectorSuite):
    folder = SHIPPED / "hrsn-screening"
    agreement_file = EXAMPLES / "hrsn-screening.yaml"


class TestSupply(ConnectorSuite):
    folder = SHIPPED / "vaccine-supply"
    agreement_file = EXAMPLES / "vaccine-supply.yaml"


class TestRosters(ConnectorSuite):
    folder = SHIPPED / "shelter-roster-csv"
    agreement_file = EXAMPLES / "shelter-roster-csv.yaml"


class TestHashedRosters(ConnectorSuite):
    folder = SHIPPED / "shelter-roster-hashed"
    agreement_file = EXAMPLES / "shelter-roster-hashed.yaml"


class TestPantries(ConnectorSuite):
    folder = SHIPPED / "food-pantry"
    agreement_file = EXAMPLES / "food-pantry.yaml"


class TestBenefits(ConnectorSuite):
    folder = SHIPPED / "food-benefits"
    agreement_file = EXAMPLES / "food-benefits.yaml"


class TestTracingByApi(ConnectorSuite):
    folder = SHIPPED / "sara-alert-api"
    agreement_file = EXAMPLES / "sara-alert-api.yaml"


class TestGoData(ConnectorSuite):
    folder = SHIPPED / "godata"
    agreement_file = EXAMPLES / "godata.yaml"


class TestCommCare(ConnectorSuite):
    folder = SHIPPED / "commcare"
    agreement_file = EXAMPLES / "commcare.yaml"


class TestLineLists(ConnectorSuite):
    folder = SHIPPED / "case-line-list"
    agreement_file = EXAMPLES / "case-line-list.yaml"


class TestReferralLists(ConnectorSuite):
    folder = SHIPPED / "referral-csv"
    agreement_file = EXAMPLES / "referral-csv.yaml"


class TestReferralResources(ConnectorSuite):
    folder = SHIPPED / "gravity-referral"
    agreement_file = EXAMPLES / "gravity-referral.yaml"


class TestConsents(ConnectorSuite):
    folder = SHIPPED / "consent"
    agreement_file = EXAMPLES / "consent.yaml"


class TestDirectory(ConnectorSuite):
    folder = SHIPPED / "hsds-directory"
    agreement_file = EXAMPLES / "hsds-directory.yaml"
