"""Files of vaccine supply: what is counted, what replaces what, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest

from hub.mapping.places import counties_of_zip
from hub.mapping.supply_values import MOST_DOSES
from tests.mapping.reading import Reader, counted

SUPPLY = "vaccine-supply"
INVENTORY = "PIN,CVX,Week Start,Week Ending,Doses Administered,Doses Wasted,Doses Expired,Doses On Hand,Submitted At"
SHIPMENTS = "Provider PIN,CVX,Shipment Number,Lot Number,Doses Shipped,Delivery Date,Shipment Status,Last Updated"
TO_DATE = "PIN,CVX,As Of,Doses Administered To Date,Last Updated"


def week(
    pin: str = "4512", given: str = "180", wasted: str = "4", at: str = "2021-02-08T08:00:00", cvx: str = "207"
) -> str:
    return f"{pin},{cvx},2021-02-01,2021-02-07,{given},{wasted},,,{at}"


def file(header: str, *rows: str) -> dict[str, str]:
    return {"f.csv": "\n".join([header, *rows, ""])}


def newest(events: Iterable[Any]) -> dict[str, Any]:
    """What stands of each fact."""
    found: dict[str, Any] = {}
    for event in sorted(events, key=lambda e: (e.changed_at, e.status_rank, e.content_hash)):
        found[event.fact_key] = event
    return found


def reason(read: Reader, header: str, row: str) -> tuple[str | None, object]:
    (mapped,) = read(SUPPLY, file(header, row))
    return mapped.reason, mapped.where.get("field")


def test_each_count_of_a_row_is_a_fact_of_its_own_and_an_empty_one_is_none(read: Reader) -> None:
    given, wasted = read.events(SUPPLY, file(INVENTORY, week()))
    assert (given.doses_administered, given.doses_wasted) == (180, None)
    assert (wasted.doses_administered, wasted.doses_wasted) == (None, 4)
    assert given.fact_key != wasted.fact_key
    assert given.site == wasted.site
    assert (given.period_from, given.period_until) == (date(2021, 2, 1), date(2021, 2, 7))


def test_zero_is_a_count(read: Reader) -> None:
    assert read.events(SUPPLY, file(INVENTORY, week(given="0")))[0].doses_administered == 0


def test_a_file_sent_again_tells_nothing_new(read: Reader) -> None:
    again = [read.events(SUPPLY, {name: file(INVENTORY, week())["f.csv"]}) for name in ("a.csv", "b.csv")]
    assert [e.event_id for e in again[0]] == [e.event_id for e in again[1]]


@pytest.mark.parametrize("pin", ["004512", " 4512 ", "4512.0"])
def test_a_restated_week_replaces_the_one_told_before_however_the_pin_is_written(pin: str, read: Reader) -> None:
    first = read.events(SUPPLY, file(INVENTORY, week()))
    second = read.events(SUPPLY, file(INVENTORY, week(pin, "190", at="2021-02-10T08:00:00")))
    for told in ((*first, *second), (*second, *first)):
        stands = newest(told)
        assert len(stands) == 2
        assert [e.doses_administered for e in stands.values() if e.doses_administered is not None] == [190]


def test_the_day_in_the_file_name_tells_which_word_is_later_where_no_column_does(read: Reader) -> None:
    header, row = "PIN,CVX,Week Of,Doses Allocated", "4512,207,2021-02-01,{}"
    first = read.events(SUPPLY, {"alloc_20210126.csv": f"{header}\n{row.format(300)}\n"})
    second = read.events(SUPPLY, {"alloc-2021-01-28.csv": f"{header}\n{row.format(400)}\n"})
    assert [e.doses_allocated for e in newest([*second, *first]).values()] == [400]
    assert first[0].issues == ()


def test_it_is_said_where_nothing_tells_which_word_is_later(read: Reader) -> None:
    (event,) = read.events(SUPPLY, file("PIN,CVX,Week Of,Doses Allocated", "4512,207,2021-02-01,300"))
    assert event.issues == ("no-change-time",)
    assert event.period_until == date(2021, 2, 7)


def test_a_shipment_counts_once_it_is_delivered_and_not_when_it_is_cancelled(read: Reader) -> None:
    told = [
        "4512,207,S1,L1,100,,Shipped,2021-02-02",
        "4512,207,S1,L1,100,2021-02-03,Delivered,2021-02-03",
        "4512,207,S1,L1,100,2021-02-03,Cancelled,2021-02-04",
    ]
    events = [read.events(SUPPLY, file(SHIPMENTS, row))[0] for row in told]
    assert [(e.active, e.doses_delivered) for e in events] == [(False, None), (True, 100), (False, None)]
    assert len({e.fact_key for e in events}) == 1
    assert "not-delivered" in events[0].issues


def test_a_shipment_corrected_to_another_site_moves_there(read: Reader) -> None:
    wrong, right = (
        read.events(SUPPLY, file(SHIPMENTS, f"{pin},207,S1,L1,100,2021-02-03,Delivered,2021-02-0{n}"))[0]
        for pin, n in (("4512", 3), ("A77", 4))
    )
    assert wrong.fact_key == right.fact_key
    assert newest([right, wrong])[right.fact_key].provider_pin == "A77"


def test_two_lots_of_one_shipment_are_two_facts(read: Reader) -> None:
    rows = [f"4512,207,S1,L{n},100,2021-02-03,Delivered,2021-02-03" for n in (1, 2)]
    one, two = read.events(SUPPLY, file(SHIPMENTS, *rows))
    assert one.fact_key != two.fact_key
    assert one.part_key != two.part_key


def test_a_total_to_date_replaces_that_of_an_earlier_day_whichever_was_written_later(read: Reader) -> None:
    newer = read.events(SUPPLY, file(TO_DATE, "4512,207,2021-02-14,140,2021-02-14T06:00:00"))
    older = read.events(SUPPLY, file(TO_DATE, "4512,207,2021-02-07,90,2021-02-20T06:00:00"))
    restated = read.events(SUPPLY, file(TO_DATE, "4512,207,2021-02-14,150,2021-02-15T06:00:00"))
    assert [e.doses_administered for e in newest([*newer, *older]).values()] == [140]
    assert [e.doses_administered for e in newest([*restated, *newer, *older]).values()] == [150]
    assert newer[0].period_from is None


@pytest.mark.parametrize(
    ("given", "why"),
    [("-5", "negative-count"), ("(5)", "negative-count"), ("5.5", "not-a-count"), ("many", "not-a-count"), ("=1+1", "not-a-count"),
     ("1,2", "not-a-count"), ("٣", "not-a-count"), (str(MOST_DOSES + 1), "count-too-large"), ("9" * 40, "not-a-count")],
)  # fmt: skip
def test_an_impossible_figure_is_refused_with_the_column_at_fault(given: str, why: str, read: Reader) -> None:
    row = f'4512,207,2021-02-01,2021-02-07,"{given}",4,,,2021-02-08'
    assert reason(read, INVENTORY, row) == (why, "doses administered")


@pytest.mark.parametrize("given", ["1170", "1,170", " 1170 ", "1170.0"])
def test_a_figure_is_read_as_a_spreadsheet_writes_it(given: str, read: Reader) -> None:
    (event,) = read.events(SUPPLY, file(INVENTORY, f'4512,207,2021-02-01,2021-02-07,"{given}",,,,2021-02-08'))
    assert event.doses_administered == 1170


@pytest.mark.parametrize(
    ("row", "why", "field"),
    [
        (",207,2021-02-01,2021-02-07,5,,,,2021-02-08", "missing-key", "pin"),
        ("Luna,207,2021-02-01,2021-02-07,5,,,,2021-02-08", "not-a-pin", "pin"),
        ("4512,,2021-02-01,2021-02-07,5,,,,2021-02-08", "missing-product", "cvx"),
        ("4512,207,2021-02-07,2021-02-01,5,,,,2021-02-08", "bad-period", "week ending"),
        ("4512,207,1921-02-01,1921-02-07,5,,,,2021-02-08", "bad-period", "week ending"),
        ("4512,207,2019-02-01,2021-02-07,5,,,,2021-02-08", "bad-period", "week ending"),
        ("4512,207,,,5,,,,2021-02-08", "missing-period", "week ending"),
        ("4512,207,9999-12-31,,5,,,,2021-02-08", "bad-date", "week start"),
        ("4512,207,,0001-01-01,5,,,,2021-02-08", "bad-date", "week ending"),
        ("4512,207,soon,2021-02-07,5,,,,2021-02-08", "bad-date", "week start"),
        ("4512,207,2021-02-01,2021-02-07,5,,,,whenever", "bad-date", "submitted at"),
        ("4512,207,2021-02-01,2021-02-07,,n/a,-,,2021-02-08", "nothing-counted", None),
    ],
)
def test_a_row_that_cannot_count_says_why(row: str, why: str, field: str | None, read: Reader) -> None:
    assert reason(read, INVENTORY, row) == (why, field)


def test_an_unknown_product_is_kept_says_so_and_is_no_covid_vaccine(read: Reader) -> None:
    for cvx in ("999", "ABC"):
        event = read.events(SUPPLY, file(INVENTORY, week(cvx=cvx)))[0]
        assert (event.covid, event.issues) == (False, ("unknown-product",))


def test_another_vaccine_is_no_covid_vaccine_and_a_cvx_of_a_spreadsheet_is_one(read: Reader) -> None:
    assert read.events(SUPPLY, file(INVENTORY, week(cvx="140")))[0].covid is False
    assert read.events(SUPPLY, file(INVENTORY, week(cvx="207.0")))[0].cvx == "207"


def test_a_product_named_by_its_maker_is_taken_as_such_and_said(read: Reader) -> None:
    header = "PIN,Product,Week Of,Doses Allocated,Updated"
    named, strange = read.events(
        SUPPLY, file(header, "4512,MODERNA,2021-02-01,300,2021-01-26", "4512,Wonderjab,2021-02-01,300,2021-01-26")
    )
    assert (named.cvx, named.covid, named.issues) == ("207", True, ("product-by-name",))
    assert (strange.cvx, strange.covid, strange.issues) == (None, False, ("unknown-product",))


def test_two_rows_that_contradict_each_other_are_not_both_taken(read: Reader) -> None:
    found = read(SUPPLY, file(INVENTORY, week(), week(given="99"), week()))
    assert counted(found)["rejected"] == {"counted-twice": 1}
    assert len({m.event.event_id for m in found if m.event is not None}) == 2


def test_rows_of_one_week_lot_by_lot_are_parts_of_it(read: Reader) -> None:
    header = "PIN,CVX,Lot,Week Ending,Doses Wasted,Submitted"
    rows = [f"4512,207,{lot},2021-02-07,{n},2021-02-08" for lot, n in (("L1", 3), ("L2", 4))]
    one, two = read.events(SUPPLY, file(header, *rows))
    assert one.fact_key != two.fact_key
    assert one.part_key != two.part_key
    assert one.period_from == date(2021, 2, 1)


def test_a_county_by_name_needs_a_state_of_the_row_or_of_the_connector(read: Reader) -> None:
    header, row = "PIN,County,CVX,Week Of,Doses Allocated,Updated", "4512,Hamilton,207,2021-02-01,300,2021-01-26"
    (without,) = read.events(SUPPLY, file(header, row))
    (told,) = read.events(SUPPLY, file(header, row), state="TN")
    assert (without.county, without.issues) == (None, ("unknown-county",))
    assert (told.county, told.issues) == ("47065", ())


def test_a_zip_that_lies_in_one_county_tells_the_county_that_is_not_told(read: Reader) -> None:
    header = "PIN,Zip,CVX,Week Of,Doses Allocated,Updated"
    alone, several = (zip_code for zip_code in ("37402", _across_counties()))
    found = [read.events(SUPPLY, file(header, f"4512,{z},207,2021-02-01,300,2021-01-26"))[0] for z in (alone, several)]
    assert [(e.county, e.postal_code) for e in found] == [("47065", "37402"), (None, several)]


def _across_counties() -> str:
    return next(f"{n:05}" for n in range(37000, 39000) if len(counties_of_zip(f"{n:05}")) > 1)


def test_an_ndc_tells_the_product_where_no_cvx_does(read: Reader) -> None:
    (event,) = read.events(
        SUPPLY, file("PIN,NDC,Week Of,Doses Allocated,Updated", "4512,80777027310,2021-02-01,300,2021-01-26")
    )
    assert (event.cvx, event.ndc, event.covid) == ("207", "80777-0273-10", True)


COUNTED = "doses (allocated, delivered, administered, wasted, expired or on_hand)"


@pytest.mark.parametrize(
    ("header", "why", "missing"),
    [
        ("name,colour,size", "unknown-header", f"provider_pin, cvx, {COUNTED}"),
        ("CVX,Week Of,Doses Allocated", "missing-column", "provider_pin"),
        ("PIN,Week Of,Doses Allocated", "missing-column", "cvx"),
        ("PIN,CVX,Doses Allocated", "missing-column", "period_end"),
        ("PIN,CVX,Doses Shipped", "missing-column", "delivery_date"),
        ("PIN,CVX,Doses Shipped,Delivery Date", "missing-column", "shipment_number"),
        ("PIN,CVX,Week Of", "unknown-header", COUNTED),
    ],
)
def test_a_header_that_cannot_count_is_refused_with_what_would_do(
    header: str, why: str, missing: str, read: Reader
) -> None:
    (mapped,) = read(SUPPLY, file(header, "1,2,3"))
    assert (mapped.outcome, mapped.reason, mapped.where.get("field", "")) == ("rejected", why, missing)


def test_names_of_columns_go_by_letters_and_digits_alone_and_others_are_told(read: Reader) -> None:
    (event,) = read.events(
        SUPPLY,
        file(
            "VTRCKS-prov.PIN|cvx code|WEEK_OF|Allocated Doses|updated at|mood",
            "4512|207|2021-02-01|300|2021-01-26|good",
        ),
    )
    assert (event.doses_allocated, event.issues) == (300, ("unknown-column",))
