"""What a receipt says of accepted records that are odd: the code, how often, and where; never a value."""

from __future__ import annotations

from hub.connectors.door import Receipt


def test_issues_of_accepted_records_stand_in_the_receipt_with_their_rows() -> None:
    receipt = Receipt()
    receipt.accept("vaccination", (), "doses.txt row 2")
    receipt.accept("vaccination", ("unknown-product", "county-not-in-state"), "doses.txt row 3")
    receipt.accept("vaccination", ("unknown-product",), "doses.txt row 4")
    told = receipt.as_json()
    assert told["events"] == {"vaccination": 3}
    assert told["issues"] == {
        "county-not-in-state": {"count": 1, "where": ["doses.txt row 3"], "all_listed": True},
        "unknown-product": {"count": 2, "where": ["doses.txt row 3", "doses.txt row 4"], "all_listed": True},
    }
    assert told["rejected"] == {}


def test_a_million_odd_rows_make_no_receipt_of_a_million_rows() -> None:
    receipt = Receipt()
    for number in range(1_500):
        receipt.accept("vaccination", ("unknown-product",), f"doses.txt row {number}")
    told = receipt.as_json()["issues"]["unknown-product"]
    assert (told["count"], len(told["where"]), told["all_listed"]) == (1_500, 1_000, False)
