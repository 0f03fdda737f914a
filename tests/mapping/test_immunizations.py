"""VXU and RSP messages: what is a dose, what is none, and how corrections find what they correct (health-standards.md §8)."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from typing import Any

import pytest

from hub.connectors.installed import programs
from hub.domain.contributions import contributions, doses_given
from hub.domain.history import Row, decode_row
from hub.domain.ids import Ids
from hub.mapping.program import MappingContext, Unit
from tests.mapping.made_up_vxu import PID, orc, rxa, vxu
from tests.mapping.reading import MadeUpAgreement, Reader, counted
from tests.mapping.test_vaccinations import cvrs

VXU = "iis-vxu"


def one(read: Reader, *segments: str, **header: Any) -> Any:
    (event,) = read.events(VXU, {"f.hl7": vxu(*segments, **header)})
    return event


def reasons(read: Reader, data: bytes) -> dict[str, dict[str, int]]:
    return counted(read(VXU, {"f.hl7": data}))


def test_an_rxa_is_a_dose(read: Reader) -> None:
    event = one(read)
    assert (event.status, event.cvx, event.covid, event.historical) == ("administered", "208", True, False)
    assert event.race_ethnicity.groups == ("black", "white", "hispanic")
    assert event.person.county == "47037"
    assert event.issues == ()


@pytest.mark.parametrize("version", ["2.3.1", "2.4^^", "2.5.1", "2.7", "2.8", "", "v2.5.1", "HL7 2.5"])
@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_every_version_and_line_end_is_read(version: str, end: str, read: Reader) -> None:
    assert one(read, version=version, end=end).cvx == "208"


@pytest.mark.parametrize("kind", ["VXU^V04", "VXU_V04", "VXU", "vxu^v04", "VXU^V04^VXU_V04"])
def test_a_dose_is_told_by_whatever_a_sender_calls_the_message(kind: str, read: Reader) -> None:
    """health-standards §8 R6: as laboratories' messages."""
    assert one(read, kind=kind).covid


def test_a_byte_order_mark_is_no_part_of_the_message(read: Reader) -> None:
    (event,) = read.events(VXU, {"f": b"\xef\xbb\xbf" + vxu()})
    assert event.covid


@pytest.mark.parametrize(
    ("changes", "status", "issues"),
    [
        ({"completion": "CP"}, "administered", ()),
        ({"completion": "PA"}, "administered", ("partial-dose",)),
        ({"completion": ""}, "administered", ()),
        ({"completion": "RE"}, "refused", ()),
        ({"completion": "RE", "refusal": "00^Parental^NIP002"}, "refused", ()),
        ({"completion": "", "refusal": "00^Parental^NIP002"}, "refused", ()),
        ({"completion": "CP", "refusal": "00^Parental^NIP002"}, "refused", ("refusal-conflict",)),
        ({"completion": "NA"}, "not-administered", ()),
        ({"completion": "ZZ"}, "not-administered", ("completion-unknown",)),
        ({"vaccine": "998^none^CVX"}, "not-administered", ()),
        ({"vaccine": "998^none^CVX", "completion": "NA"}, "not-administered", ()),
    ],
)
def test_what_was_not_surely_given_is_kept_and_is_no_dose(
    changes: dict[str, str], status: str, issues: tuple[str, ...], read: Reader
) -> None:
    """health-standards §8 R21."""
    event = one(read, orc(), rxa(**changes))
    assert (event.status, event.issues) == (status, issues)


@pytest.mark.parametrize(
    ("source", "historical"), [("00", False), ("01", True), ("08", True), ("", False), ("99", False)]
)
def test_doses_told_from_memory_are_marked(source: str, historical: bool, read: Reader) -> None:
    assert one(read, orc(), rxa(source=f"{source}^x^NIP001")).historical is historical


@pytest.mark.parametrize(
    ("at", "source", "pin"),
    [
        ("^^^123456&2.16.840.1.113883.6.59&ISO^^12", "00", "123456"), ("^^^A4512", "", "A4512"), ("^^^004512", "00", "004512"),
        ("^^^DCS_DC", "00", None), ("^^^Riverside Clinic 2", "00", None), ("", "00", None), ("^^^123456", "01", None),
    ],
)  # fmt: skip
def test_the_provider_s_pin_is_the_facility_of_a_dose_newly_given(
    at: str, source: str, pin: str | None, read: Reader
) -> None:
    assert one(read, orc(), rxa(at=at, source=f"{source}^x^NIP001")).provider_pin == pin


@pytest.mark.parametrize(
    ("vaccine", "cvx", "ndc", "covid"),
    [
        ("208^x^CVX^59267-1000-1^x^NDC", "208", "59267-1000-01", True),
        ("59267-1000-1^x^NDC^208^x^CVX", "208", "59267-1000-01", True),
        ("208^x^HL70292", "208", None, True),
        ("08^HepB^CVX^90744^HepB^CPT", "08", None, False),
        ("49281-0215-88^TENIVAC^NDC", None, "49281-0215-88", False),
        ("11111-2222-33^COVID-19^NDC", None, "11111-2222-33", False),
        ("208^Pfizer", "208", None, True),  # of no system: RXA-5 is of table 0292, which is CVX
        ("777^Pfizer", None, None, False),
        ("208^Pfizer^L", None, None, False),
        ("24^COVID-19-Substitute^CVX", "24", None, False),  # never by its text
    ],
)
def test_a_vaccine_is_known_by_its_code_and_system(
    vaccine: str, cvx: str | None, ndc: str | None, covid: bool, read: Reader
) -> None:
    """health-standards §8 R5 and R23."""
    event = one(read, orc(), rxa(vaccine=vaccine))
    assert (event.cvx, event.ndc, event.covid) == (cvx, ndc, covid)


def test_an_unknown_product_whose_type_is_covid_counts_as_one(read: Reader) -> None:
    """health-standards §8 R23."""
    typed = "OBX|1|CE|30956-7^vaccine type^LN|1|213^COVID-19^CVX||||||F"
    event = one(read, orc(), rxa(vaccine="777^x^CVX"), typed)
    assert (event.covid, event.issues) == (True, ("unknown-covid-product",))
    assert one(read, orc(), rxa(vaccine="777^x^CVX")).issues == ("unknown-product",)


@pytest.mark.parametrize(
    ("on", "reason"),
    [("19840614", "dose-before-birth"), ("20201213", "dose-before-first-vaccine"), ("", "bad-date"), ("2021", "bad-date"),
     ("20210230", "bad-date"), ("202113", "bad-date"), ("202011", "dose-before-first-vaccine"), ("198405", "dose-before-birth")],
)  # fmt: skip
def test_impossible_dates_are_dead_letters_and_cost_only_their_dose(on: str, reason: str, read: Reader) -> None:
    """health-standards §8 R23."""
    found = reasons(read, vxu(orc("1"), rxa(on=on), orc("2"), rxa()))
    assert (found["events"], found["rejected"]) == ({"vaccination": 1}, {reason: 1})


def test_a_dose_dated_after_its_message_is_told_and_stands(read: Reader) -> None:
    assert one(read, at="20190701082240-0500").issues == ("dose-after-message",)


def folded(events: list[Any]) -> Row:
    row = decode_row(None)
    for event in events:
        record = {**event.model_dump(), "kind": "vaccination", "link_revision": 1}
        row.apply("p", 0, record)
    row.offset = 0
    return row


def test_corrections_end_alike_in_any_order(read: Reader) -> None:
    """health-standards §8 R20 and R21: added, updated, told as unchanged, deleted."""
    told = [
        (rxa(), "20210301120000-0600"),
        (rxa(on="20210121", action="U"), "20210302120000-0600"),
        (rxa(on="20210121", action="X"), "20210304120000-0600"),
        (rxa(action="D"), "20210303120000-0600"),
    ]
    events = [one(read, orc(), segment, at=at) for segment, at in told]
    assert len({event.fact_key for event in events}) == 1
    rows = [folded(list(order)).subs for order in permutations([*events, events[0]])]
    assert all(row == rows[0] for row in rows)
    (fact,) = next(iter(rows[0].values())).facts.values()
    assert not fact.active, "what says that nothing changed brings nothing back"


def test_an_update_replaces_and_a_deletion_withdraws_whatever_its_date(read: Reader) -> None:
    update, deletion = one(read, orc(), rxa(action="U")), one(read, orc(), rxa(on="19000101", action="D"))
    assert (update.status, update.active, update.status_rank) == ("administered", True, 2)
    assert (deletion.status, deletion.active) == ("withdrawn", False)
    assert one(read, orc(), rxa(action="Q")).issues == ("action-unknown",)


def test_refusals_that_share_the_number_of_no_order_stay_apart(read: Reader) -> None:
    """The guide writes ORC-3 = 9999 for whatever was not ordered."""
    data = vxu(orc("9999^OP"), rxa(completion="RE"), orc("9999^OP"), rxa(on="20210220", completion="RE"))
    assert len({event.fact_key for event in read.events(VXU, {"f": data})}) == 2


def test_one_number_for_two_doses_names_neither(read: Reader) -> None:
    doses = [orc("7"), rxa(), orc("7"), rxa(on="20210220")]
    one_way = {event.fact_key for event in read.events(VXU, {"f": vxu(*doses)})}
    assert len(one_way) == 2
    assert {event.issues for event in read.events(VXU, {"f": vxu(*doses)})} == {("order-number-shared",)}
    assert {event.fact_key for event in read.events(VXU, {"f": vxu(*doses[2:], *doses[:2])})} == one_way


FLU = "140^Influenza^CVX"


def standing(read: Reader, *messages: bytes) -> list[tuple[str, str]]:
    """CVX and day of the doses of one person that stand in the end, the same in every order of the messages and read twice."""
    events = [event for each in messages for event in read.events(VXU, {"f": each})]
    ends = []
    for order in permutations([*events, events[0]]):
        (sub,) = folded(list(order)).subs.values()
        known = {event.fact_key: event for event in events}
        facts = [(fact, known[key]) for key, fact in sub.facts.items() if fact.active]
        ends.append(sorted((event.cvx, date.fromordinal(fact.occurred).isoformat()) for fact, event in facts))
    assert all(end == ends[0] for end in ends)
    return ends[0]


LATER = "20210302120000-0600"


@pytest.mark.parametrize("number", ["77^E", "77"])
def test_a_dose_under_the_number_of_a_visit_is_deleted_alone(number: str, read: Reader) -> None:
    """health-standards §8 R21: the message that deletes it does not say that others share its number."""
    visit = vxu(orc(number), rxa(), orc(number), rxa(vaccine=FLU))
    assert standing(read, visit, vxu(orc(number), rxa(action="D"), at=LATER)) == [("140", "2021-01-20")]
    assert standing(read, visit, vxu(orc(number), rxa(vaccine=FLU, action="D"), at=LATER)) == [("208", "2021-01-20")]


@pytest.mark.parametrize("action", ["A", "U"])
def test_another_vaccine_under_the_same_number_replaces_no_dose(action: str, read: Reader) -> None:
    later = vxu(orc("77^E"), rxa("20211001", FLU, action=action), at="20211002120000-0600")
    assert standing(read, vxu(orc("77^E"), rxa()), later) == [("140", "2021-10-01"), ("208", "2021-01-20")]


@pytest.mark.parametrize(
    ("correction", "stands"),
    [
        (rxa("20210122", action="U"), [("208", "2021-01-22")]),
        (rxa(vaccine="207^Moderna^CVX", action="U"), [("207", "2021-01-20")]),
        (rxa("20210122", "207^Moderna^CVX"), [("207", "2021-01-22")]),
        (rxa("19000101", "213^unspecified^CVX", action="D"), []),
        (rxa(vaccine="998^none^CVX", action="D"), []),
        (rxa(vaccine="", action="D"), []),
        (rxa(vaccine="998^none^CVX", completion="NA", action="U"), [("998", "2021-01-20")]),
    ],
)
def test_a_numbered_dose_is_found_by_what_corrects_its_day_or_its_product(
    correction: str, stands: list[tuple[str, str]], read: Reader
) -> None:
    """health-standards §8 R21."""
    before, after = vxu(), vxu(orc(), correction, at=LATER)
    events = [*read.events(VXU, {"f": before}), *read.events(VXU, {"f": after})]
    (sub,) = folded(events).subs.values()
    (fact,) = sub.facts.values()
    assert [(events[-1].cvx, date.fromordinal(fact.occurred).isoformat())] * fact.active == stands


def test_an_update_without_number_that_corrects_the_day_is_no_second_dose(read: Reader) -> None:
    """health-standards §8 R21: nothing says which dose it corrects."""
    first, update = vxu(orc("9999^E"), rxa()), vxu(orc("9999^E"), rxa("20210220", action="U"), at=LATER)
    events = [*read.events(VXU, {"f": first}), *read.events(VXU, {"f": update})]
    assert events[1].issues == ("order-number-missing", "update-without-number")
    (sub,) = folded(events).subs.values()
    as_of = date(2021, 12, 31).toordinal()
    given = doses_given([(("s", key), fact) for key, fact in sub.facts.items()], as_of)
    assert [date.fromordinal(dose.day).isoformat() for dose in given] == ["2021-01-20"]
    (sub,) = folded(events[1:]).subs.values()
    assert len(doses_given([(("s", key), fact) for key, fact in sub.facts.items()], as_of)) == 1, "told by it alone"


def test_a_dose_of_which_only_the_month_is_told_is_historical_and_has_no_day(read: Reader) -> None:
    """It makes somebody vaccinated; what needs a day (a series, the same dose told twice, a site) is not judged by it."""
    event = one(read, orc(), rxa("202101", "212^Janssen^CVX", at="^^^123456"))
    assert (event.status, event.occurred_on, event.historical, event.provider_pin) == ("administered", None, True, None)
    assert event.issues == ("partial-date",)
    assert one(read, orc(), rxa("202012")).issues == ("partial-date",), "the month in which vaccination began"
    (sub,) = folded([event, *read.events(VXU, {"f": vxu(orc("2"), rxa("202103"))})]).subs.values()
    facts = [(("s", key), fact) for key, fact in sub.facts.items()]
    as_of = date(2021, 12, 31).toordinal()
    assert doses_given(facts, as_of) == []
    counted = {each.split("|")[0] for each in contributions(facts, [], [], as_of) if "|race_ethnicity|" in each}
    assert counted == {"people", "vaccinated", "series-not-judged"}


def test_a_dose_without_number_is_deleted_by_person_day_and_kind_of_vaccine(read: Reader) -> None:
    deletion = vxu(orc("9999"), rxa(vaccine="213^unspecified^CVX", action="D"), at=LATER)
    assert standing(read, vxu(orc("9999"), rxa()), deletion) == []


def test_deleted_and_told_anew_in_one_message_is_a_correction(read: Reader) -> None:
    before = one(read, at="20210201120000-0600")
    anew = [orc(), rxa(action="D"), orc(), rxa(on="20210122")]
    for segments in (anew, anew[2:] + anew[:2]):
        events = [before, *read.events(VXU, {"f": vxu(*segments)})]
        (fact,) = next(iter(folded(events).subs.values())).facts.values()
        assert fact.active
        assert fact.occurred == date(2021, 1, 22).toordinal()


def test_a_dose_dated_after_today_is_a_dead_letter() -> None:
    """health-standards §8 R23: whoever reads hands in the day; a program has no clock."""
    for connector, data in ((VXU, vxu(at="20210101")), ("iis-fhir", _FHIR), ("iis-cvrs", cvrs({}).encode())):
        context = MappingContext(connector, MadeUpAgreement(), Ids(b"k" * 32), today=lambda: date(2021, 1, 19))
        (found,) = programs()[connector].read(Unit("u", {"f": data}), context)
        assert found.reason == "dose-in-the-future", connector


_FHIR = (
    b'{"resourceType": "Immunization", "id": "i", "status": "completed", "occurrenceDateTime": "2021-01-20", '
    b'"vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "208"}]}, '
    b'"patient": {"reference": "Patient/p"}}'
)


def test_a_dose_without_order_is_known_by_the_registrys_number_else_by_person_day_and_vaccine(read: Reader) -> None:
    numbered = one(read, rxa(source="01^^~38193939^x^IMM_ID"))
    assert numbered.historical
    assert numbered.issues == ()
    plain = one(read, rxa())
    assert plain.issues == ("order-number-missing",)
    assert plain.fact_key == one(read, rxa(), at="20210401120000-0600").fact_key
    assert plain.fact_key != one(read, rxa(on="20210220")).fact_key


def test_numbers_and_people_of_different_authorities_are_different(read: Reader) -> None:
    """health-standards §8 R24."""
    mine, theirs = one(read), one(read, orc("9001^OTHER"), rxa())
    assert mine.fact_key != theirs.fact_key
    other = one(read, pid=PID.replace("ALDMR", "OTHERMR"))
    assert mine.source_person != other.source_person


@pytest.mark.parametrize("number", ["UNKNOWN", "N/A", "0000", "999999"])
def test_two_people_under_a_number_that_names_nobody_are_two(number: str, read: Reader) -> None:
    """health-standards §8 R24 and R25; ORC-3 too may hold such a word."""
    pid = PID.replace("M1^", f"{number}^")
    one_, other = one(read, pid=pid), one(read, pid=pid.replace("Ana", "Bea").replace("1984", "1990"))
    assert one_.source_person != other.source_person
    assert "placeholder-id" in one_.issues
    nobody = pid.replace("Example^Ana", "Unknown^Unknown").replace("19840615", "19000101")
    event = one(read, pid=nobody)
    assert (event.source_person, event.person.county) == (None, "47037")
    unnumbered = one(read, orc(f"{number}^ALDEHR"), rxa())
    assert unnumbered.issues == ("order-number-missing",)


def test_a_namespace_alone_means_something_only_at_its_facility(read: Reader) -> None:
    """health-standards §8 R24: two clinics' `MRN` are two."""
    here = vxu(pid=PID.replace("ALDMR", "MRN"))
    (mine,), (theirs,) = (read.events(VXU, {"f": each}) for each in (here, here.replace(b"ALDERTON", b"BRISTOL")))
    assert mine.source_person != theirs.source_person
    shared = here.replace(b"MRN", b"MRN&1.2.3&ISO")
    (mine,), (theirs,) = (read.events(VXU, {"f": each}) for each in (shared, shared.replace(b"ALDERTON", b"BRISTOL")))
    assert mine.source_person == theirs.source_person


def test_who_is_not_named_counts_for_the_area_and_is_no_person(read: Reader) -> None:
    """health-standards §8 R25."""
    withheld = PID.replace("Example^Ana^^^^^L", "~^^^^^^U").replace("19840615", "")
    event = one(read, pid=withheld)
    assert event.source_person is None
    assert event.person.county == "47037"


@pytest.mark.parametrize(
    ("header", "outcome", "reason"),
    [
        ({"kind": "ORU^R01"}, "ignored", "not-an-immunization"),
        ({"kind": "ACK^V04^ACK"}, "ignored", "acknowledgement"),
        ({"version": "3.0"}, "rejected", "unsupported-version"),
        ({"version": "25"}, "rejected", "unsupported-version"),
        ({"version": "VXU"}, "rejected", "unsupported-version"),
        ({"pid": ""}, "rejected", "no-patient"),
        ({"pid": PID + "\r" + PID}, "rejected", "several-patients"),
        ({"kind": "RSP^K11^RSP_K11", "profile": "Z31^CDCPHINVS"}, "ignored", "several-candidates"),
        ({"kind": "RSP^K11^RSP_K11", "profile": "Z33^CDCPHINVS"}, "ignored", "no-candidate"),
        ({"kind": "RSP^K11^RSP_K11", "profile": "Z99"}, "ignored", "not-an-immunization"),
        ({"kind": "RSP^K11^RSP_K11", "profile": "Z32", "pid": PID + "\r" + PID}, "ignored", "several-candidates"),
    ],
)
def test_messages_that_tell_of_no_one_persons_doses_say_why(
    header: dict[str, Any], outcome: str, reason: str, read: Reader
) -> None:
    """health-standards §8 R6 and R38."""
    found = reasons(read, vxu(**header))
    assert found["events"] == {}
    assert found[outcome] == {reason: 1}


@pytest.mark.parametrize(
    ("sent", "processing", "issues"),
    [("P", "production", ()), ("T", "test", ()), ("D", "debug", ()), ("p^T", "production", ()), ("X", "test", ()),
     ("", "test", ("processing-missing",))],
)  # fmt: skip
def test_a_dose_says_whether_its_message_is_of_production(
    sent: str, processing: str, issues: tuple[str, ...], read: Reader
) -> None:
    """health-standards §8 R8."""
    (event,) = read.events(VXU, {"f": vxu(orc(), rxa(), processing=sent)})
    assert (event.status, event.covid, event.processing, event.issues) == ("administered", True, processing, issues)


def test_a_test_never_takes_the_place_of_the_dose_it_rehearses(read: Reader) -> None:
    """health-standards §8 R8: one fact, another version; what is no production is no fact of the person it names."""
    real, test = (read.events(VXU, {"f": vxu(orc(), rxa(), processing=sent)})[0] for sent in "PT")
    assert (real.fact_key, real.changed_at) == (test.fact_key, test.changed_at)
    assert real.event_id != test.event_id


@pytest.mark.parametrize("profile", ["Z32^CDCPHINVS", "Z42^CDCPHINVS"])
def test_a_history_that_a_registry_answers_is_read(profile: str, read: Reader) -> None:
    """health-standards §8 R38; Z42 adds a forecast, which is no dose."""
    forecast = (orc("9999"), rxa(vaccine="998^none^CVX", completion="NA"))
    events = read.events(VXU, {"f": vxu(orc(), rxa(), *forecast, kind="RSP^K11^RSP_K11", profile=profile)})
    assert [event.status for event in events] == ["administered", "not-administered"]


@pytest.mark.parametrize("status", ["NF", "TM"])
def test_a_query_without_one_match_gives_nobody_whatever_else_is_in_the_answer(status: str, read: Reader) -> None:
    """health-standards §8 R38."""
    found = reasons(read, vxu(f"QAK|1|{status}", orc(), rxa(), kind="RSP^K11", profile="Z32"))
    assert found["events"] == {}


def test_an_order_without_vaccine_is_counted_and_no_dose(read: Reader) -> None:
    assert reasons(read, vxu(orc("1"), orc("2"), rxa(), orc("3"))) == {
        "events": {"vaccination": 1}, "rejected": {}, "ignored": {"order-without-dose": 2},
    }  # fmt: skip
    assert reasons(read, vxu("NTE|1||nothing"))["ignored"] == {"no-dose-reported": 1}


def test_dose_number_and_series_come_from_their_observations(read: Reader) -> None:
    asked = ["OBX|1|NM|30973-2^Dose^LN|1|2||||||F", "OBX|2|CE|59783-1^Series^LN|1|Y^Yes^HL70136||||||F"]
    first, second = read.events(VXU, {"f": vxu(orc("1"), rxa(), *asked, orc("2"), rxa(on="20210220"))})
    assert (first.dose_number, first.series_complete) == (2, "yes")
    assert (second.dose_number, second.series_complete) == (None, "unknown")


def test_one_bad_message_never_stops_the_rest_of_a_file(read: Reader) -> None:
    """health-standards §8 R3."""
    found = reasons(read, vxu() + b"MSH|bad\r" + vxu(at="20210302"))
    assert (found["events"], sum(found["rejected"].values())) == ({"vaccination": 2}, 1)
