"""HL7 v2 (2.3 to 2.8): bytes to messages, and acknowledgements back.

`read(data)` takes a single message, an FHS/BHS batch or plain concatenation and yields, in order, each message, each
piece that is not one (`Broken`) and each envelope count that does not agree (`Mismatch`). A batch that is empty and says so
is `Broken` for `empty-batch`: nothing is wrong with it (§2.10.3). Nothing is dropped: every non-blank byte is in some item's
`raw`. Separators come from each message's own MSH, fields are split when asked for, escapes are decoded after splitting,
unknown escapes stay as they are. Work is linear in the size of the input.

Sources: HL7 v2.5.1 chapter 2 (separators, escapes, MSH, batch), table 0211 (character sets).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hub.formats.errors import ParseError
from hub.formats.hl7v2_segment import Coded, Segment, Separators

__all__ = ["Broken", "Coded", "Limits", "Message", "Mismatch", "Segment", "read", "read_one", "starts"]

_ENVELOPE = (b"MSH", b"FHS", b"BHS", b"BTS", b"FTS")
_BLANK = b" \t\r\n\x0b\x1c\x1a\x00"

CHARSETS = {
    "ASCII": "utf-8",  # what calls itself ASCII and is not, is UTF-8 more often than anything else
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    **{f"8859/{part}": f"iso8859-{part}" for part in range(1, 17) if part != 12},
    **{f"ISO-8859-{part}": f"iso8859-{part}" for part in range(1, 17) if part != 12},
    "8859/1": "latin-1",
    "ISO-8859-1": "latin-1",
    "ISO IR6": "utf-8",
    "ISO IR100": "latin-1",
    "LATIN1": "latin-1",
    "WINDOWS-1252": "cp1252",
    "CP1252": "cp1252",
}
"""MSH-18 (table 0211 and spellings seen) to a Python codec.

An allow-list: Python has codecs that are no character sets.
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps per message, checked before any parsing."""

    bytes: int = 8 * 1024 * 1024
    segments: int = 20_000
    fields: int = 400_000


class Message:
    """One message: its segments in the order sent, and where it came from.

    `number` counts messages in the unit from 1; `charset` is the codec that was used, `charset_declared` MSH-18 as
    sent,
    `raw` the original bytes. Stray lines (from a segment broken by a line end) are segments with an unknown name.
    """

    __slots__ = ("_named", "charset", "charset_declared", "msh", "number", "raw", "segments", "separators")

    def __init__(self, raw: bytes, number: int, limits: Limits) -> None:
        where = f"message {number}"
        self.raw = raw
        self.number = number
        body = raw.lstrip(_BLANK)
        self.separators = _separators(body[3:12], where)
        if body.count(self.separators.field.encode("latin-1")) > limits.fields:
            raise ParseError("too-many-fields", where)
        self.charset_declared, self.charset, text = _decode(body, self.separators)
        lines = [line for line in text.strip("\r\n\x0b\x1c\x1a\x00").replace("\n", "\r").split("\r") if line.strip()]
        if len(lines) > limits.segments:
            raise ParseError("too-many-segments", where)
        self.segments = tuple([Segment(line, self.separators, self.charset) for line in lines])
        self.msh = self.segments[0]
        self._named: dict[str, list[Segment]] = {}
        for segment in self.segments:
            self._named.setdefault(segment.name, []).append(segment)

    @property
    def code(self) -> str:
        """MSH-9.1: `ORU`, `VXU`, `ACK`…"""
        return self.msh.text(9, 1)

    @property
    def trigger(self) -> str:
        """MSH-9.2: `R01`, `V04`…"""
        return self.msh.text(9, 2)

    @property
    def control_id(self) -> str:
        """MSH-10."""
        return self.msh.text(10)

    def first(self, name: str) -> Segment | None:
        """The first segment of that name, None when there is none."""
        named = self._named.get(name)
        return named[0] if named else None

    def all(self, name: str) -> Sequence[Segment]:
        """Every segment of that name, in order."""
        return self._named.get(name, ())


@dataclass(frozen=True, slots=True)
class Broken:
    """A piece that is not a message: `number` in the count of messages, `raw` its bytes."""

    number: int
    error: ParseError
    raw: bytes


@dataclass(frozen=True, slots=True)
class Mismatch:
    """BTS-1 or FTS-1 does not agree with what the file holds

    `declared` is None when it is no number. The messages stand.
    """

    segment: str
    declared: int | None
    found: int


def read(data: bytes, limits: Limits = Limits()) -> Iterator[Message | Broken | Mismatch]:
    """Every message of a unit, in order.

    Raises nothing: what cannot be read is a `Broken` item, so that there is at least one item.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield Broken(1, ParseError("unsupported-encoding", "message 1"), data)
        return
    data = data.removeprefix(b"\xef\xbb\xbf")
    begins = starts(data)
    head = data[: begins[0][0]] if begins else data
    number = 0
    if head.strip(_BLANK) or not begins:
        number = 1
        yield Broken(1, ParseError("no-msh" if head.strip(_BLANK) else "empty", "message 1"), head)
    counts = _Counts()
    for index, (start, name) in enumerate(begins):
        raw = data[start : begins[index + 1][0] if index + 1 < len(begins) else len(data)]
        if name == b"MSH":
            number += 1
            counts.message()
            yield _message(raw, number, limits)
            continue
        line, _, stray = raw.replace(b"\n", b"\r").partition(b"\r")
        mismatch = counts.envelope(name, line)
        if mismatch:
            yield mismatch
        if stray.strip(_BLANK):
            number += 1
            yield Broken(number, ParseError("no-msh", f"message {number}"), stray)
    cut_short = tuple(counts.unclosed())
    yield from cut_short
    if not number:
        honest = counts.agree and not cut_short
        yield Broken(1, ParseError("empty-batch" if honest else "empty", "message 1"), data)


_BEFORE = b"\r\n\x0b\x1c\x1a\x00"
_INDENT = 64  # blanks before a segment; more are text


def starts(data: bytes) -> list[tuple[int, bytes]]:
    """Where each envelope segment or message begins, and its name: at the start of a line, or behind what framing, files put
    together and damaged exports leave between messages (frame marks, NULs, a byte order mark, blanks)."""
    if data.startswith(b"MSH|") and all(data.find(name, 4) < 0 for name in _ENVELOPE):
        return [(0, b"MSH")]  # a single message and nothing else, as nearly all are
    found = []
    for name in _ENVELOPE:
        at = data.find(name)
        while at >= 0:
            if _begins(data, at):
                found.append((at, name))
            at = data.find(name, at + 3)
    return sorted(found)


def _begins(data: bytes, at: int) -> bool:
    after = data[at + 3 : at + 4]
    if after.isalnum() or after in (b" ", b"\t"):
        return False
    if at == 0 or data[at - 1] in _BEFORE:
        return True
    before = data[max(0, at - _INDENT) : at].rstrip(b" \t")
    if not before:
        return at < _INDENT
    return before[-1] in _BEFORE or before.endswith(b"\xef\xbb\xbf")


def read_one(data: bytes, limits: Limits = Limits()) -> Message:
    """The only message of an MLLP frame. Raises `ParseError` when there is none, or when the frame holds several."""
    items = [item for item in read(data, limits) if not isinstance(item, Mismatch)]
    for item in items:
        if isinstance(item, Broken):
            raise item.error
    if len(items) != 1 or not isinstance(items[0], Message):
        raise ParseError("no-msh" if not items else "batch-count-mismatch", "frame")
    return items[0]


def _message(raw: bytes, number: int, limits: Limits) -> Message | Broken:
    if len(raw) > limits.bytes:
        return Broken(number, ParseError("too-large", f"message {number}"), raw)
    try:
        return Message(raw, number, limits)
    except ParseError as error:
        return Broken(number, error, raw)


class _Counts:
    """Compares BTS-1 with the messages of its batch and FTS-1 with the batches of the file."""

    def __init__(self) -> None:
        self._messages = 0
        self._batches = 0
        self._open: list[str] = []
        self._closed = False
        self._agreed = True

    def message(self) -> None:
        self._messages += 1

    @property
    def agree(self) -> bool:
        """Whether what was opened and closed held what it said."""
        return self._closed and self._agreed

    def envelope(self, name: bytes, line: bytes) -> Mismatch | None:
        found = self._envelope(name, line)
        self._agreed = self._agreed and found is None
        return found

    def _envelope(self, name: bytes, line: bytes) -> Mismatch | None:
        if name in (b"FHS", b"BHS"):
            self._messages = 0
            self._open.append("FTS" if name == b"FHS" else "BTS")
            return None
        self._closed = self._closed or name.decode() in self._open
        self._open = [trailer for trailer in self._open if trailer != name.decode()]
        if name == b"BTS":
            self._batches += 1
            return _compare("BTS", line, self._messages)
        return _compare("FTS", line, self._batches)

    def unclosed(self) -> Iterator[Mismatch]:
        """A header without its trailer: the file was cut short."""
        for trailer in self._open:
            yield Mismatch(trailer, None, self._messages if trailer == "BTS" else self._batches)


def _compare(segment: str, line: bytes, found: int) -> Mismatch | None:
    declared = line[3:].split(line[3:4] or b"|")[1:2]
    word = declared[0].strip() if declared else b""
    if not word:
        return None  # the count is optional
    if word.isdigit() and len(word) < 10:
        return None if int(word) == found else Mismatch(segment, int(word), found)
    return Mismatch(segment, None, found)


def _separators(head: bytes, where: str) -> Separators:
    """MSH-1 and MSH-2, out of the nine bytes after `MSH`; 4 or 5 different encoding characters, none a letter, digit or blank."""
    found = _separators_in(head)
    if found is None:
        raise ParseError("bad-separators", where)
    return found


@lru_cache(maxsize=256)  # senders have one set each, and nine bytes are no burden: 6 of the 21 us that reading took
def _separators_in(head: bytes) -> Separators | None:
    field = head[:1]
    encoding = head[1:].split(field, 1)[0] if field.strip() else b""
    characters = (field + encoding).decode("latin-1")
    usable = all(not char.isalnum() and not char.isspace() and " " < char < "\x7f" for char in characters)
    if len(encoding) not in (4, 5) or not usable or len(set(characters)) != len(characters):
        return None
    return Separators(*characters)


def _decode(body: bytes, separators: Separators) -> tuple[str, str, str]:
    """MSH-18 as sent, the codec used, the text: MSH-18 if it is known and true, else UTF-8, else Windows-1252. Of 8859/1 it is not
    true where all bytes beyond ASCII are UTF-8: in Latin-1 these would be signs behind capitals, which no name has, and
    interfaces change the bytes without the field. Other sets have letters in the place of those signs, and are believed."""
    fields = body[:4096].replace(b"\n", b"\r").split(b"\r", 1)[0].split(separators.field.encode(), 19)
    field = fields[17] if len(fields) > 17 else b""
    declared = field.split(separators.repetition.encode(), 1)[0].decode("latin-1").strip()
    named = CHARSETS.get(declared.upper(), "utf-8")
    for codec in ("utf-8", named) if named == "latin-1" and not body.isascii() else (named, "utf-8"):
        try:
            return declared, codec, body.decode(codec)
        except UnicodeDecodeError:
            continue
    return declared, "cp1252", body.decode("cp1252", errors="replace")
