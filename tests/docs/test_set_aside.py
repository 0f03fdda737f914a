"""docs/dead-letters.md tells of every reason for which a laboratory or immunization record is set aside."""

from __future__ import annotations

import re
from pathlib import Path

from hub.redrive.reasons import reasons

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("lab*.py", "immuniz*.py", "vaccinations.py")
_IGNORED = re.compile(
    r'ignored\("([a-z-]+)"|NotMapped\("([a-z-]+)", "ignored"|Unkept\("([a-z-]+)"\)|"(several-candidates|no-candidate)"'
)
_ROW = re.compile(r"^\| ((?:`[a-z-]+`(?:, )?)+) \|", re.M)
NOT_COUNTED = {"not-a-result"}
"""Panels and questions within a report: no outcome of their own."""


def given() -> set[str]:
    """Reasons that stand in the programs as those of ignored records."""
    files = [path for name in PROGRAMS for path in (ROOT / "hub" / "mapping").glob(name)]
    texts = [path.read_text() for path in (*files, ROOT / "hub" / "domain" / "lab_meaning.py")]
    return {next(filter(None, groups)) for text in texts for groups in _IGNORED.findall(text)} - NOT_COUNTED


def test_every_reason_for_setting_a_record_aside_is_in_the_table_and_explained() -> None:
    page = (ROOT / "docs" / "dead-letters.md").read_text()
    aside = page.partition("## Set aside")[2].partition("\n## ")[0]
    told = {code for row in _ROW.findall(aside) for code in re.findall(r"`([a-z-]+)`", row)}
    assert given() - told == set()
    assert told <= set(reasons())
