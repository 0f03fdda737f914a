"""The words on the README's first screen are the words that `make demo` ends with."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from hub.demo.batch import read_county
from hub.demo.judge import Observed, judge, widest_gap
from hub.demo.words import closing_words
from hub.preview import PreviewResult
from hub.synthetic import make_county
from hub.wiring_reading import OFFLINE_IDS

ROOT = Path(__file__).resolve().parents[2]


def observed(preview: PreviewResult) -> Observed:
    """What the topics would say: live equals preview is another test's business (tests/live)."""
    owners = {source_person: min(group) for group in preview.people for source_person in group}
    return Observed(
        needs=tuple(need.model_dump() for need in preview.needs),
        owners=owners,
        totals=preview.totals,
        measures={},
        events=preview.distinct_events,
        rejected=preview.rejected,
        stream_rejected=0,
        sites={row.site: row.model_dump() for row in preview.beds},
    )


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    county = make_county(2_000, 1)
    preview = read_county(county, OFFLINE_IDS, tmp_path_factory.mktemp("county"))
    verdict = judge(observed(preview), county, OFFLINE_IDS)
    assert (verdict.needs_missed, verdict.needs_wrong, verdict.links_missed, verdict.links_wrong) == (0, 0, 0, 0)
    return closing_words(
        people=len(county.people),
        tested=len(county.truth.tested),
        positive=len(county.truth.positive),
        verdict=verdict,
        states=Counter(need.state for need in preview.needs),
        gap=widest_gap(preview.measures),
        equal=True,
    )


@pytest.mark.slow
def test_the_first_screen_shows_the_real_last_words_of_the_demo(words: list[str]) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- demo-words.*?-->\n```\n(.*?)```", text, re.S)
    assert shown is not None
    assert " ".join(shown[1].split()) == " ".join(" ".join(words).split())


def test_the_first_screen_has_no_word_of_the_engine() -> None:
    first_screen = (ROOT / "README.md").read_text(encoding="utf-8").split("\n---\n")[0]
    assert "make demo" in first_screen
    assert "make test" in first_screen
    assert not re.search(r"kafka|faust|avro|broker|topic", first_screen, re.I)
