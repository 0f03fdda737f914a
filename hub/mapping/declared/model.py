"""What a connector.yaml may say of its mapping: rules, events, identity. Checked against the event models in program.py."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator

from hub.declared import Declared

__all__ = ["EventRule", "Identity", "OnError", "Parser", "Rule", "Where"]

OnError = Literal["reject", "null_and_flag"]
Parser = Literal[
    "text", "date", "datetime", "integer", "boolean", "yes-no", "digits", "phone", "email", "postal-code", "state", "county",
    "address-line", "address-city", "address-state", "address-postal-code", "family-name", "given-name", "covid-vaccine",
]  # fmt: skip
Path = str


def _path_is_short_for_rule(given: Any) -> Any:
    return {"from": (given,)} if isinstance(given, str) else given


class Rule(Declared):
    """Where one field comes from. A plain path is short for `{from: path}`."""

    from_: tuple[Path, ...] = Field(
        default=(), alias="from",
        description="a path, or several: the first that holds a value, or all of them with `join` or for race_ethnicity",
    )  # fmt: skip
    value: str | int | bool | None = Field(default=None, description="a constant, in place of `from`")
    join: str | None = Field(default=None, description="puts the values of all paths together with this between them")
    parse: Parser | None = Field(
        default=None, description="how to read the text; by default what the field's type asks for"
    )
    format: tuple[str, ...] = Field(
        default=(),
        description="of a date or time: `iso`, `hl7`, `excel` (days since 1900), or strptime as `%m/%d/%Y`; several are tried in "
        "order",
    )
    timezone: str | None = Field(default=None, description="IANA zone of times without one; by default the source's")
    yes_words: tuple[str, ...] = Field(
        default=(), description="what means yes; any case. By default yes, y, true, t, 1"
    )
    no_words: tuple[str, ...] = Field(default=(), description="what means no; any case. By default no, n, false, f, 0")
    codes: str | None = Field(default=None, description="code table: codes/<name>.csv")
    match: Literal["exact", "fold"] = Field(
        default="exact",
        description="how values are found in the code table: as written, or in any case and with any blanks between words",
    )
    ignore: tuple[str, ...] = Field(default=(), description="placeholders that mean: nothing was given; any case")
    hook: str | None = Field(default=None, description="function of hooks.py, text → text or None, before parsing")
    required: bool = Field(default=False, description="a record without it is rejected (`missing.<field>`)")
    default: str | int | bool | None = Field(
        default=None, description="stands where nothing was given; never for a bad value"
    )
    on_error: OnError | None = Field(
        default=None, description="for a bad or unmapped value; by default the connector's"
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        given = _path_is_short_for_rule(given)
        if isinstance(given, dict):
            given = dict(given)
            for name in ("from", "format"):
                if isinstance(given.get(name), str):
                    given[name] = (given[name],)
        return given

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """For editors: a plain path, or the object, in which one path or format needs no list."""
        made = handler.resolve_ref_schema(handler(schema))
        for name in ("from", "format"):
            made["properties"][name] = {"anyOf": [{"type": "string"}, made["properties"][name]]}
        return {"anyOf": [{"type": "string"}, dict(made)]}

    @model_validator(mode="after")
    def _one_source(self) -> Rule:
        if bool(self.from_) == (self.value is not None):
            raise ValueError("give either `from` (a path) or `value` (a constant)")
        return self


class Where(Declared):
    """A record counts for an event only if every `where` of it holds."""

    path: Path = Field(description="what to look at")
    equals: tuple[str, ...] = Field(default=(), description="holds if it is one of these, as written")
    not_equals: tuple[str, ...] = Field(default=(), description="holds if it is none of these, as written")
    present: bool | None = Field(default=None, description="holds if there is a value (true) or none (false)")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        if isinstance(given, dict):
            return {k: (v,) if k.endswith("equals") and isinstance(v, str) else v for k, v in given.items()}
        return given

    @model_validator(mode="after")
    def _says_something(self) -> Where:
        if not self.equals and not self.not_equals and self.present is None:
            raise ValueError("give equals, not_equals or present")
        return self


class EventRule(Declared):
    """One event that a record may become; a record may become several."""

    event: str = Field(description="event kind, such as `shelter-stay`")
    where: tuple[Where, ...] = Field(
        default=(), description="filters; a record that passes none of the events is ignored"
    )
    dedupe: tuple[Path, ...] = Field(
        default=(), description="natural key of the fact; by default the connector's `dedupe`"
    )
    person: bool = Field(default=True, description="false: this event is of no person (a site)")
    occurred_on: Rule | None = Field(default=None, description="the day it happened")
    changed_at: Rule | None = Field(
        default=None, description="the source's own change time: a later one corrects an earlier one"
    )
    status_rank: Rule | None = Field(default=None, description="integer that breaks ties of changed_at: higher wins")
    active: Rule | None = Field(default=None, description="yes or no: no withdraws the fact")
    labels: tuple[str, ...] = Field(default=(), description="sensitivity labels, beside those of the agreement")
    fields: dict[str, Rule] = Field(default_factory=dict, description="fields of the event by name")


class Identity(Declared):
    """Who a record is about."""

    id: Rule = Field(description="the person's id in the source")
    authority: Rule = Field(description="who gives that id: `{value: riverside}`, or a path such as PID-3.4")
    ignore: tuple[str, ...] = Field(
        default=(), description="placeholder values, any case, that are nobody's id, name, birth date …"
    )
    block: dict[str, Rule] = Field(
        default_factory=dict, description="fields of the person block, for linking; the agreement must grant each"
    )
