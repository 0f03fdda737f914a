"""`hub rejected`, `hub audit`, `hub connector remap|unmapped` as an operator types them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.commands import audit, rejected, remap
from hub.config import Settings
from hub.errors import UnknownName
from hub.wiring_rejected import Desk
from tests.connectors.made_up_lab import message
from tests.redrive.desk import AT, Installation

LAB, LABS = "lab-elr-hl7v2", "hub.intake.lab-result.v1"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    made = Installation(tmp_path, monkeypatch, LAB)

    @contextmanager
    def opened(_settings: Settings) -> Iterator[Desk]:
        yield made.desk()

    monkeypatch.setenv("HUB_BOOTSTRAP", "nowhere.invalid:9092")  # asked for before anything is opened
    for module in (audit, rejected, remap):
        monkeypatch.setattr(module, "opened", opened)
        monkeypatch.setattr(module, "running_instance", lambda _name: tmp_path)
    made.letter(LAB, message(1), "message 1")
    made.letter(LAB, message(2).replace(b"PID|", b"PIX|"), "message 2", reason="no-patient")
    return made


def hub(command: Any, *words: str, code: int = 0) -> Result:
    told = CliRunner().invoke(command, words)
    assert told.exit_code == code, told.output
    return told


def lines(told: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in told.stdout.splitlines()]


def test_a_list_shows_counts_positions_and_codes_and_no_value(site: Installation) -> None:
    told = hub(rejected.rejected, "list")
    assert "2 dead letters" in told.stdout
    assert "█" in told.stdout
    assert "Madeup" not in told.stdout
    found = lines(hub(rejected.rejected, "list", "--json", "--reason", "no-patient"))
    assert [(row["where"], row["open"], row["original_kept"]) for row in found] == [("message 2", True, True)]


@pytest.mark.parametrize(("limit", "shown"), [(0, 0), (1, 1), (3, 3), (4, 4), (5, 5), (6, 5), (9, 5), (10, 5), (11, 5)])
def test_a_list_shows_the_newest_up_to_its_limit(site: Installation, limit: int, shown: int) -> None:
    for n in range(3, 6):
        site.letter(LAB, message(n).replace(b"PID|", b"PIX|"), f"message {n}", reason="no-patient")
    told = hub(rejected.rejected, "list", "--limit", str(limit)).stdout
    assert sum(f" {LAB} " in line and " map:" in line for line in told.splitlines()) == shown


def test_the_newest_letter_stands_first(site: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = site.desk().letters()
    aged = [
        each._replace(rejected=each.rejected.model_copy(update={"received_at": AT - timedelta(hours=n)}))
        for n, each in enumerate(letters)
    ]
    monkeypatch.setattr(Desk, "letters", lambda _self: sorted(aged, key=lambda each: each.rejected.received_at))
    told = hub(rejected.rejected, "list").stdout
    assert told.index(letters[0].id[:12]) < told.index(letters[1].id[:12])
    assert [row["id"] for row in lines(hub(rejected.rejected, "list", "--json"))] == [each.id for each in letters]
    assert letters[1].id[:12] not in hub(rejected.rejected, "list", "--limit", "1").stdout


def test_what_is_shown_is_in_words(site: Installation) -> None:
    hub(rejected.rejected, "redrive", "--reason", "no-patient", "--yes", "--rate", "1000", code=1)
    assert hub(rejected.rejected, "list", "--reason", "no-patient").stdout.startswith("1 dead letter\n")
    (letter_id,) = [row["id"] for row in lines(hub(rejected.rejected, "list", "--json", "--reason", "no-patient"))]
    told = dict(line.split(maxsplit=1) for line in hub(rejected.rejected, "show", letter_id).stdout.splitlines())
    assert (told["open"], told["original_kept"]) == ("yes", "yes")
    assert told["last_redrive"].startswith("result rejected, reason no-patient, events none, redriven_at 20")
    (other,) = [row["id"] for row in lines(hub(rejected.rejected, "list", "--json", "--reason", "mapping-error"))]
    assert "last_redrive     none" in hub(rejected.rejected, "show", other).stdout.splitlines()


def test_an_original_is_shown_only_for_a_purpose_and_leaves_an_entry(site: Installation) -> None:
    (letter_id,) = [row["id"] for row in lines(hub(rejected.rejected, "list", "--json", "--reason", "no-patient"))]
    assert "Madeup" not in hub(rejected.rejected, "show", letter_id[:10]).stdout
    hub(rejected.rejected, "show", letter_id, "--reveal", code=2)
    assert list(site.desk().entries()) == []
    shown = hub(rejected.rejected, "show", letter_id, "--reveal", "--purpose", "ask the laboratory", "--json")
    assert json.loads(shown.stdout)["original"] == message(2).replace(b"PID|", b"PIX|").decode()
    (entry,) = site.desk().entries()
    assert (entry.action, entry.subject, entry.purpose) == ("reveal", letter_id, "ask the laboratory")


def test_a_code_is_explained_and_an_unknown_one_is_refused() -> None:
    assert "names no patient" in hub(rejected.rejected, "explain", "no-patient").stdout
    assert len(lines(hub(rejected.rejected, "explain", "--json"))) > 50
    hub(rejected.rejected, "explain", "no-such-code", code=2)


def test_a_dry_run_shows_the_difference_and_changes_nothing(site: Installation) -> None:
    told = hub(rejected.rejected, "redrive", "--dry-run").stdout
    assert "mapping-error → an event" in told
    assert "no-patient → rejected (no-patient)" in told
    assert site.ids_on(LABS) == []
    assert [letter.last for letter in site.desk().letters()] == [None, None]


def test_a_redrive_publishes_marks_and_leaves_its_entries(site: Installation) -> None:
    told = hub(rejected.rejected, "redrive", "--filter", "reason=mapping-error", "--rate", "1000", "--yes").stdout
    assert "done: event=1 published=1" in told
    assert len(site.ids_on(LABS)) == 1
    assert [row["reason"] for row in lines(hub(rejected.rejected, "list", "--json"))] == ["no-patient"]
    assert [(e.action, e.detail) for e in site.desk().entries()] == [
        ("redrive", "reason=mapping-error letters=1"),
        ("redrive-done", "event=1 published=1"),
    ]
    assert "each as it was written" in hub(audit.audit, "verify").stdout
    assert len(lines(hub(audit.audit, "list", "--json"))) == 2


def test_a_redrive_of_which_some_are_still_rejected_ends_with_1(site: Installation) -> None:
    told = hub(rejected.rejected, "redrive", "--rate", "1000", "--yes", code=1).stdout
    assert "done: event=1 published=1 rejected=1" in told


def test_a_redrive_that_has_nothing_to_do_says_so(site: Installation) -> None:
    hub(rejected.rejected, "redrive", "--reason", "mapping-error", "--yes", "--rate", "1000")
    again = ("redrive", "--reason", "mapping-error", "--yes")
    assert hub(rejected.rejected, *again).stdout == "nothing to redrive: no such dead letter is open\n"
    assert lines(hub(rejected.rejected, *again, "--json")) == [{"done": {}}]
    assert "nothing to redrive" in hub(rejected.rejected, *again, "--dry-run").stdout
    assert lines(hub(rejected.rejected, *again, "--dry-run", "--json")) == []


def test_an_id_that_no_letter_has_is_refused_by_every_verb_alike(site: Installation) -> None:
    for verb in ("list", "redrive"):
        told = CliRunner().invoke(rejected.rejected, [verb, "--id", "nosuch"])
        assert isinstance(told.exception, UnknownName)
        assert "0 dead letters have an id that begins so" in str(told.exception)
    assert list(site.desk().entries()) == []
    (closed,) = [row["id"] for row in lines(hub(rejected.rejected, "list", "--json", "--reason", "mapping-error"))]
    hub(rejected.rejected, "redrive", "--id", closed, "--yes", "--rate", "1000")
    assert "nothing to redrive" in hub(rejected.rejected, "redrive", "--id", closed, "--yes").stdout
    assert hub(rejected.rejected, "list", "--id", closed).stdout == "no dead letters\n"


def test_who_answers_no_to_a_redrive_hears_that_nothing_was_done(site: Installation) -> None:
    told = CliRunner().invoke(rejected.rejected, ["redrive", "--reason", "mapping-error"], input="n\n")
    assert (told.exit_code, told.stdout.splitlines()[-1]) == (0, "nothing was done")
    assert "redrive 1 dead letter?" in told.stderr
    assert site.ids_on(LABS) == []


@pytest.mark.parametrize("verb", ["list", "redrive"])
def test_a_name_that_nobody_knows_is_no_empty_list(site: Installation, verb: str) -> None:
    assert "did you mean no-patient" in hub(rejected.rejected, verb, "--reason", "no-patent", code=2).stderr
    assert "lab-elr-hl7v2?" in hub(rejected.rejected, verb, "--connector", "lab-elr", code=2).stderr
    assert list(site.desk().entries()) == []
    hub(rejected.rejected, "list", "--connector", "hmis-csv", "--reason", "not-a-date.entered_on")


def test_a_wrong_filter_is_refused(site: Installation) -> None:
    hub(rejected.rejected, "redrive", "--filter", "name=Madeup", code=2)
    hub(rejected.rejected, "redrive", "--filter", "since=yesterday", code=2)


def test_a_trail_that_was_cut_in_the_middle_is_told(site: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        hub(rejected.rejected, "redrive", "--dry-run")
    entries = list(site.desk().entries())
    monkeypatch.setattr(Desk, "entries", lambda _self: iter([entries[0], entries[2]]))
    assert "broken at entry 1" in hub(audit.audit, "verify", code=1).stdout


def test_a_remap_counts_what_it_would_publish_and_unmapped_values_need_a_purpose(site: Installation) -> None:
    hub(rejected.rejected, "redrive", "--yes", "--rate", "1000", code=1)
    (told,) = lines(hub(remap.remap, LAB, "--json"))
    assert (told["unchanged"], told["changed"], told["new"]) == (1, 0, 0)
    assert "every coded value has its row" in hub(remap.list_unmapped, LAB).stdout
    hub(remap.list_unmapped, LAB, "--reveal", code=2)
    hub(remap.list_unmapped, LAB, "--reveal", "--purpose", "mend the table")
    assert [e.action for e in site.desk().entries()][-3:] == ["remap", "remap-done", "reveal-unmapped"]
