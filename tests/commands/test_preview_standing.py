"""What `hub preview` says in words of needs and sites: all that its JSON counts, shortly, and nobody in it."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from hub.commands.preview_standing import housing_words, needs_words, sites_words
from hub.domain.housing import Housed
from hub.domain.needs import SupportNeed


def need(until: int, urgency: str = "urgent", *reasons: str) -> SupportNeed:
    return SupportNeed.model_validate({
        "need_id": f"n{until}", "revision": 1, "person_key": "p", "support": "place", "state": "open", "urgency": urgency,
        "since": date(2021, 2, 14), "until": date(2021, 2, until), "reasons": reasons, "evidence": (), "rule": "r",
        "as_of": date(2021, 2, 16), "labels": (), "purposes": (),
    })  # fmt: skip


def site(**told: Any) -> dict[str, Any]:
    return {
        "site": "qd2gkx53", "site_kind": "congregate", "beds": None, "present": 0, "last_seen": 0, "free": None,
        "known_as_of": "2021-02-12", "current": False, "unknown": "out-of-date",
    } | told  # fmt: skip


def test_needs_are_told_with_how_urgent_until_when_and_why() -> None:
    two = [need(24, "urgent", "no-home", "place-unknown"), need(22, "soon", "no-home")]
    assert list(needs_words(two)) == [
        "         2  needs for place: open (1 soon, 1 urgent; until 2021-02-22 to 2021-02-24; 2 no-home, 1 place-unknown)"
    ]
    assert list(needs_words([need(24, "urgent", "no-home")])) == [
        "         1  need for place: open (1 urgent; until 2021-02-24; 1 no-home)"
    ]


def test_a_site_whose_free_beds_are_not_known_is_told_with_who_was_last_seen_there() -> None:
    (line,) = sites_words([site(beds=20, last_seen=2)], {"last-seen|qd2gkx53|site|congregate": 2})
    assert line.endswith(": 0 present, 2 last seen of 20 beds, free unknown (known as of 2021-02-12, out of date)")
    (line,) = sites_words([site(beds=20, present=2, free=18, current=True, unknown=None)], {})
    assert line.endswith(": 2 present of 20 beds, free 18 (known as of 2021-02-12)")
    between = {"beds": 20, "current": True, "at_least": 15, "at_most": 18, "unknown": "rows-not-read"}
    (line,) = sites_words([site(**between)], {})
    assert line.endswith("free 15 to 18: rows could not be read (known as of 2021-02-12)")
    assert list(sites_words([site()], {})) == []  # nobody there, no bed told: there is nothing to say


def test_people_of_a_bed_list_alone_are_told_though_nobody_told_the_beds() -> None:
    (line,) = sites_words([], {"present|abcdefgh|site|congregate": 2, "people|47037|race_ethnicity|asian": 1})
    assert line.endswith("site abcdef… (congregate): 2 present, beds not told")


def test_how_people_live_is_told_with_what_contradicts_it_and_how_old_the_words_are() -> None:
    told = Housed(Counter({"homeless-sheltered": 3, "housed": 1}), Counter({"homeless-sheltered|housed": 1}), 2, 2, 1)
    assert list(housing_words(told)) == [
        "         4  people by housing status: 3 homeless-sheltered, 1 housed (2 by a word older than 30 days)",
        "         1  of them homeless-sheltered, and housed told of the same day",
        "         2  at a site that night, 1 last seen at one",
    ]
    assert list(housing_words(Housed())) == []
