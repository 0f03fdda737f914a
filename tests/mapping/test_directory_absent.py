"""R14: a service that the next directory leaves out is offered no more; what is no whole directory closes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.connectors.export_memory import ExportMemory
from hub.connectors.installed import programs
from hub.domain.identity import version_of
from hub.domain.ids import Ids
from hub.mapping.program import Mapped, MappingContext, Unit
from tests.mapping.reading import MadeUpAgreement

Take = Callable[..., list[Mapped]]
ALL = [f"s-{number}" for number in range(1, 6)]


@pytest.fixture
def memory(tmp_path: Path) -> ExportMemory:
    return ExportMemory(tmp_path / "exports" / "hsds-directory.sqlite")


@pytest.fixture
def take(memory: ExportMemory) -> Take:
    def read(files: dict[str, str], name: str = "unit", **options: Any) -> list[Mapped]:
        unit = Unit(name, {file: text.encode() for file, text in files.items()})
        context = MappingContext("hsds-directory", MadeUpAgreement(), Ids(b"k" * 32), options=options, memory=memory)
        return list(programs()["hsds-directory"].read(unit, context))

    return read


def table(ids: list[str], more: str = "") -> dict[str, str]:
    return {"services.csv": "id,name,status\n" + "".join(f"{each},Made-up {each},active\n" for each in ids) + more}


def service(number: str, **more: Any) -> dict[str, Any]:
    return {"id": number, "name": f"Made-up {number}", "status": "active", **more}


def listing(ids: list[str], **more: Any) -> dict[str, str]:
    return {"services.json": json.dumps([service(each, **more) for each in ids])}


def page(ids: list[str], number: int = 1, of: int = 1) -> str:
    told = {"total_pages": of, "page_number": number, "contents": [service(each) for each in ids]}
    return json.dumps(told)


def standing(*deliveries: list[Mapped]) -> list[str]:
    """Names of the services that are offered after all these, which may have arrived in any order."""
    latest: dict[str, Any] = {}
    names: dict[str, str] = {}
    for event in (mapped.event for found in deliveries for mapped in found if mapped.event is not None):
        told: Any = event
        names |= {told.fact_key: told.name} if told.name else {}
        if told.fact_key not in latest or version_of(told) > version_of(latest[told.fact_key]):
            latest[told.fact_key] = told
    return sorted(names[key].rpartition(" ")[2] for key, told in latest.items() if told.active and told.offered)


def reasons(found: list[Mapped]) -> list[str | None]:
    return [mapped.reason for mapped in found if mapped.outcome == "rejected"]


@pytest.mark.parametrize("made", [table, listing, lambda ids: {"page.json": page(ids)}])
def test_r14_a_service_that_the_next_directory_leaves_out_is_withdrawn(made: Any, take: Take) -> None:
    first, then = take(made(ALL), "2021-02-01.zip"), take(made(ALL[:4]), "2021-02-08.zip")
    (gone,) = [mapped for mapped in then if "absent-from-export" in mapped.issues]
    told: Any = gone.event
    assert (told.active, told.offered, told.status, told.name) == (False, False, "unknown", None)
    assert standing(first, then) == ALL[:4]
    assert [mapped.event for mapped in take(made(ALL[:4]), "2021-02-08.zip")] == [mapped.event for mapped in then]


def test_r14_a_service_that_comes_back_is_offered_again_in_any_order(take: Take) -> None:
    first, second = take(table(ALL), "2021-02-01"), take(table(ALL[:4]), "2021-02-08")
    third = take(table(ALL), "2021-02-15")
    assert standing(first, second, third) == ALL
    late = take(table(ALL[:4]), "2021-02-11")
    assert standing(first, second, third, late) == ALL, "an older one takes nothing back"
    older = take(table([*ALL, "s-6"]), "2021-01-25")
    assert standing(first, second, third, late, older) == ALL, "nor brings anything back that newer ones lack"


PARTS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "one service alone": ({"one.json": json.dumps(service("s-1"))}, {}),
    "one service a line": ({"some.json": "\n".join(json.dumps(service(each)) for each in ALL[:4])}, {}),
    "a page of two": ({"p.json": page(ALL[:4], 1, 2)}, {}),
    "two pages of three": ({"p.json": page(ALL[:2], 1, 3), "q.json": page(ALL[2:4], 3, 3)}, {}),
    "no service": ({"services.csv": "id,name,status\n"}, {}),
    "an empty list": ({"services.json": "[]"}, {}),
    "an empty file": ({"services.csv": ""}, {}),
    "a row that is none": (table(ALL[:4], "s-5\n"), {}),
    "an entry without id": (table(ALL[:4], ",nameless,active\n"), {}),
    "no table of services": ({"locations.csv": "id\nl-1\n"}, {}),
    "kept by its settings": (table(ALL[:4]), {"absent_services": "keep"}),
}


@pytest.mark.parametrize("name", PARTS)
def test_r14_what_is_no_whole_directory_closes_nothing(name: str, take: Take) -> None:
    files, options = PARTS[name]
    first, then = take(table(ALL), "2021-02-01"), take(files, "2021-02-08", **options)
    assert standing(first, then) == ALL


def test_r14_pages_that_are_all_there_are_a_whole_directory(take: Take) -> None:
    first = take(table(ALL), "2021-02-01")
    then = take({"p.json": page(ALL[:2], 1, 2), "q.json": page(ALL[2:4], 2, 2)}, "2021-02-08")
    assert standing(first, then) == ALL[:4]


@pytest.mark.parametrize("odd", [[2], {"of": 2}, "1", 1.0, True, None, 10**15])
@pytest.mark.parametrize("name", ["total_pages", "page_number"])
def test_r14_a_page_whose_numbers_are_none_is_no_whole_directory(name: str, odd: object, take: Take) -> None:
    first = take(table(ALL), "2021-02-01")
    then = take({"p.json": json.dumps({**json.loads(page(ALL[:4])), name: odd})}, "2021-02-08")
    assert (standing(first, then), reasons(then)) == (ALL, [])


def test_r14_a_directory_that_lacks_much_closes_nothing_until_somebody_said_so(
    take: Take, memory: ExportMemory
) -> None:
    many = [f"s-{number}" for number in range(10, 50)]
    first, cut = take(table(many), "2021-02-01"), take(table(many[:35]), "2021-02-08")
    assert (reasons(cut), standing(first, cut)) == (["too-many-absent"], many)
    (waiting,) = memory.held()
    assert waiting.absent == {"service": (5, 40)}
    assert memory.accept(waiting.export)
    assert standing(first, cut, take(table(many[:35]), "2021-02-09")) == many[:35]


@pytest.mark.parametrize(("before", "now"), [(4, 1), (3, 1), (5, 2), (2, 0)])
def test_r14_a_list_that_lacks_more_than_half_is_asked_about_however_few_they_are(
    before: int, now: int, take: Take
) -> None:
    """A reply to a search is a JSON list too."""
    first = take(listing(ALL[:before]), "2021-02-01")
    then = take(listing([*ALL[:now], "s-9"] if not now else ALL[:now]), "2021-02-08")
    assert reasons(then) == ["too-many-absent"]
    assert standing(first, then) == [*ALL[:before], *([] if now else ["s-9"])]


def test_r14_how_much_a_directory_may_lack_is_a_setting(take: Take) -> None:
    many = [f"s-{number}" for number in range(10, 50)]
    first, then = take(table(many), "2021-02-01"), take(table(many[:35]), "2021-02-08", most_absent=0.2)
    assert standing(first, then) == many[:35]


@pytest.mark.parametrize("options", [{}, {"absent_services": "withdraw"}])
def test_r14_a_directory_that_nobody_dated_closes_nothing_and_is_not_remembered(
    options: dict[str, Any], take: Take
) -> None:
    """Its services tell when each of them was changed, not when the directory was made."""
    old = [service(each, last_modified="2021-01-01T08:00:00Z") for each in ALL[:4]]
    removed = service("s-5", last_modified="2021-03-01T08:00:00Z")
    appeared = service("s-6", last_modified="2021-02-01T08:00:00Z")
    first = take({"services.json": json.dumps([*old, removed])}, **options)
    then = take({"services.json": json.dumps([*old, appeared])}, **options)
    assert standing(first, then) == [*ALL, "s-6"]
    assert standing(first, then, take(listing(ALL[:4]), "2021-04-01", **options)) == [*ALL, "s-6"]
