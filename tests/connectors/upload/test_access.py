"""Access words, sessions and the brake on guessing, by a clock of the test's own."""

from __future__ import annotations

from datetime import date

import pytest

from hub.connectors.upload.access import Brake, Sessions, account_of, hashed, new_word, read_accounts
from hub.errors import ConfigError

TODAY = date(2021, 3, 1)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_word_opens_its_own_label_only_and_however_it_is_copied() -> None:
    word = new_word()
    accounts = read_accounts(f"# the desk\n{hashed('front-desk', word)}\n\n{hashed('evening', 'other')}\n")
    assert account_of(accounts, "front-desk", word, TODAY) == "front-desk"
    assert account_of(accounts, " Front-Desk ", f" {word.upper()} ", TODAY) == "front-desk"
    assert account_of(accounts, "evening", word, TODAY) is None
    assert account_of(accounts, "nobody", word, TODAY) is None
    assert account_of(accounts, "front-desk", "", TODAY) is None
    assert word not in hashed("front-desk", word)


def test_while_a_word_is_rotated_both_work_until_the_old_ones_day_has_passed() -> None:
    accounts = read_accounts(f"{hashed('desk', 'old', TODAY)}\n{hashed('desk', 'new')}")
    assert [account_of(accounts, "desk", word, TODAY) for word in ("old", "new")] == ["desk", "desk"]
    assert account_of(accounts, "desk", "old", date(2021, 3, 2)) is None


@pytest.mark.parametrize(
    "line",
    [
        "front-desk secret-in-the-clear",
        "front-desk scrypt:1:8:1:c2FsdA==:aGFzaA==",
        "front-desk scrypt:16384:8:1:c2FsdA==:short",
        hashed("front-desk", "word") + " until tomorrow",
        hashed("front-desk", "word").replace("16384", str(1 << 30)),
        hashed("front-desk", "word").replace("front-desk", "Front Desk"),
    ],
    ids=("in-the-clear", "cheap", "short", "words-behind", "dear", "label"),  # a hash is another each time
)
def test_a_line_that_is_none_is_refused_without_showing_it(line: str) -> None:
    with pytest.raises(ConfigError, match="line 2 of the secret file `access` is none") as why:
        read_accounts(f"{hashed('evening', 'word')}\n{line}")
    assert "secret-in-the-clear" not in str(why.value)


def test_words_have_no_letters_that_are_taken_for_others() -> None:
    words = {new_word() for _ in range(200)}
    assert len(words) == 200
    assert not set("".join(words)) & set("ilo01")


def test_each_failure_after_the_fifth_waits_longer_and_success_forgives() -> None:
    clock = Clock()
    brake = Brake(clock)
    waits = []
    for _ in range(9):
        waits.append(brake.wait_s("label a", "from b"))
        clock.now += waits[-1]
        brake.failed("label a", "from b")
    assert waits == [0, 0, 0, 0, 0, 15, 30, 60, 120]
    assert brake.wait_s("label other") == 0
    assert brake.wait_s("label other", "from b") == 240
    brake.succeeded("label a", "from b")
    assert brake.wait_s("label a", "from b") == 0
    for _ in range(40):
        brake.failed("label a")
    assert brake.wait_s("label a") == 900
    clock.now += 3_601
    assert brake.wait_s("label a") == 0


def test_a_session_ends_when_it_is_not_used_and_after_a_shift() -> None:
    clock = Clock()
    sessions = Sessions(clock, idle_s=900)
    token, session = sessions.begin("desk")
    clock.now += 899
    assert sessions.of(token) is session
    clock.now += 900
    assert sessions.of(token) is None
    token, _ = sessions.begin("desk")
    for _ in range(60):
        clock.now += 600
        if sessions.of(token) is None:
            break
    assert clock.now - 1_000 - 1_799 == pytest.approx(8 * 3_600, abs=600)
    assert sessions.of(None) is None
    assert sessions.of("guessed") is None


def test_the_oldest_session_makes_room() -> None:
    sessions = Sessions(Clock(), idle_s=900, most=2)
    tokens = [sessions.begin("desk")[0] for _ in range(3)]
    assert [sessions.of(token) is not None for token in tokens] == [False, True, True]
