"""`hub referral write`: a referral for each open need that names its person, and nothing more of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from hub.commands.referral import referral

ENDS = (
    "--requester",
    "Organization/county",
    "--system",
    "https://shelters.example/clients",
    "--at",
    "2021-02-03T08:00:00",
)


OPEN = "draft,requested,received,accepted,ready,on-hold,in-progress"


def write(path: Path, *lines: object) -> Result:
    file = path / "needs.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return CliRunner().invoke(referral, ["write", str(file), *ENDS])


def a_need(**more: object) -> dict[str, object]:
    return {
        "support": "place",
        "urgency": "urgent",
        "until": "2021-02-11",
        "local_id": "C-77",
        "kind": "delivery-x",
    } | more


def test_each_delivered_need_becomes_one_transaction(tmp_path: Path) -> None:
    done = write(
        tmp_path, {"key": "n-1", "value": a_need()}, {"key": "n-2", "value": a_need(support="food", urgency="soon")}
    )
    assert done.exit_code == 0
    first, second = [json.loads(line) for line in done.stdout.splitlines()]
    request, task = [entry["resource"] for entry in first["entry"]]
    assert (first["type"], request["id"], task["id"], task["priority"]) == ("transaction", "n-1", "n-1", "urgent")
    assert task["restriction"] == {"period": {"end": "2021-02-11"}}
    assert second["entry"][1]["resource"]["priority"] == "routine"
    assert "2 referrals written; 0 withdrawals written; 0 lines left out" in done.stderr


def test_what_names_nobody_or_nothing_is_left_out_and_counted(tmp_path: Path) -> None:
    done = write(
        tmp_path,
        {"key": "n-1", "value": a_need(local_id=None)},
        {"key": "n-2", "value": a_need(support="gold")},
        {"key": "n-3", "value": a_need(state="helped")},
        {"key": None, "value": None},
        {"key": "n-5", "value": a_need()},
        {"key": "n-5", "value": a_need(until="soon")},
    )
    assert (done.exit_code, len(done.stdout.splitlines())) == (1, 1)
    assert "1 referral written; 0 withdrawals written; 4 lines left out" in done.stderr


def test_r14_r23_a_need_that_is_taken_back_cancels_its_referral_and_does_not_say_why(tmp_path: Path) -> None:
    done = write(
        tmp_path,
        {"key": "n-1", "value": a_need()},
        {"key": "n/2", "value": None},
        {"key": "n-1", "value": None},
        {"key": "n-3", "value": None},
        {"key": "n-3", "value": a_need()},  # needed again: asked again under the same ids
    )
    assert done.exit_code == 0
    first, second, third = [json.loads(line) for line in done.stdout.splitlines()]
    assert [entry["request"] for entry in first["entry"]] == [
        {"method": "PATCH", "url": f"Task?_id=n-1&status={OPEN}"},
        {"method": "PATCH", "url": "ServiceRequest?_id=n-1&status=draft,active,on-hold"},
    ]
    assert changed(first["entry"][0]) == [
        ("replace", "Task.status", "cancelled"), ("delete", "Task.statusReason", None),
        ("add", "Task", {"text": "No longer needed"}),
    ]  # fmt: skip
    assert changed(first["entry"][1]) == [("replace", "ServiceRequest.status", "revoked")]
    assert second["entry"][0]["request"]["url"].startswith("Task?_id=n%2F2&")
    assert third["entry"][1]["resource"]["status"] == "requested"
    assert "C-77" not in json.dumps([first, second]), "who it was for is in no withdrawal"
    assert "1 referral written; 2 withdrawals written; 0 lines left out" in done.stderr


def changed(entry: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """What a patch does: the kind of each operation, its path, and the value."""
    found: list[tuple[str, str, Any]] = []
    for operation in entry["resource"]["parameter"]:
        parts: dict[str, Any] = {
            part["name"]: next((part[name] for name in part if name != "name"), None) for part in operation["part"]
        }
        found.append((parts["type"], parts["path"], parts.get("value")))
    return found


def test_a_file_of_something_else_is_a_usage_error_without_its_content(tmp_path: Path) -> None:
    done = write(tmp_path, ["Vega"])
    assert done.exit_code == 2
    assert "line 1" in done.stderr
    assert "Vega" not in done.stderr


def test_ends_that_no_server_could_find_are_a_usage_error(tmp_path: Path) -> None:
    file = tmp_path / "needs.jsonl"
    file.write_text(json.dumps({"key": "n-1", "value": a_need()}))
    told = ["--requester", "Organization/county", "--system", "urn:oid:1.2"]
    for name, wrong in (("--requester", "county"), ("--system", "foo"), ("--owner", "a b")):
        done = CliRunner().invoke(referral, ["write", str(file), *told, name, wrong])
        assert (done.exit_code, done.stdout) == (2, "")
        assert name in done.stderr


def test_what_is_no_delivered_need_is_left_out_with_a_word_on_why(tmp_path: Path) -> None:
    done = write(tmp_path, {"needs": []}, {"key": "n-1", "value": a_need()})
    assert (
        "1 referral written; 0 withdrawals written; 1 line left out: a line is written where it is an open need with `support`"
        in done.stderr
    )
