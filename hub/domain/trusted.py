"""Models whose values our own code made, in types that cannot be wrong: built without asking the model again.

Validating a bed night takes as long as naming it (5 us); an export of a year has millions. A test holds that what is built here
equals what the model makes of the same fields (tests/mapping/test_trusted.py). Not for a field whose value a source chose, but
where it is a text that a reader of ours split off: it is one, of characters that can be written.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from hub.domain.event_parts import Model

__all__ = ["Trusted", "restated"]

_M = TypeVar("_M", bound=Model)
_set_dict, _set_said, _set_extra, _set_private = (
    BaseModel.__dict__[name].__set__
    for name in ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
)  # as object.__setattr__, which a frozen model does not forbid, without looking for them by name


def restated(model: _M, values: Mapping[str, Any]) -> _M:
    """`model.model_copy(update=values)` of a frozen model without extra or private fields, in a third of the time."""
    made = model.__class__.__new__(model.__class__)
    held = model.__dict__.copy()
    held.update(values)
    _set_dict(made, held)
    said = model.__pydantic_fields_set__
    _set_said(made, said if said.issuperset(values) else said.union(values))
    _set_extra(made, None)
    _set_private(made, None)
    return made


class Trusted(Generic[_M]):
    """Builds models of one kind that all set the same fields."""

    def __init__(self, cls: type[_M]) -> None:
        fields = cls.model_fields
        self._cls, self._new = cls, cls.__new__
        self._needed = frozenset(name for name, field in fields.items() if field.is_required())
        # in the order of the model; no default can be changed in place
        self._all = {name: None if name in self._needed else field.default for name, field in fields.items()}
        self._said, self._looked_at = set(fields), 0

    def __call__(self, fields: Mapping[str, Any]) -> _M:
        """A model of these fields, the others at their defaults. KeyError where one that has none is missing, or one unknown."""
        if len(fields) != self._looked_at:
            self._look_at(fields.keys())
        held = self._all.copy()
        held.update(fields)
        return self.of(held)

    def begun(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Every field, for many events that share these: a copy for each of them, in which every other is set, goes to `of`.
        KeyError as above."""
        self._look_at(fields.keys())
        return {**self._all, **fields}

    def blank(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Every field: these, the others at their defaults or, where they have none, at None. For many events, each of a copy in
        which whoever makes them sets the rest, every one without a default too; it goes to `of`."""
        self._said = set(self._all)
        return {**self._all, **fields}

    def of(self, held: dict[str, Any]) -> _M:
        """The model that holds this dictionary, which has every field."""
        made = self._new(self._cls)
        _set_dict(made, held)
        _set_said(made, self._said)
        _set_extra(made, None)
        _set_private(made, None)
        return made

    def _look_at(self, names: Set[str]) -> None:
        """Once for all events that come: whoever builds them sets the same fields each time."""
        if not (self._needed <= names <= self._all.keys()):
            raise KeyError(self._cls.__name__)
        self._said, self._looked_at = set(names), len(names)
