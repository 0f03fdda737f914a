"""What a rule remembers of a text is what it would work out: with `explain` everything is worked out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.connectors.catalog import Connector
from hub.domain.ids import Ids
from hub.mapping.declared.program import Traced
from hub.mapping.declared.remembered import RememberingRule
from hub.mapping.program import MappingContext, Unit
from tests.mapping.declared.reading import AGREED
from tests.mapping.declared.shelter import BEDS, declared, write

CELLS: dict[str, list[str]] = {
    "Guest ID": ["G-1", "G-2", "TEST", "", "test"],
    "First": ["Ana", "ANA", "", "Test", "N/A"],
    "DOB": ["03/09/1980", "", "31/31/1980", "1980-03-09", "03/09/1780"],
    "Phone": ["(555) 201-3344", "555", "", "5552013344"],
    "Night": ["01/15/2021", "", "2021-01-15", "01/16/2021", "N/A"],
    "Bed Type": ["DORM", "ROOM", "LIFT", "", "dorm", "N/A", "x" * 80],
    "Race": ["Latina", "Black", "Rather not say", "Mixed", "", "Nobody knows"],
    "Second race": ["Black", "", "N/A", "Elsewhere"],
    "Updated": ["2021-01-16T06:00:00", "", "2021-01-16", "yesterday"],
    "Left": ["01/17/2021", "", "N/A", "17.01.2021"],
}
ROW = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in CELLS.items()})


@pytest.fixture(scope="module")
def connectors(tmp_path_factory: pytest.TempPathFactory) -> list[Connector]:
    """The made-up shelter; and bent: several paths, defaults, placeholders, a hook, all that is wrong flagged."""
    bent: dict[str, Any] = declared()
    rule = bent["map"][0]["fields"]
    rule["race_ethnicity"] = {"from": ["Second race", "Race"], "codes": "race", "ignore": ["N/A"]}
    rule["site_kind"] = {"from": "Bed Type", "codes": "beds", "default": "congregate", "ignore": ["N/A"]}
    rule["left_on"] = {"from": ["Left", "Night"], "format": "%m/%d/%Y", "on_error": "null_and_flag", "ignore": ["N/A"]}
    rule["household"] = {"from": "Guest ID"}
    bent["identity"]["block"]["given_name"] = {"from": "First", "hook": "upper", "ignore": ["N/A"]}
    bent["identity"]["block"]["middle_name"] = {"from": ["First", "Last"], "join": " "}
    hooks = "def upper(text):\n    return text.upper()\n"
    folder = tmp_path_factory.mktemp("connectors")
    return [write(folder / "plain"), write(folder / "bent", bent, hooks=hooks)]


def traced(connector: Connector, data: bytes, *, explain: bool) -> list[tuple[object, ...]]:
    assert connector.declared is not None
    context = MappingContext(source=connector.name, agreement=AGREED, keys=Ids(b"k" * 32))
    found: list[Traced] = list(connector.declared.traced(Unit("u", {"file": data}), context, explain=explain))
    return [(each.mapped, each.unmapped) for each in found]


@settings(max_examples=150, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=12))
def test_a_remembered_value_is_the_one_that_is_worked_out(
    connectors: list[Connector], rows: list[dict[str, str]]
) -> None:
    head = ["Last", *CELLS]
    lines = [",".join(head), *(",".join(row.get(name, "Lopez") for name in head) for row in rows)]
    data = "\n".join(lines).encode()
    for connector in connectors:
        assert traced(connector, data, explain=False) == traced(connector, data, explain=True)


def test_what_is_one_persons_own_is_not_kept_in_memory_nor_is_a_long_text(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    connector = write(tmp_path_factory.mktemp("one"))
    traced(connector, BEDS.encode(), explain=False)
    program: Any = connector.declared
    (rule,) = program._events
    rules = {**rule.fields, **rule.common, **program._who.block, "id": program._who.id}
    assert all(isinstance(each, RememberingRule) for each in rules.values())
    kept = {name: each._came_to for name, each in rules.items() if each._came_to}
    assert {*kept} == {"site_kind", "entered_on", "race_ethnicity", "birth_date", "occurred_on", "changed_at"}
    rule.fields["site_kind"]._came_to.clear()
    traced(connector, BEDS.replace("DORM", "D" * 200).encode(), explain=False)
    assert {*rule.fields["site_kind"]._came_to} == {"ROOM"}


def test_memory_of_a_rule_has_an_end(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.mapping.declared.remembered._REMEMBERED", 3)
    connector = write(tmp_path_factory.mktemp("many"))
    head, first, *_ = BEDS.splitlines()
    data = "\n".join([head, *(first.replace("01/15/2021", f"01/{day:02}/2021") for day in range(1, 20))]).encode()
    assert traced(connector, data, explain=False) == traced(connector, data, explain=True)
    program: Any = connector.declared
    assert len(program._events[0].fields["entered_on"]._came_to) <= 3
