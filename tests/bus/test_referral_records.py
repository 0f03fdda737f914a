"""Referrals and consents on the wire: what the live fold reads is what preview reads of the event (R14, R23)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.bus.codec import Codec
from hub.bus.topics import PERSON_TOPIC, TOPICS, intake_topic
from hub.domain.events import PLACE_KINDS
from hub.domain.history import decode_row
from hub.domain.person_events import person_event
from hub.preview import _record
from tests.bus.test_codec import ListedIds
from tests.mapping.reading import Reader
from tests.mapping.test_consents import ROI, consent, purposes
from tests.mapping.test_directory import service
from tests.mapping.test_referral_resources import output, task

RESOURCES: dict[str, dict[str, Any]] = {
    "gravity-referral": task(status="completed", output=[output()], partOf=[{"reference": "Task/t-9"}]),
    "consent": consent(
        provision={
            "type": "permit",
            "provision": [{"type": "deny", "purpose": purposes("COC"), "period": {"end": "2035-01-31"}}],
        }
    ),
    "hsds-directory": service(capacity="no-capacity", languages=[{"code": "es"}]),
}


def opened() -> Codec:
    made = Codec(ListedIds(), TOPICS)
    made.open()
    return made


@pytest.mark.parametrize("connector", RESOURCES)
def test_an_event_survives_the_wire_and_is_the_same_fact_live_and_in_preview(connector: str) -> None:
    codec = opened()
    (event,) = Reader().events(connector, {"a.json": json.dumps(RESOURCES[connector])})
    topic = intake_topic(event.kind)
    assert codec.decode(codec.encode(topic, event)) == event
    if event.kind in PLACE_KINDS:
        return
    sent = person_event(event, person_key="p", link_revision=1, birth_year_month=None, county=None, postal_code=None)
    kind, fields = codec.decode_dict(codec.encode(PERSON_TOPIC, sent))
    live, batch = decode_row(None), decode_row(None)
    live.apply("p", 0, {**fields, "kind": kind})
    batch.apply("p", 0, _record(event, False))
    assert live == batch
    assert len(live.subs[event.source_person].facts) == 1


def test_a_list_of_releases_too() -> None:
    codec = opened()
    told = f"{ROI}\nC-1,Vega,Ana,03/09/1984,Declined,01/05/2021,,,,Photo release,Landlord\n"
    (event,) = Reader().events("consent", {"roi.csv": told})
    clear = event.model_copy(update={"person": None})
    assert codec.decode(codec.encode(intake_topic("consent"), clear)) == clear
