from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.formats.delimited import Limits, Plain, Row, RowFault, Table, open_table
from hub.formats.errors import ParseError
from hub.formats.lines import Lines, TooLong


def rows(data: bytes, **options: object) -> list[Row | RowFault]:
    return list(open_table(data, **options).rows())  # type: ignore[arg-type]


def shown(data: bytes, **options: object) -> list[object]:
    return [
        tuple(row.cells.values()) if isinstance(row, Row) else (row.number, row.error.reason)
        for row in rows(data, **options)
    ]


@pytest.mark.parametrize("delimiter", [",", "|", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiter_and_line_end_are_found(delimiter: str, end: str) -> None:
    data = end.join(delimiter.join(cells) for cells in (("A", "B b"), ("1", "2"), ("3", ""))).encode()
    table = open_table(data)
    assert (table.columns, table.delimiter) == (("A", "B b"), delimiter)
    assert [row.cells for row in table.rows() if isinstance(row, Row)] == [
        {"a": "1", "b b": "2"},
        {"a": "3", "b b": ""},
    ]


def test_the_header_is_row_one_as_in_a_spreadsheet() -> None:
    assert [row.number for row in rows(b"A,B\n1,2\n3,4\n")] == [2, 3]


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert open_table(b"\xef\xbb\xbfA,B\n").names == ("a", "b")
    assert open_table(b"\xef\xbb\xbf\xef\xbb\xbfA,B\n").names == ("a", "b"), "saved by two programs"


def test_utf16_with_a_mark_is_read() -> None:
    assert shown("A,B\n1,é\n".encode("utf-16")) == [("1", "é")]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_read_where_it_begins_with_two_letters(codec: str) -> None:
    """As the bulk copy of SQL Server writes it."""
    assert shown("AB,C\r\n1,é\r\n".encode(codec)) == [("1", "é")]


@pytest.mark.parametrize("data", [b"A\x00\x00,B\n1,2\n", b"\x00\x00A,B\n", b"A\x00,B\n1,2\n"[:2] + b"\n"])
def test_a_nul_at_the_beginning_makes_no_utf16(data: bytes) -> None:
    with pytest.raises(ParseError):
        open_table(data)


def test_each_row_says_how_it_was_decoded() -> None:
    first, second = rows(b"A\n" + "é\n".encode() + "é\n".encode("cp1252"))
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert (first.cells, first.charset, second.cells, second.charset) == ({"a": "é"}, "utf-8", {"a": "é"}, "cp1252")


def test_short_long_and_empty_rows_are_faults_and_their_neighbours_stand() -> None:
    data = b"A,B\n1,2\n3\n4,5,6\n\n,\n7,8\n\n\n"  # blank lines are no rows
    assert shown(data) == [
        ("1", "2"),
        (3, "short-row"),
        (4, "long-row"),
        (6, "empty-row"),
        ("7", "8"),
    ]


@pytest.mark.parametrize("blank", [b"\n", b"\r\n", b" \t\n", b"\n\n\n", b"\x1a\r\n"])
def test_a_blank_line_is_no_row_wherever_it_stands_and_is_counted(blank: bytes) -> None:
    found = list(rows(b"A,B\n" + blank + b"1,2\n" + blank + b"3,4\n" + blank + b"\x1a"))
    assert [tuple(row.cells.values()) for row in found if isinstance(row, Row)] == [("1", "2"), ("3", "4")]
    assert [row.number for row in found] == [2 + (lines := blank.count(b"\n")), 3 + 2 * lines]
    assert len(found) == 2


@pytest.mark.parametrize("end", [b"\n\x1a", b"\r\n\x1a\r\n", b"\x1a", b"\r\n\x1a\x1a\x1a", b"\n\x1a\n\n", b"\r\x1a"])
@pytest.mark.parametrize("data", [b"A,B\n1,2", b"A\n1"])
def test_the_end_that_dos_wrote_is_no_row_and_part_of_no_value(data: bytes, end: bytes) -> None:
    (row,) = rows(data + end)
    assert isinstance(row, Row)
    assert (row.number, row.cells["a"], list(row.cells.values())[-1]) == (2, "1", "1" if b"," not in data else "2")


@pytest.mark.parametrize("between", [b"\x1a", b"\x1a\x1a", b"\x1a\xef\xbb\xbf", b"\xef\xbb\xbf\x1a"])
def test_the_end_of_a_dos_file_before_the_next_one_is_part_of_no_value(between: bytes) -> None:
    assert shown(b"A,B\r\n1,2\r\n" + between + b"3,4\r\n") == [("1", "2"), ("3", "4")]
    assert shown(b"A,B\r\n1,2\r\n" + between + b'"3","4"\r\n') == [("1", "2"), ("3", "4")]
    whole = b"A,B\r\n1,2\r\n" + between + b"A,B\r\n3,4\r\n\x1a"
    assert shown(whole) == [("1", "2"), (3, "repeated-header"), ("3", "4")]
    turned = b"A,B\r\n1,2\r\n" + between + b"B,A\r\n4,3\r\n\x1a"
    assert shown(turned) == [("1", "2"), (3, "repeated-header"), (4, "columns-reordered")]


def test_blank_lines_above_the_header_are_counted() -> None:
    assert [row.number for row in rows(b"\n \r\nA,B\n\n1,2\n")] == [5]


def test_trailing_delimiters_and_blanks_carry_nothing() -> None:
    assert shown(b"A,B,\n1 ,2\t,,,\n") == [("1", "2")]


def test_a_nul_byte_is_a_fault_of_its_row_alone() -> None:
    assert shown(b"A,B\n1,\x002\n3,4\n") == [(2, "nul-byte"), ("3", "4")]


def test_quoted_cells_may_hold_delimiters_quotes_and_line_ends() -> None:
    assert shown(b'A,B\n"1,1","say ""hi""\r\nagain"\n3,4\n') == [("1,1", 'say "hi"\r\nagain'), ("3", "4")]


def test_a_quote_inside_an_unquoted_cell_is_a_character() -> None:
    assert shown(b"A,B\n5'6\" tall,2\n3,4\n") == [("5'6\" tall", "2"), ("3", "4")]


def test_a_quote_that_is_never_closed_costs_its_own_row_only() -> None:
    data = b'A,B\n"1,2\n' + b"3,4\n" * 1000
    found = shown(data)
    assert found[0] == (2, "bad-quoting")
    assert found[1:] == [("3", "4")] * 1000


def test_two_stray_quotes_far_apart_cost_two_rows() -> None:
    assert shown(b'A,B\n"1,2\n3,4\n5,6\n"7,8\n9,0\n') == [
        (2, "bad-quoting"),
        ("3", "4"),
        ("5", "6"),
        (5, "bad-quoting"),
        ("9", "0"),
    ]


def test_where_the_format_knows_no_quoting_a_quote_is_a_character() -> None:
    assert shown(b'A\tB\n"1\t2\n3\t4\n', delimiters="\t", quoted=False) == [('"1', "2"), ("3", "4")]


def test_huge_cells_and_endless_lines_are_faults() -> None:
    limits = Limits(row=1000, cell=100)
    data = b"A,B\n" + b"x" * 200 + b",2\n" + b"y" * 5000 + b"\n3,4\n"
    assert shown(data, limits=limits) == [(2, "field-too-large"), (3, "too-large"), ("3", "4")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b",,\n", "no-header"),
        (b"A,,B\n", "no-header"),
        (b"A,a\n", "duplicate-column"),
        (b"A,\x00\n", "nul-byte"),
        (b"A" * 2_000_000, "too-large"),
    ],
)
def test_a_header_that_is_none_refuses_the_file(data: bytes, reason: str) -> None:
    with pytest.raises(ParseError) as error:
        open_table(data)
    assert error.value.reason == reason


def test_a_missing_column_refuses_the_file_by_name_of_the_file() -> None:
    table = open_table(b"A,B\n")
    table.require(["a", "B"])
    with pytest.raises(ParseError, match=r"missing-column at Client\.csv"):
        table.require(["C"], "Client.csv")


class Endless(io.RawIOBase):
    """A stream that cannot seek and counts what was taken from it."""

    def __init__(self, head: bytes, line: bytes) -> None:
        super().__init__()
        self._head, self._line, self.taken = head, line, 0

    def read(self, size: int = -1, /) -> bytes:
        self._head += self._line * (size // len(self._line) + 1)
        taken, self._head = self._head[:size], self._head[size:]
        self.taken += len(taken)
        return taken

    def readline(self, size: int | None = -1, /) -> bytes:
        end = self._head.find(b"\n") + 1
        return self.read(end if end else len(self._head) + len(self._line))


def test_a_stream_is_read_a_little_ahead_and_no_further() -> None:
    stream = Endless(b"A,B\n", b"1,2\n")
    found = open_table(stream).rows()
    for _ in range(10):
        next(found)
    assert stream.taken < 100_000


class Trickle(io.BytesIO):
    """Gives next to nothing at a time, so that whoever reads ahead never has a whole line."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(1 if self.tell() and size else size)


@given(
    st.lists(st.sampled_from([b"\n", b"\r\n", b"\r", b"a,b", b'"', b"\xef\xbb\xbf", b"x" * 30]), max_size=40),
    st.sampled_from([8, 64, 9_999]),
)
def test_lines_read_ahead_are_the_lines_of_a_stream(parts: list[bytes], cap: int) -> None:
    def taken(source: io.BytesIO) -> list[tuple[bytes, bool]]:
        lines = Lines(source, cap)
        return [(line, isinstance(line, TooLong)) for line in iter(lines.next_line, None) if line is not None]

    data = b"".join(parts)
    assert taken(io.BytesIO(data)) == taken(Trickle(data))


cell = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8).map(str.strip)


@given(st.lists(st.tuples(cell.filter(bool), cell, cell), max_size=8))
def test_whatever_csv_writes_is_read_back(table: list[tuple[str, str, str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([("A", "B", "C"), *table])
    assert shown(out.getvalue().encode()) == table


@given(st.binary(max_size=200))
def test_any_bytes_end_in_rows_faults_or_one_refusal(data: bytes) -> None:
    try:
        found = rows(b"A,B\n" + data)
    except ParseError:
        return
    kept = b"".join(row.raw for row in found)
    assert (
        kept.replace(b"\r", b"").replace(b"\n", b"") == data.rstrip().replace(b"\r", b"").replace(b"\n", b"")
        or not kept
        or (len(kept) >= len(data.strip()) - data.count(b"\n") - data.count(b"\r"))
    )


CORPUS = sorted((Path(__file__).parents[1] / "corpora" / "delimited").iterdir())


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_the_corpus_reads_as_its_name_says(path: Path) -> None:
    """File names are `<rows>-<faults>-<what>`; every file has the columns A and B."""
    with path.open("rb") as stream:
        table = open_table(stream)
        found = list(table.rows())
    assert table.columns == ("A", "B")
    counts = [sum(isinstance(row, kind) for row in found) for kind in (Row, RowFault)]
    assert counts == [int(number) for number in path.stem.split("-")[:2]]


@given(
    st.lists(
        st.sampled_from(
            ["a", "b c", '"', '""', ",", "\t", " ", "\n", "\r\n", "\r", "\0", "\u00e9", "\u0085", "\u2028", "\x1c", '"x, y"', '"z"',
             "\u00a0", "\u3000", "\u2019", "\u2003", "\ufeff", "\ud8ff", "a,b,c\n", "1,2,3\n", '"1","2","3"\r\n']
        ),
        max_size=30,
    ),
    st.booleans(),
)  # fmt: skip
def test_ordinary_rows_read_at_once_are_the_rows_that_a_close_look_finds(parts: list[str], quoted: bool) -> None:
    data = b"a,b,c\n" + "".join(parts).encode("utf-8", "surrogatepass")
    small = Limits(row=60, lines=3, cell=20)
    for limits in (Limits(), small):
        quick = list(open_table(data, quoted=quoted, limits=limits).rows())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Table, "_at_once", lambda *_: None)
            patch.setattr(Lines, "plain", lambda *_: None)
            closely = list(open_table(data, quoted=quoted, limits=limits).rows())
        assert [_told(row) for row in quick] == [_told(row) for row in closely]


def test_lines_with_letters_beyond_ascii_are_read_at_once_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Table, "_at_once", lambda *_: pytest.fail("one by one"))
    data = "a,b\nÑandú,O\u2019Doe\n1,\u4e2d\n".encode()
    assert [row.cells for row in open_table(data).rows() if isinstance(row, Row)] == [
        {"a": "Ñandú", "b": "O\u2019Doe"}, {"a": "1", "b": "\u4e2d"},
    ]  # fmt: skip


@pytest.mark.parametrize("wanted", [(), ("b",), ("c", "a"), ("a", "none", "b")])
def test_who_wants_some_columns_gets_these_as_they_stand_in_the_whole_rows(wanted: tuple[str, ...]) -> None:
    data = b"a,b,c\n1,2,3\n4,5\n,,\n6,,7\n"
    whole, table = list(open_table(data).rows()), open_table(data)
    found = [row for piece in table.pieces() if isinstance(piece, Plain) for row in table.rows_of(piece, wanted)]
    assert [type(row) for row in found] == [type(row) for row in whole]
    for row, other in zip(found, whole, strict=True):
        if isinstance(row, Row) and isinstance(other, Row):
            told = [name for name in wanted if name in other.cells]
            assert [row.cells[name] for name in told] == [other.cells[name] for name in told]
            assert (row.number, row.raw) == (other.number, other.raw)


def _told(row: Row | RowFault) -> tuple[object, ...]:
    return tuple(row) if isinstance(row, Row) else (row.number, row.error.reason, row.raw)


def test_a_blank_row_longer_than_a_cell_may_be_is_a_faulty_row() -> None:
    data = b'a,b\n\r"' + b" " * 30 + b'"\r\n1,2\n'
    assert shown(data, limits=Limits(row=200, cell=20))[-1] == ("1", "2")


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"', "sep=; "])
def test_a_first_line_that_tells_the_delimiter_is_obeyed_and_no_row(line: str) -> None:
    table = open_table(f"{line}\r\na|x;b\r\n1;2\r\n".encode(), delimiters=",|\t")
    assert (table.names, table.delimiter) == (("a|x", "b"), ";")
    assert [(row.number, row.raw) for row in table.rows()] == [(2, b"1;2\r\n")], "as a spreadsheet shows them"
    with pytest.raises(ParseError, match="empty"):
        open_table(f"{line}\r\n".encode())


def known(names: object) -> bool:
    return names == ["a", "b"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "titles", [["Report"], ["Report,,", "Run 1/10/2022", ""], ["One, two", ",,", "a,a"], ["t"] * 9]
)
def test_lines_above_a_header_that_is_known_are_titles(titles: list[str], end: str) -> None:
    data = end.join([*titles, "A,B", "1,2", "a,b", "3,4", ""]).encode()
    table = open_table(data, knows=known)
    assert (table.names, table.above) == (("a", "b"), len(titles))
    first, again, last = table.rows()
    assert (first.number, last.number) == (len(titles) + 2, len(titles) + 4)
    assert isinstance(again, RowFault)
    assert again.error.reason == "repeated-header"
    assert table.header() + first.raw == f"A,B\n1,2{end}".encode()


def test_a_file_without_a_known_header_is_read_as_ever_and_looked_through_no_further() -> None:
    data = b"x,y\n" + b"t,u\n" * 9 + b"a,b\n1,2\n"
    assert open_table(data, knows=known).names == ("x", "y"), "the eleventh line is too far"
    assert [row.number for row in open_table(data, knows=known).rows()] == list(range(2, 13))
    with pytest.raises(ParseError, match="no-header"):
        open_table(b"x,,y\n1,2,3\n", knows=known)


@pytest.mark.parametrize(
    ("header", "names", "doubled"),
    [
        ("A,,B,\n", ("a", "column 2", "b"), set()),
        (",A\n", ("column 1", "a"), set()),
        ("A,b,a,a\n", ("a", "b", "column 3", "column 4"), {"a"}),
        ("column 2,,A\n", ("column 2", "column 2'", "a"), set()),
    ],
)
def test_columns_that_are_told_apart_by_their_place(header: str, names: tuple[str, ...], doubled: set[str]) -> None:
    table = open_table(header.encode(), apart=True)
    assert table.names == names
    assert set(table.doubled) == doubled


def test_a_header_without_any_name_is_none_however_it_is_read() -> None:
    with pytest.raises(ParseError, match="no-header"):
        open_table(b",,\n", apart=True)
