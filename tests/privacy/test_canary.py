from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from hub.domain.events import Event, PersonBlock, Sealed
from hub.errors import RetryError
from hub.ops import metrics
from hub.ops.logs import configure
from tests.identity.fake_log import JUNK, event_of, stay_of
from tests.identity.test_worker import Site
from tests.privacy.canary import CANARIES, CANARY_BLOCK, find_canaries


@pytest.mark.parametrize(
    "leak",
    [
        CANARY_BLOCK.model_dump_json(),
        repr(CANARY_BLOCK.model_dump()),
        json.dumps({"x": "brumblethwaite, ZANZAQUILLA"}),
        "key=912738846",
        "dob 11/29/1937",
        "19371129",
        base64.b64encode(b"??912-73-8846??").decode(),
        b"BRUMBLETHWAITE".hex(),
        "zq.canary%40example.invalid",
        "Kanarienstadt".encode("utf-16-le"),
    ],
)
def test_the_search_finds_a_canary_however_it_is_written(leak: str | bytes) -> None:
    assert find_canaries({"leak": leak})


def test_the_search_finds_nothing_in_what_may_pass() -> None:
    assert find_canaries({"person event": "06067 95814 1937-11 lab-result"}) == []


def test_every_field_of_a_person_block_has_a_canary() -> None:
    assert set(CANARIES) == set(PersonBlock.model_fields) - {"birth_date_partial", "county"}


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    out = io.StringIO()
    configure("identify", "DEBUG", out)
    yield out
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_no_canary_leaves_the_linkage_zone(tmp_path: Path, logged: io.StringIO) -> None:
    """Through identify with a merge, a split, dead letters and a lost report: topics, keys, headers, logs, metrics, files."""
    other = CANARY_BLOCK.model_copy(update={"given_name": "Otherwise"})
    broken = event_of("c", 1, None).model_copy(update={"person": Sealed(key_id="c", ciphertext=b"x" * 40)})
    story: list[Event | bytes] = [event_of("a", 1, CANARY_BLOCK), stay_of("b", 1), event_of("b", 2, CANARY_BLOCK), JUNK, broken,
             event_of("b", 3, other), event_of(None, 4, CANARY_BLOCK)]  # fmt: skip
    site = Site(tmp_path, story)
    site.log.fail_report = True
    with pytest.raises(RetryError):
        site.run_to_end(restart=False)
    site.run_to_end()
    haystacks: dict[str, bytes | str] = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    haystacks |= {topic: repr(records) for topic, records in site.log.out.items()}
    haystacks |= {"headers": repr(site.log.headers), "metrics": metrics.render(), "logs": logged.getvalue()}
    haystacks["sealed intake"] = repr(site.log.incoming[:3])
    assert len(site.log.out) == 4
    assert "rejected records" in logged.getvalue()
    assert find_canaries(haystacks) == []
