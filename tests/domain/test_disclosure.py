"""The audit chain: whatever is changed, moved or taken out of the middle shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.domain.disclosure import START, Disclosure, entry, first_break

AT = datetime(2021, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)


def chain(count: int) -> list[Disclosure]:
    made: list[Disclosure] = []
    for number in range(count):
        last = made[-1] if made else None
        at = AT + timedelta(minutes=number)
        made.append(
            entry(last, at=at, actor="ana", action="reveal", purpose="mend", subject=f"letter-{number}", detail="")
        )
    return made


def test_each_entry_holds_the_hash_of_the_one_before() -> None:
    made = chain(4)
    assert made[0].previous == START
    assert [each.previous for each in made[1:]] == [each.hash for each in made[:-1]]
    assert first_break(made) is None
    assert first_break([]) is None


@pytest.mark.parametrize("field", ["actor", "purpose", "subject", "detail", "hash", "previous"])
def test_a_changed_entry_shows(field: str) -> None:
    made = chain(4)
    made[2] = made[2].model_copy(update={field: "x"})
    assert first_break(made) == 2


def test_an_entry_written_anew_with_a_fitting_hash_breaks_the_one_after() -> None:
    made = chain(4)
    made[1] = entry(made[0], at=AT, actor="eve", action="reveal", purpose="", subject="letter-1", detail="")
    assert first_break(made) == 2


def test_an_entry_taken_out_or_moved_shows() -> None:
    made = chain(4)
    assert first_break(made[:1] + made[2:]) == 1
    assert first_break([made[0], made[2], made[1], made[3]]) == 1
    assert first_break(made[1:]) == 0
