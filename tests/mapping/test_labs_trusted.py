"""Laboratory results and who they are of are built without asking the model (hub.mapping.trusted): the model makes the same of
their fields, also where a message is damaged."""

from __future__ import annotations

import random

from hub.bench.intake_records import Records
from hub.domain.events import LabResult, PersonBlock
from hub.domain.lab_answers import Answers
from tests.mapping.mutations import mutate_hl7
from tests.mapping.reading import Reader


def test_a_laboratory_result_is_what_the_model_makes_of_its_fields(read: Reader) -> None:
    draw, told = random.Random(4), 0
    for message in Records(60).messages(120):
        for sent in (message, *(mutate_hl7(message, draw) for _ in range(4))):
            for mapped in read("lab-elr-hl7v2", {"m": sent}):
                if isinstance(event := mapped.event, LabResult):
                    told += 1
                    fields = {name: getattr(event, name) for name in event.model_fields_set}
                    assert LabResult(**fields) == event
                    assert LabResult(**fields).model_dump_json() == event.model_dump_json()
                    assert list(event.__dict__) == list(LabResult.model_fields)
                    if isinstance(event.person, PersonBlock):
                        block = event.person
                        person = PersonBlock(**{name: getattr(block, name) for name in block.model_fields_set})
                        assert person.model_dump_json() == event.person.model_dump_json()
                        assert person.model_fields_set == event.person.model_fields_set
    assert told > 300


def test_what_no_answer_tells_is_at_the_default_of_the_event() -> None:
    for field, untold in Answers().fields().items():
        assert LabResult.model_fields[field].default == untold
    assert Answers().told == {}
