"""The writers of models against pydantic and the compiled Avro writers: the same bytes, or no word at all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.bus.avro_compile import Write, compiled_writer, varint
from hub.bus.avro_parse import parse_node
from hub.bus.avro_schema import avro_schema
from hub.bus.model_writer import _long, model_writer
from hub.bus.topics import models
from hub.domain.events import Coded, LabResult, Model, PersonBlock, Sealed

PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=90),
    bytes: st.binary(max_size=200),
    bool: st.booleans(),
    int: st.integers(-(2**63), 2**63 - 1),
    date: st.dates(),
    datetime: st.datetimes(timezones=st.just(UTC)),
}
WRONG: list[Any] = [
    None, 1.9, True, 3, -(2**70), "maybe", "\ud800", b"x", (), ("R", 4), (None,), ["R"], "2021-01-01", {}, object(),
    date(2021, 1, 1), datetime(2021, 1, 1), Coded(), PersonBlock(family_name="Made-Up"), Sealed(key_id="k", ciphertext=b""),
]  # fmt: skip
WRITERS = [(model, write) for model in models() if (write := model_writer(model)) is not None]


def values(annotation: Any) -> st.SearchStrategy[Any]:
    origin = get_origin(annotation)
    if annotation in PLAIN:
        return PLAIN[annotation]
    if origin is Literal:
        return st.sampled_from(get_args(annotation))
    if origin is tuple:
        return st.lists(values(get_args(annotation)[0]), max_size=70).map(tuple)
    if origin in (Union, UnionType):
        others = [each for each in get_args(annotation) if each not in (NoneType, PersonBlock)]
        return st.none() | values(others[0])
    return instances(annotation)


def instances(model: type[Model]) -> st.SearchStrategy[Any]:
    fields = {name: values(info.annotation) for name, info in model.model_fields.items()}
    return st.fixed_dictionaries(fields).map(lambda made: model(**made))


@lru_cache
def compiled(model: type[Model]) -> Write | None:
    return compiled_writer(parse_node(avro_schema(model)))


def slowly(model: Model) -> bytes | None:
    """What pydantic and the compiled writer make of it; None when either refuses."""
    write = compiled(type(model))
    assert write is not None
    if isinstance(getattr(model, "person", None), PersonBlock):
        return None
    try:
        fields = model.model_dump(warnings=False)
        type(model).__pydantic_validator__.validate_python(fields)
        return write(b"head", fields)
    except Exception:
        return None


@pytest.mark.parametrize(("model", "write"), WRITERS, ids=lambda value: getattr(value, "__name__", "writer"))
def test_what_a_model_holds_is_written_as_the_slow_way_writes_it(model: type[Model], write: Any) -> None:
    @settings(max_examples=15, deadline=None, database=None)
    @given(instances(model))
    def same(instance: Model) -> None:
        assert write(b"head", instance) == slowly(instance) is not None

    same()


@pytest.mark.parametrize(("model", "write"), WRITERS, ids=lambda value: getattr(value, "__name__", "writer"))
def test_what_the_slow_way_refuses_is_never_written(model: type[Model], write: Any) -> None:
    @settings(max_examples=60, deadline=None, database=None)
    @given(instances(model), st.sampled_from(list(model.model_fields)), st.sampled_from(WRONG))
    def never(instance: Model, name: str, wrong: Any) -> None:
        changed = instance.model_copy(update={name: wrong})
        assert write(b"head", changed) in (None, slowly(changed))

    never()


def test_a_field_too_many_or_too_few_is_left_to_the_slow_way() -> None:
    write = model_writer(Coded)
    assert write is not None
    assert write(b"", Coded()) is not None
    assert write(b"", Coded().model_copy(update={"more": 1})) is None
    assert (
        write(b"", Coded.model_construct(_fields_set=set(), code="x").model_copy()) is not None
    )  # defaults are filled in
    fewer = Coded()
    del fewer.__dict__["system"]
    assert write(b"", fewer) is None


def test_a_model_of_another_class_is_left_to_the_slow_way() -> None:
    class More(Coded):
        pass

    write = model_writer(Coded)
    assert write is not None
    assert write(b"", More()) is None


def test_nearly_every_record_of_the_hub_has_a_writer_of_its_own() -> None:
    assert LabResult in dict(WRITERS)
    rare = {"Consent", "PersonConsent", "ReviewDecision"}  # lists of records; checked by more than its types
    assert len(WRITERS) >= len([model for model in models() if model.__name__ not in rare]) - 1


@settings(max_examples=2, deadline=None, database=None)
@given(instances(LabResult))
def test_a_part_is_written_for_itself_and_never_for_another(event: Model) -> None:
    """Parts are remembered by identity, and their number is bounded: what comes where another was is written anew."""
    write = next(write for model, write in WRITERS if model is LabResult)
    for number in range(2_500):
        told = event.model_copy(update={"test": Coded(code=f"c{number}"), "labels": (f"l{number}",)})
        assert write(b"head", told) == slowly(told) == write(b"head", told)


def test_numbers_and_times_of_any_size_are_written_as_varints() -> None:
    for bits in range(63):
        for value in (1 << bits, (1 << bits) - 1, -(1 << bits)):
            assert _long(value) == varint(value)
