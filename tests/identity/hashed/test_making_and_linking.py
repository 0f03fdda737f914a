"""From records to filters and from filters to links, by clkhash and anonlink themselves."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from hub.domain.linkage.filter_schema import LinkageSchema, linkage_schema, schema_names
from hub.domain.linkage.hashed import dice
from hub.errors import ConfigError
from hub.identity.hashed import library
from hub.identity.hashed.file import HashKey, read_filters, write_filters
from hub.identity.hashed.library import alike_pairs, filters_of
from hub.identity.hashed.linking import Incomparable, links
from hub.identity.hashed.making import hashed, values
from tests.identity.hashed.lane import KEY, needs_the_lane, person

pytestmark = needs_the_lane
WHOLE = linkage_schema("name-birth-place-1")
SHORT = linkage_schema("name-birth-1")


def test_what_leaves_holds_no_value(tmp_path: Path) -> None:
    path = tmp_path / "a.clk.jsonl"
    write_filters(path, hashed({"17": person()}, WHOLE, KEY, evidence=True))
    told = path.read_text().casefold()
    for value in (*values(person()).values(), KEY.secret.hex()):
        assert value not in told
    assert path.stat().st_mode & 0o077 == 0
    assert read_filters(path).records["17"].filled == frozenset(WHOLE.fields)


def test_filters_of_single_fields_leave_only_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "a.clk.jsonl"
    write_filters(path, hashed({"17": person()}, WHOLE, KEY, evidence=False))
    assert [sorted(json.loads(line)) for line in path.read_text().splitlines()[1:]] == [["clk", "filled", "id"]]


def test_a_birth_date_of_which_only_the_year_is_believed_is_no_evidence() -> None:
    weak = replace(person(), birth_date=date(1962, 1, 1), birth_weak=True)
    found = hashed({"17": weak}, WHOLE, KEY, evidence=True).records["17"]
    assert "birth_date" in found.filled
    assert sorted(found.fields) == ["family_name", "given_name"]
    assert values(weak)["birth_date"] == "1962"


def test_who_has_no_filled_field_is_left_out() -> None:
    nobody = replace(person(), given=(), family=(), birth_date=None)
    assert not hashed({"17": nobody}, SHORT, KEY, evidence=True).records
    assert links(*[hashed({"17": nobody}, SHORT, KEY, evidence=True)] * 2) == ()


def test_the_secret_and_the_schema_make_the_filter() -> None:
    def clk(schema_name: str, secret: bytes) -> int:
        key = HashKey("k", secret)
        return hashed({"1": person()}, linkage_schema(schema_name), key, evidence=False).records["1"].clk

    found = {clk(name, secret) for name in schema_names() for secret in (b"a" * 32, b"b" * 32)}
    assert len(found) == 4
    assert clk(SHORT.name, b"a" * 32) in found


def test_a_name_in_another_field_has_the_same_small_filter_and_other_bits_in_the_whole() -> None:
    found = hashed({"1": person("maria", "jose"), "2": person("jose", "maria")}, SHORT, KEY, evidence=True).records
    assert found["1"].fields["given_name"] == found["2"].fields["family_name"]
    assert found["1"].clk != found["2"].clk


def test_anonlink_counts_the_coefficient_as_we_do() -> None:
    people = {str(n): person(f"maria{n}", f"villa{'x' * n}") for n in range(5)}
    told = hashed(people, WHOLE, KEY, evidence=False).records
    raw = [record.clk.to_bytes(WHOLE.bits // 8, "big") for record in told.values()]
    found = alike_pairs(raw, raw, dice=0.5, most=5)
    clks = [record.clk for record in told.values()]
    assert len(found) == 25
    for one, other, much in found:
        assert much == pytest.approx(dice(clks[one], clks[other]))


def test_links_of_two_senders() -> None:
    left = hashed({"1": person(), "2": person("wendell", "pruitt", date(1948, 11, 2))}, WHOLE, KEY, evidence=True)
    right = hashed(
        {"9": person(family="vilalobos"), "8": person("gertrude", "okafor", date(1999, 5, 30))},
        WHOLE,
        KEY,
        evidence=True,
    )
    (link,) = links(left, right)
    assert (link.left, link.right, link.grade) == ("1", "9", "match")


@pytest.mark.parametrize(
    ("schema", "key", "why"),
    [
        (SHORT, KEY, "two schemas"),
        (WHOLE, HashKey("2027-01", KEY.secret), "two versions"),
        (WHOLE, HashKey(KEY.key_id, b"x" * 32), "mean two"),
    ],
)
def test_filters_of_two_schemas_or_secrets_are_never_compared(schema: LinkageSchema, key: HashKey, why: str) -> None:
    left = hashed({"1": person()}, WHOLE, KEY, evidence=True)
    with pytest.raises(Incomparable, match=why):
        links(left, hashed({"1": person()}, schema, key, evidence=True))


def test_clkhashs_own_tools_make_the_same_filters() -> None:
    """A shipped document holds all that clkhash needs, keys included: the child makes of it what `generate_clks` makes."""
    rows = [list(values(person()).values())]
    ((ours,),) = filters_of([(WHOLE.clkhash, rows)], KEY.secret)
    code = (
        "import json,sys; from clkhash.clk import generate_clks; from clkhash.schema import from_json_dict; "
        "told=json.load(sys.stdin); "
        "secret=bytes.fromhex(told['secret']); "
        "print(generate_clks(told['rows'], from_json_dict(told['schema']), secret, max_workers=1)[0].tobytes().hex())"
    )
    asked = json.dumps({"rows": rows, "schema": WHOLE.clkhash, "secret": KEY.secret.hex()})
    ran = subprocess.run([str(library.PYTHON), "-I", "-c", code], input=asked.encode(), capture_output=True, check=True)
    assert ran.stdout.decode().strip() == ours.hex()


def test_without_its_environment_the_lane_says_what_to_type(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(library, "PYTHON", tmp_path / "python")
    with pytest.raises(ConfigError, match="make setup-hashed"):
        hashed({"1": person()}, WHOLE, KEY, evidence=False)


def test_a_failed_child_shows_nothing_of_its_input() -> None:
    with pytest.raises(ConfigError) as failed:
        filters_of([({"version": 3}, [["villalobos"]])], KEY.secret)
    assert "villalobos" not in str(failed.value)
