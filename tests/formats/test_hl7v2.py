from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.formats.errors import REASONS, ParseError
from hub.formats.hl7v2 import Broken, Limits, Message, Mismatch, Segment, read, read_one

MSH = "MSH|^~\\&|APP^1.2.3^ISO|LAB^05D0000001^CLIA|HUB|COUNTY|20210107133444-0500||ORU^R01^ORU_R01|M1|P|2.5.1"
CORPUS = Path(__file__).parents[1] / "corpora" / "hl7v2"


def one(*lines: str, end: str = "\r") -> Message:
    return read_one(end.join((MSH, *lines)).encode())


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r\n", "\n\n"])
def test_any_line_end_separates_segments(end: str) -> None:
    message = one("PID|1||X", "OBX|1", end=end)
    assert [segment.name for segment in message.segments] == ["MSH", "PID", "OBX"]


def test_mixed_line_ends_in_one_message() -> None:
    message = read_one((MSH + "\rPID|1\nOBX|1\r\nOBX|2\n").encode())
    assert [segment.name for segment in message.segments] == ["MSH", "PID", "OBX", "OBX"]


def test_fields_of_the_header_count_as_in_the_standard() -> None:
    message = one()
    assert message.msh.text(1) == "|"
    assert (message.msh.text(9, 1), message.msh.text(9, 2)) == ("ORU", "R01")
    assert (message.code, message.trigger, message.control_id) == ("ORU", "R01", "M1")
    assert message.msh.text(4, 2) == "05D0000001"


def test_each_message_brings_its_own_separators() -> None:
    other = "MSH$%*!@$APP$LAB$$$$$ORU%R01$M2$P$2.5.1\rPID$1$$A%B@C*D\r"
    first, second = (item for item in read((MSH + "\rPID|1||A^B&C~D\r" + other).encode()))
    for message in (first, second):
        assert isinstance(message, Message)
        pid = message.first("PID")
        assert pid is not None
        assert pid.text(3) == "A"
        assert pid.text(3, 2, 2) == "C"
        assert pid.text(3, repetition=2) == "D"
        assert pid.repetitions(3) == 2


def test_five_encoding_characters_are_read() -> None:
    message = read_one(MSH.replace("^~\\&", "^~\\&#").encode())
    assert message.separators.truncation == "#"
    assert message.code == "ORU"


@pytest.mark.parametrize(
    ("sent", "read_as"),
    [
        ("a\\F\\b", "a|b"),
        ("a\\S\\b\\T\\c\\R\\d\\E\\e", "a^b&c~d\\e"),
        ("line\\.br\\next", "line\nnext"),
        ("\\X0d0a\\x", "x"),  # decoded, then trimmed
        ("a\\X41\\b", "aAb"),
        ("a\\Z9\\b", "a\\Z9\\b"),
        ("\\T\\#8805;", "&#8805;"),
        ("half\\X4", "half\\X4"),
    ],
)
def test_escapes_are_decoded_after_splitting_and_unknown_ones_stay(sent: str, read_as: str) -> None:
    obx = one(f"OBX|1|ST|X||{sent}|next").first("OBX")
    assert obx is not None
    assert obx.text(5) == read_as
    assert obx.text(6) == "next"


def test_two_quotes_mean_no_value() -> None:
    pid = one('PID|1||""|x').first("PID")
    assert pid is not None
    assert pid.text(3) == ""


@pytest.mark.parametrize(
    ("declared", "data", "codec", "name"),
    [
        ("", "é".encode(), "utf-8", "é"),
        ("", "é".encode("cp1252"), "cp1252", "é"),
        ("8859/1", "é".encode("latin-1"), "latin-1", "é"),
        ("UNICODE UTF-8", "é".encode("cp1252"), "cp1252", "é"),  # it lies
        ("8859/1", "Muñoz Çağ".encode(), "utf-8", "Muñoz Çağ"),  # so does this
        ("8859/1", "Muñoz Ç".encode("latin-1"), "latin-1", "Muñoz Ç"),
        ("8859/1", b"plain", "latin-1", "plain"),
        ("8859/5", "ТАТА".encode("iso8859-5"), "iso8859-5", "ТАТА"),  # these bytes are UTF-8 too
        ("UTF-8~UNICODE", "é".encode(), "utf-8", "é"),
        ("no-such-charset", "é".encode(), "utf-8", "é"),
        ("zlib", b"plain", "utf-8", "plain"),
    ],
)
def test_the_charset_is_msh_18_if_true_else_utf8_else_windows_1252(
    declared: str, data: bytes, codec: str, name: str
) -> None:
    message = read_one(MSH.encode() + f"||||||{declared}\rPID|1||||".encode() + data + b"^X\r")
    pid = message.first("PID")
    assert pid is not None
    assert (message.charset, message.charset_declared, pid.text(5)) == (codec, declared.split("~")[0], name)


def test_a_byte_order_mark_is_no_part_of_the_message() -> None:
    assert read_one(b"\xef\xbb\xbf" + MSH.encode()).code == "ORU"


def test_utf16_is_refused_by_name() -> None:
    with pytest.raises(ParseError) as error:
        read_one(MSH.encode("utf-16"))
    assert error.value.reason == "unsupported-encoding"


def batch(*, bts: str = "BTS|2", fts: str = "FTS|1") -> bytes:
    return "\r".join(("FHS|^~\\&|A", "BHS|^~\\&|A", MSH, "PID|1", MSH, "PID|1", bts, fts, "")).encode()


def test_a_batch_gives_its_messages_and_counts_that_agree_say_nothing() -> None:
    assert [type(item) for item in read(batch())] == [Message, Message]


def test_counts_that_disagree_are_reported_and_no_message_is_dropped() -> None:
    items = list(read(batch(bts="BTS|3", fts="FTS|x")))
    assert items[2:] == [Mismatch("BTS", 3, 2), Mismatch("FTS", None, 1)]
    assert [type(item) for item in items[:2]] == [Message, Message]


def test_a_batch_cut_short_is_reported() -> None:
    items = list(read(batch().partition(b"BTS")[0]))
    assert items[2:] == [Mismatch("FTS", None, 0), Mismatch("BTS", None, 2)]


def test_segments_after_a_trailer_are_no_message_but_not_lost() -> None:
    items = list(read(batch() + b"PID|1\r"))
    assert isinstance(items[-1], Broken)
    assert items[-1].raw == b"PID|1\r"


def test_plain_concatenation_needs_no_envelope() -> None:
    assert [item.number for item in read((MSH + "\r" + MSH + "\n" + MSH).encode()) if isinstance(item, Message)] == [
        1,
        2,
        3,
    ]


def test_one_bad_message_does_not_stop_its_neighbours() -> None:
    items = list(read((MSH + "\rMSH\r" + MSH + "\rMSH|^^~~\r" + MSH).encode()))
    assert [type(item) for item in items] == [Message, Broken, Message, Broken, Message]
    assert [item.error.reason for item in items if isinstance(item, Broken)] == ["bad-separators"] * 2


def test_a_word_in_free_text_that_looks_like_a_header_is_text() -> None:
    message = one("NTE|1||see", "MSH is the header", "MSHX|1")
    assert len(message.segments) == 4


@pytest.mark.parametrize(
    ("data", "reason"), [(b"", "empty"), (b"\r\n \x00", "empty"), (b"hello", "no-msh"), (b"PID|1", "no-msh")]
)
def test_what_is_no_message_is_one_broken_item(data: bytes, reason: str) -> None:
    (item,) = read(data)
    assert isinstance(item, Broken)
    assert item.error.reason == reason


HEADS = {"FHS": "FHS|^~\\&|LAB\r", "BHS": "BHS|^~\\&|LAB\r"}


@pytest.mark.parametrize(
    ("data", "reasons"),
    [
        (HEADS["BHS"] + "BTS|0\r", ["empty-batch"]),
        (HEADS["BHS"] + "BTS\r", ["empty-batch"]),
        (HEADS["FHS"] + HEADS["BHS"] + "BTS|0\rFTS|1\r", ["empty-batch"]),
        (HEADS["FHS"] + "FTS|0\r", ["empty-batch"]),
        (HEADS["FHS"] + HEADS["BHS"] + "BTS|0\rFTS|3\r", [("FTS", 3), "empty"]),
        (HEADS["BHS"] + "BTS|2\r", [("BTS", 2), "empty"]),
        (HEADS["BHS"], [("BTS", None), "empty"]),
        (HEADS["FHS"] + HEADS["BHS"] + "BTS|0\r", [("FTS", None), "empty"]),
        ("BTS|0\r", ["empty"]),
        (HEADS["BHS"] + "PID|1\rBTS|0\r", ["no-msh"]),
    ],
)
def test_a_batch_that_holds_nothing_and_says_so_is_an_empty_batch(data: str, reasons: list[object]) -> None:
    found = [
        (item.segment, item.declared) if isinstance(item, Mismatch) else item.error.reason
        for item in read(data.encode())
        if not isinstance(item, Message)
    ]
    assert found == reasons


def test_junk_before_the_first_header_is_kept_apart() -> None:
    items = list(read(b"junk\r" + MSH.encode()))
    assert [type(item) for item in items] == [Broken, Message]
    assert [item.number for item in items if not isinstance(item, Mismatch)] == [1, 2]


def test_caps_come_before_parsing() -> None:
    limits = Limits(bytes=1000, segments=5, fields=50)
    reasons = []
    for body in ("x" * 2000, "OBX|1\r" * 10, "OBX" + "|" * 60):
        (item,) = read((MSH + "\r" + body).encode(), limits)
        assert isinstance(item, Broken)
        reasons.append(item.error.reason)
    assert reasons == ["too-large", "too-many-segments", "too-many-fields"]


def test_one_point_six_megabytes_of_separators_are_read() -> None:
    message = one("OBX" + "|a^b&c~d" * 200_000)
    obx = message.first("OBX")
    assert obx is not None
    assert obx.text(200_000, 2, 2) == "c"


@given(st.binary(max_size=300))
def test_any_bytes_end_in_items_and_never_in_another_error(data: bytes) -> None:
    for prefix in (b"", b"MSH|^~\\&|", MSH.encode() + b"\r"):
        items = list(read(prefix + data))
        assert items
        for item in items:
            if isinstance(item, Broken):
                assert item.error.reason in REASONS
            if isinstance(item, Message):
                for segment in item.segments:
                    segment.text(1, 2, 2, 2)
                    segment.coded(3)


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=40))
def test_every_string_comes_through_a_field_unchanged(value: str) -> None:
    sent = value
    for plain, escaped in (("\\", "\\E\\"), ("|", "\\F\\"), ("^", "\\S\\"), ("&", "\\T\\"), ("~", "\\R\\")):
        sent = sent.replace(plain, escaped)
    pid = one(f"PID|1||||{sent}^X").first("PID")
    assert pid is not None
    assert pid.text(5) == ("" if value == '""' else value)


@given(st.lists(st.sampled_from([MSH, "PID|1", "junk", "MSH|", "BTS|1", "\r", "\x1c"]), max_size=8))
def test_no_byte_of_the_input_is_lost(lines: list[str]) -> None:
    data = "\r".join(lines).encode()
    kept = b"".join(item.raw for item in read(data) if not isinstance(item, Mismatch))
    for line in lines:
        if line.startswith(("MSH|^", "PID", "junk")):
            assert kept.count(line.encode()) >= lines.count(line)


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.hl7")), ids=lambda path: path.stem)
def test_the_corpus_reads_as_its_name_says(path: Path) -> None:
    """File names are `<messages>-<broken>-<what>.hl7`."""
    messages, broken, _ = path.stem.split("-", 2)
    items = list(read(path.read_bytes()))
    assert sum(isinstance(item, Message) for item in items) == int(messages)
    assert sum(isinstance(item, Broken) for item in items) == int(broken)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='A1|^~\\&"F. \x0b', max_size=60), st.integers(0, 4), st.integers(1, 4))
def test_components_are_what_text_gives_one_by_one(line: str, field: int, repetition: int) -> None:
    segment = Segment(f"PID|{line}", read_one(b"MSH|^~\\&|").separators, "utf-8")
    found = segment.components(field, repetition)
    one_by_one = [segment.text(field, number, 1, repetition) for number in range(1, len(found) + 3)]
    assert [*found, "", ""] == one_by_one
