"""What a reviewer sees (equity-identity.md, requirement 27): the registry beside a running hub, and no value unless revealed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from hub.account import account
from hub.commands import identity_review
from hub.commands.identity import identity
from hub.domain import who
from hub.domain.events import PersonBlock
from hub.domain.identity_reviews import ReviewDecision, reviewed
from hub.domain.ids import Ids
from hub.domain.linkage.model import shipped_model
from hub.identity.linker import Sighting
from hub.identity.linking import Linking
from hub.identity.registry import Registry, mint_person_key
from hub.identity.reviews import Said
from hub.privacy.secrets import make_secret, read_secret
from hub.privacy.vault import Vault
from tests.identity.registries import registry_of
from tests.identity.reviewed import BRUNA, OTTO

SHIPPED = Path(who.__file__).parent / "tables" / "link_model.json"
ONE, OTHER, THIRD, UNKNOWN = ("a" * 26, "ab" + "c" * 24, "b" * 26, "z" * 26)
HOSTILE = BRUNA.model_copy(update={"local_id": "mrn\x1b-7"})
AT = datetime(2021, 1, 1, tzinfo=UTC)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A registry that identify has open, with three source persons of whom two wait."""
    monkeypatch.setenv("HUB_INSTANCE", str(tmp_path))
    for name in ("kek", "hmac"):
        make_secret(tmp_path / "secrets" / name)
    ids = Ids(read_secret(tmp_path / "secrets" / "hmac"))
    with closing(Vault.from_files(tmp_path / "keys.sqlite", tmp_path / "secrets" / "kek")) as vault:
        linking = Linking(shipped_model(), ids, mint_person_key)
        with closing(Registry(tmp_path / "identity.sqlite", vault, linking=linking)) as registry:
            with registry.batch() as batch:
                batch.link_store.put_model(linking.made_by)
                batch.see([_sighting(ONE, HOSTILE), _sighting(OTHER, OTTO), _sighting(THIRD, None)])
            yield registry


def _sighting(token: str, block: PersonBlock | None) -> Sighting:
    version = (AT, 0, "h", 1)
    return Sighting(token, "hmis-csv", version, block.local_id if block else None, block)


class Log:
    """The topic of decisions, in memory. `sooner`, `later`: what somebody else writes right before and after the next one, which
    nobody has read by then."""

    def __init__(self) -> None:
        self.said: list[Said] = []
        self.sooner: list[ReviewDecision] = []
        self.later: list[ReviewDecision] = []

    def append(self, decision: ReviewDecision) -> None:
        for each in (*self.sooner, decision, *self.later):
            self.said.append(Said(len(self.said) + 1, each))
        self.sooner, self.later = [], []

    def all(self) -> Iterator[Said]:
        return iter(self.said)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    """Where the command line writes decisions, instead of a broker."""
    log = Log()

    @contextmanager
    def opened(settings: object) -> Iterator[Log]:
        yield log

    monkeypatch.setattr(identity_review, "decision_log", opened)
    return log


def say(registry: Registry, number: int, one: str, other: str, verdict: str) -> None:
    made = reviewed(one, other, verdict, reason="records-compared", actor="r.lopez", decided_at=AT)  # type: ignore[arg-type]
    with registry.batch() as batch:
        batch.hear([Said(number, made)])
        batch.see([])


def run(*line: str, code: int = 0) -> Result:
    ended = CliRunner().invoke(identity, ["review", *line])
    assert ended.exit_code == code, (ended.output, ended.exception)
    return ended


def test_r27_list_tells_the_queue_and_why_in_words_and_no_value(registry: Registry) -> None:
    said = run("list").output
    assert f"{ONE} {OTHER}" in said
    assert "1 waits" in said
    assert "birth date the same" in said.replace("\n", " ")
    assert "given" in said.partition("against")[2]
    assert "sex-and-given" in said
    (row,) = [json.loads(line) for line in run("list", "--json").output.splitlines()]
    assert (row["left"], row["right"], row["veto"], row["pairs"]) == (ONE, OTHER, "sex-and-given", 1)
    assert row["fields"]["birth_date"]["level"] == "exact"
    for told in (said, json.dumps(row)):
        assert not any(value in told.casefold() for value in ("zolaris", "brumhilda", "ottokar", "1980", "7702", "mrn"))
    say(registry, 1, ONE, OTHER, "different")
    assert "nobody waits" in run("list").output


def test_r27_show_draws_the_waterfall_and_says_how_the_two_stand(registry: Registry) -> None:
    said = run("show", ONE, OTHER).output
    assert "they are two people now, of 1 and 1 records" in said
    assert "█" in said
    say(registry, 1, ONE, OTHER, "same")
    assert "they are one person now, of 2 records" in run("show", "aaaa", "abcc").output
    row = json.loads(run("show", "aaaa", "abcc", "--json").output)
    assert (row["left"], row["right"], row["one_person"], row["records"]) == (ONE, OTHER, True, [2, 2])
    assert not any(value in said.casefold() for value in ("zolaris", "brumhilda", "ottokar", "1980", "7702"))


def test_show_says_whether_the_pair_waits_and_by_which_rule(registry: Registry) -> None:
    def asked(*pair: str) -> object:
        return json.loads(run("show", *pair, "--json").output)["review"]

    assert (asked(ONE, OTHER), asked(OTHER, ONE), asked(ONE, THIRD)) == ("sex-and-given", "sex-and-given", None)
    say(registry, 1, ONE, OTHER, "different")
    assert asked(ONE, OTHER) is None
    say(registry, 2, ONE, OTHER, "same")
    assert asked(ONE, OTHER) is None


def test_two_whom_a_rule_keeps_apart_are_not_asked_about_and_yet_may_be_decided_on(registry: Registry) -> None:
    twins = ("t" * 26, "u" * 26)
    aurelia = PersonBlock(
        given_name="Aurelia",
        family_name="Quenby",
        sex="F",
        birth_date=date(1991, 7, 8),
        phone="2195550107",
        address_line="7 Elm St",
        postal_code="95814",
    )
    told = (aurelia, aurelia.model_copy(update={"given_name": "Perpetua"}))
    with registry.batch() as batch:
        batch.see([_sighting(token, block) for token, block in zip(twins, told, strict=True)])
    assert "1 waits" in run("list").output
    said = run("show", *twins).output
    assert "veto: twins" in said
    assert json.loads(run("show", *twins, "--json").output)["review"] is None
    say(registry, 1, *twins, "same")
    assert "they are one person now" in run("show", *twins).output


def test_weights_are_told_to_half_a_bit_as_exact_ones_name_the_name(registry: Registry) -> None:
    """How much a name says tells how many have it, and so, often, which it is."""
    assert registry
    row = json.loads(run("list", "--json").output)
    shown = json.loads(run("show", ONE, OTHER, "--json").output)
    told = [row["total"], shown["score"], *(each["weight"] for each in row["fields"].values())]
    told += [each["weight"] for each in shown["parts"]]
    assert len(told) > 6
    assert all(each * 2 == int(each * 2) for each in told), told
    assert "half a bit" in run("show", ONE, OTHER).output
    drawn = re.findall(r"[+-]\d+\.\d\d(?= )", run("show", ONE, OTHER).output.partition("log2 odds")[0])
    assert drawn
    assert all(each.endswith((".00", ".50")) for each in drawn), drawn


def test_where_nobody_is_weighed_yet_it_says_so(registry: Registry, tmp_path: Path) -> None:
    assert "has not weighed" not in run("list").output
    registry.close()
    (tmp_path / "identity.sqlite").unlink()
    with closing(Vault.from_files(tmp_path / "keys.sqlite", tmp_path / "secrets" / "kek")) as vault:
        registry_of(tmp_path / "identity.sqlite", vault).close()
    said = run("list").output
    assert "nobody waits" in said
    assert "identify has not weighed anybody here yet" in said


def test_r27_a_pair_decided_both_ways_is_told(registry: Registry) -> None:
    say(registry, 1, ONE, OTHER, "same")
    say(registry, 2, OTHER, THIRD, "same")
    say(registry, 3, ONE, THIRD, "different")
    assert "decided both ways: " in run("list").output


def test_r27_a_model_is_held_against_what_people_decided(registry: Registry, tmp_path: Path) -> None:
    """The feedback to training: which of two models to use."""
    assert "people said" in run("agreement").output
    say(registry, 1, ONE, OTHER, "same")
    say(registry, 2, ONE, THIRD, "different")  # of whom nothing is told
    say(registry, 3, OTHER, UNKNOWN, "different")
    counts = json.loads(run("agreement", "--json").output)
    assert counts == {"same": {"match": 0, "review": 1, "none": 0}, "different": {"match": 0, "review": 0, "none": 0}}
    say(registry, 4, ONE, OTHER, "different")
    document = json.loads(SHIPPED.read_text())
    (tmp_path / "strict.json").write_text(json.dumps(document | {"match": 60.0, "review": 50.0}))
    strict = json.loads(run("agreement", "--json", "--model", str(tmp_path / "strict.json")).output)
    assert strict["different"] == {"match": 0, "review": 0, "none": 1}
    assert "no such" in run("agreement", "--model", "absent.json", code=2).output.casefold()


def test_who_was_erased_says_nothing(registry: Registry, tmp_path: Path) -> None:
    with closing(Vault.from_files(tmp_path / "keys.sqlite", tmp_path / "secrets" / "kek")) as vault:
        vault.erase(ONE)
    assert "its key was erased" in run("list").output
    assert "no evidence" in run("show", ONE, OTHER).output


def test_a_token_may_be_cut_short_but_not_so_that_it_is_anybodys(registry: Registry) -> None:
    assert registry
    assert "too short" in run("show", "a", OTHER, code=2).output
    with pytest.raises(Exception, match="no source person has a token"):
        CliRunner().invoke(identity, ["review", "show", UNKNOWN, OTHER], catch_exceptions=False)
    assert "the same source person" in run("show", ONE, "aaaa", code=2).output


def test_a_decision_needs_one_of_the_codes_of_its_verdict_and_an_account(registry: Registry) -> None:
    assert registry
    wrong = run("decide", ONE, OTHER, "same", "--reason", "relatives", code=2).output
    assert "document-seen" in wrong
    assert "twins" not in wrong
    words = run("decide", ONE, OTHER, "same", "--reason", "document-seen", "--actor", "Ana Lopez, RN", code=2)
    assert "account" in words.output
    assert "--purpose" in run("show", ONE, OTHER, "--reveal", code=2).output


def test_an_entry_names_the_pair_in_one_order_whichever_was_typed_first(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert registry
    subjects: list[str] = []

    class Trail:
        def write(self, action: str, *, purpose: str, subject: str, detail: str) -> SimpleNamespace:
            subjects.append(subject)
            return SimpleNamespace(number=len(subjects))

    @contextmanager
    def opened(settings: object) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(trail=Trail())

    monkeypatch.setattr(identity_review, "opened", opened)
    for pair in ((ONE, OTHER), (OTHER, ONE)):
        run("show", *pair, "--reveal", "--purpose", "a test")
    assert subjects == [f"{ONE}.{OTHER}"] * 2


def test_who_enters_a_decision_for_another_is_told_beside_them(registry: Registry, log: Log) -> None:
    assert registry
    why = ("--reason", "document-seen")
    run("decide", ONE, OTHER, "same", *why, "--actor", "r.lopez")
    run("decide", ONE, THIRD, "same", *why)
    assert [(each.decision.actor, each.decision.entered_by) for each in log.said] == [
        ("r.lopez", account()),
        (account(), None),
    ]
    assert f"r.lopez (entered by {account()})" in run("log").output


def test_another_verdict_that_stands_is_told_and_overruled_on_purpose_only(registry: Registry, log: Log) -> None:
    assert registry
    same = ("same", "--reason", "document-seen", "--actor", "r.lopez")
    different = ("different", "--reason", "relatives", "--actor", "m.chan")
    run("decide", ONE, OTHER, *same)
    run("decide", ONE, OTHER, "same", "--reason", "records-compared", "--actor", "r.lopez")
    run("decide", ONE, OTHER, *same)  # the same again: nothing is overruled
    refused = run("decide", OTHER, ONE, *different, code=1)
    for told in ("r.lopez", "document-seen", f"{datetime.now(UTC):%Y-}", "--overrule"):
        assert told in refused.output, told
    withdrawn = ("withdrawn", "--reason", "still-unsure")
    run("decide", ONE, OTHER, *withdrawn, "--actor", "m.chan", code=1)
    assert len(log.said) == 3
    run("decide", ONE, OTHER, *different, "--overrule")
    assert [each.decision.verdict for each in log.said] == ["same"] * 3 + ["different"]
    run("decide", ONE, OTHER, *withdrawn, "--actor", "m.chan")  # who takes their own word back overrules nobody
    run("decide", ONE, OTHER, *same)
    assert len(log.said) == 6


@pytest.mark.parametrize("sooner", [True, False])
def test_of_two_who_decide_at_once_nobody_is_left_to_think_that_nobody_disagrees(
    registry: Registry, log: Log, sooner: bool
) -> None:
    """Neither could read the other's word before: no lock is between them, and both are written."""
    assert registry
    theirs = reviewed(ONE, OTHER, "same", reason="document-seen", actor="m.chan", decided_at=AT)
    agreed = reviewed(ONE, OTHER, "different", reason="relatives", actor="p.diaz", decided_at=AT)
    elsewhere = reviewed(ONE, THIRD, "same", reason="document-seen", actor="k.olsen", decided_at=AT)
    mine = ("decide", ONE, OTHER, "different", "--reason", "relatives", "--actor", "r.lopez")
    log.sooner, log.later = ([agreed, elsewhere, theirs], []) if sooner else ([], [agreed, elsewhere, theirs])
    told = run(*mine, code=1).output
    assert len(log.said) == 4
    assert "m.chan" in told
    assert "document-seen" in told
    assert ("yours stands" in told) is sooner
    assert not {"p.diaz", "k.olsen"} & set(re.findall(r"[a-z]\.[a-z]+", told))
    log.sooner = [agreed, elsewhere]
    run(*mine, "--overrule")
