from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.formats.mllp import FrameFault, Framer, frame

message = st.binary(max_size=60).filter(lambda b: b"\x1c\x0d" not in b + b"\x1c" and b"\x0bMSH" not in b)
messages = st.lists(message, max_size=6)


@given(messages, st.lists(st.integers(0, 400), max_size=20))
def test_frames_are_the_same_however_the_stream_is_cut(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(frame(body) for body in bodies)
    framer = Framer()
    found: list[bytes | FrameFault] = []
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    for start, end in itertools.pairwise(edges):
        found += framer.feed(stream[start:end])
    assert found == bodies
    assert framer.pending == 0


@given(messages)
def test_frames_survive_byte_by_byte(bodies: list[bytes]) -> None:
    framer = Framer()
    found = [item for byte in b"".join(map(frame, bodies)) for item in framer.feed(bytes([byte]))]
    assert found == bodies


def test_several_frames_in_one_packet_with_blanks_between() -> None:
    assert Framer().feed(b"\r\n" + frame(b"a") + b"\r\n" + frame(b"b")) == [b"a", b"b"]


def test_a_zero_byte_frame_is_a_frame() -> None:
    assert Framer().feed(frame(b"")) == [b""]


def test_bytes_without_a_start_close_the_connection() -> None:
    framer = Framer()
    assert framer.feed(b"GET / HTTP/1.1\r\n\r\n") == [FrameFault("no-start", close=True)]
    assert framer.closed
    assert framer.feed(frame(b"MSH|")) == []


def test_the_good_frames_before_junk_are_delivered() -> None:
    assert Framer().feed(frame(b"a") + b"junk") == [b"a", FrameFault("no-start", close=True)]


@pytest.mark.parametrize("extra", [0, 1])
def test_a_frame_over_the_limit_closes_and_one_at_the_limit_passes(extra: int) -> None:
    framer = Framer(max_frame=10)
    body = b"x" * (10 + extra)
    assert framer.feed(frame(body)) == ([body] if not extra else [FrameFault("too-large", close=True)])


def test_an_endless_frame_is_cut_off_without_being_kept() -> None:
    framer = Framer(max_frame=1000)
    framer.feed(b"\x0b")
    faults = [item for _ in range(50) for item in framer.feed(b"y" * 100)]
    assert faults == [FrameFault("too-large", close=True)]
    assert framer.pending <= 1


def test_a_file_separator_without_carriage_return_is_data() -> None:
    framer = Framer()
    assert framer.feed(b"\x0bab\x1c") == []
    assert framer.feed(b"cd\x1c\x0d") == [b"ab\x1ccd"]


def test_a_vertical_tab_in_free_text_is_data() -> None:
    assert Framer().feed(frame(b"MSH|note\x0bnext line")) == [b"MSH|note\x0bnext line"]


def test_a_message_begun_anew_drops_the_abandoned_half() -> None:
    sent = b"\x0bMSH|^~\\&|half" + frame(b"MSH|^~\\&|whole")
    assert Framer().feed(sent) == [FrameFault("abandoned", close=False), b"MSH|^~\\&|whole"]


def test_half_a_frame_shows_as_pending() -> None:
    framer = Framer()
    framer.feed(b"\x0bMSH|")
    assert framer.pending == 5


CORPUS = sorted((Path(__file__).parents[1] / "corpora" / "mllp").iterdir())


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
@pytest.mark.parametrize("at_once", [True, False])
def test_the_corpus_frames_as_its_name_says(path: Path, at_once: bool) -> None:
    """File names are `<frames>-<faults>-<what>`."""
    data, framer = path.read_bytes(), Framer()
    chunks = [data] if at_once else [bytes([byte]) for byte in data]
    found = [item for chunk in chunks for item in framer.feed(chunk)]
    counts = [sum(isinstance(item, kind) for item in found) for kind in (bytes, FrameFault)]
    assert counts == [int(number) for number in path.stem.split("-")[:2]]
