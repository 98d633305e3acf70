"""Delimited texts: rows, their lines, and what is refused of them."""

import gzip
from typing import Any

import pytest

from tests.datasets.files.reading import read
from workbench.datasets.errors import Malformed

NUMBERS = (("a", "text"), ("b", "integer"))


class TestLines:
    """Each row knows where it begins."""

    def test_cells_may_hold_lines(self) -> None:
        """Lines within cells and blank lines count, and are no rows."""
        found = read(b'a,b\n1,2\n"3\n4",5\n\n6,7\n8\n"9\n",1,2\n\n\n10,11')
        assert found.rows == [(2, "1", "2"), (3, "3\n4", "5"), (6, "6", "7"), (12, "10", "11")]
        assert [(row.line, row.cells) for row in found.refused] == [
            (7, ("8",)),
            (8, ("9\n", "1", "2")),
        ]

    def test_a_line_before_the_header_counts(self) -> None:
        """Blank lines, a mark, and a line that states the delimiter shift the rows."""
        assert read(b"\xef\xbb\xbf\n\na,b\n1,2\n").rows == [(4, "1", "2")]
        assert read(b"sep=|\na|b\n1|2\n").rows == [(3, "1", "2")]
        assert read(b'"a","b"\r\n\r\n1,2\r\n').rows == [(3, "1", "2")]

    @pytest.mark.parametrize("cell", ["x", '"x\ny"', '"x""y"', 'x"y'])
    def test_lines_are_right_over_many_blocks(self, cell: str) -> None:
        """However the file is cut into blocks, a bad row far down has its line."""
        rows, height = 300_000, 1 + cell.count("\n")
        content = "a,b\n" + f"{cell},1\n" * rows + "last,x\n"
        found = read(content.encode(), NUMBERS)
        assert len(found.rows) == rows
        assert found.rows[-1][0] == 2 + (rows - 1) * height
        assert found.reasons == [(2 + rows * height, "b", "must be a whole number")]
        assert found.refused[0].cells == ("last", "x")

    def test_a_block_holds_not_too_many_rows(self) -> None:
        """Short rows behind long ones do not fill memory with what is refused."""
        found = read(b"a,b\n" + b"x" * 900_000 + b",1\n" + b",x\n" * 500_000, NUMBERS)
        assert len(found.refused) == 500_000
        assert found.refused[-1].line == 500_002


class TestQuotes:
    """Quotes stand where RFC 4180 puts them, or the row says so."""

    @pytest.mark.parametrize(
        ("cell", "value"),
        [
            ('"x"', "x"),
            ('"x""y"', 'x"y'),
            ('""""', '"'),
            ('""', None),
            ('x"', 'x"'),
            (' "x"', ' "x"'),
        ],
    )
    def test_good_ones(self, cell: str, value: str | None) -> None:
        """A quoted cell loses its quotes; within another cell they are characters."""
        assert read(f"a,b\n{cell},1\n2,3\n".encode()).rows == [(2, value, "1"), (3, "2", "3")]

    def test_a_bad_one_refuses_its_row(self) -> None:
        """What stands behind a closing quote is not swallowed; the next rows are read."""
        found = read(b'a,b\n1,"2"x\n3,4\n5,"6\n7"\n8,9\n')
        assert found.rows == [(3, "3", "4"), (4, "5", "6\n7"), (6, "8", "9")]
        reason = "has a quote within a quoted cell; write it twice"
        assert found.reasons == [(2, None, reason)]

    def test_one_that_stays_open_refuses_the_file(self) -> None:
        """The line in which it opens is named."""
        with pytest.raises(Malformed, match="opens in line 4 is never closed"):
            read(b'a,b\n1,2\n3,4\n5,"6\n' + b"7,8\n" * 100_000)

    def test_another_quote_or_none_can_be_chosen(self) -> None:
        """An apostrophe quotes when it is said or seen; an empty quote quotes nothing."""
        assert read(b"a,b\n'1,2',3\n", quote="'").rows == [(2, "1,2", "3")]
        assert read(b"'a','b'\n'1','2'\n").rows == [(2, "1", "2")]
        assert read(b'a,b\n"1,2\n', quote="").rows == [(2, '"1', "2")]

    @pytest.mark.parametrize(
        "reading", [{"delimiter": '"'}, {"delimiter": "\n"}, {"delimiter": "é"}, {"quote": "\r"}]
    )
    def test_what_cannot_part_cells_is_refused(self, reading: dict[str, Any]) -> None:
        """A delimiter is one ASCII character, and not the quote."""
        with pytest.raises(Malformed, match="cannot be the"):
            read(b"a,b\n1,2\n", **reading)


class TestDelimiters:
    """What parts the cells is seen, or said."""

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_it_is_seen(self, delimiter: str) -> None:
        """Also where the others stand within cells."""
        content = delimiter.join(["a", "b"]) + "\n" + delimiter.join(["x,y;z", "1.5"]) + "\n"
        if delimiter in ",;":
            content = content.replace("x,y;z", '"x,y;z"')
        assert read(content.encode()).rows == [(2, "x,y;z", "1.5")]

    def test_known_columns_decide(self) -> None:
        """A header that could be parted otherwise is parted so that the dataset has its columns."""
        assert read(b"a;b\n1,5;2,5\n").rows == [(2, "1,5", "2,5")]
        assert read(
            b"Delay ; CARRIER\n5;UA\n", (("carrier", "text"), ("delay", "integer"))
        ).rows == [(2, 5, "UA")]

    def test_it_can_be_said(self) -> None:
        """Any ASCII character will do."""
        assert read(b"a^b\n1^2\n", delimiter="^").rows == [(2, "1", "2")]


class TestEncodings:
    """Any encoding is read as the text that it is."""

    @pytest.mark.parametrize(
        "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
    )
    def test_it_is_seen(self, encoding: str) -> None:
        """By its mark, its zeros, or because it is not UTF-8."""
        content = "a,b\nMünchen,Orly\n".encode(encoding)
        assert read(content).rows == [(2, "München", "Orly")]

    @pytest.mark.parametrize(
        ("name", "text"),
        [("shift_jis", "日本"), ("ISO-8859-1", "é"), ("Windows-1251", "да"), ("latin1", "ß")],
    )
    def test_it_can_be_said(self, name: str, text: str) -> None:
        """By any of its usual names."""
        content = f"a,b\n{text},1\n".encode(name)
        assert read(content, encoding=name).rows == [(2, text, "1")]

    @pytest.mark.parametrize(
        "name", ["nonsense", "unicode_escape", "rot13", "zip", "utf-7", "../x"]
    )
    def test_what_is_no_encoding_is_refused(self, name: str) -> None:
        """Nor is what only Python calls one."""
        with pytest.raises(Malformed, match="There is no encoding"):
            read(b"a,b\n1,2\n", encoding=name)

    def test_a_wrong_one_is_told_with_its_line(self) -> None:
        """The file is refused, wherever it is."""
        content = b"a,b\n" + b"1,2\n" * 100_000 + b"\xe9,1\n"
        with pytest.raises(Malformed, match=r"not UTF-8 \(near line 100002\)"):
            read(content)
        assert len(read(content, encoding="cp1252").rows) == 100_001
        with pytest.raises(Malformed, match=r"not ascii \(near line \d+\)"):
            read(content, encoding="ascii")

    def test_a_packed_file_may_have_any(self) -> None:
        """It is unpacked first."""
        content = gzip.compress("a;b\nü;1\n".encode("utf-16"), mtime=0)
        assert read(content, file_name="x.csv.gz").rows == [(2, "ü", "1")]

    def test_a_mark_within_the_text_is_a_character(self) -> None:
        """Also where a row begins with it."""
        assert read(b"a,b\n\xef\xbb\xbfx,1\n\xef\xbb\xbfy,2\n").rows == [
            (2, "\ufeffx", "1"),
            (3, "\ufeffy", "2"),
        ]
        assert read(b"a\n\xef\xbb\xbf\n", [("a", "text")]).rows == [(2, "\ufeff")]


class TestColumns:
    """Which column of the file fills which of the dataset."""

    def test_order_and_case_do_not_matter(self) -> None:
        """Columns come in the file's order; those it lacks are not matched."""
        assert read(b" B ,A\n1,x\n", (("a", "text"), ("b", "integer"), ("c", "date"))).rows == [
            (2, 1, "x")
        ]

    def test_a_reading_maps_and_skips(self) -> None:
        """What it does not list is skipped; refused rows keep all their cells."""
        columns = [{"source": "x y", "name": "b"}, {"source": "tenant_id", "name": "a"}]
        content = b"tenant_id,x y,skipped\nq,1,s\nr,no,t\n"
        found = read(content, NUMBERS, columns=columns)
        assert found.rows == [(2, "q", 1)]
        assert [row.cells for row in found.refused] == [("r", "no", "t")]
        assert [row.column for row in found.refused] == ["b"]

    @pytest.mark.parametrize(
        ("columns", "message"),
        [
            ([{"source": "z", "name": "a"}], "The file has no column z"),
            ([{"source": "a", "name": "tenant_id"}], "The dataset has no column tenant_id"),
            ([{"source": "a", "name": "a"}, {"source": "b", "name": "a"}], "names a twice"),
        ],
    )
    def test_a_reading_cannot_name_what_is_not_there(
        self, columns: list[dict[str, str]], message: str
    ) -> None:
        """Neither in the file nor in the dataset, nor twice."""
        with pytest.raises(Malformed, match=message):
            read(b"a,b\n1,2\n", columns=columns)

    def test_a_file_without_header_is_mapped_by_number(self) -> None:
        """Its first row is data."""
        columns = [{"source": "column_2", "name": "a"}]
        assert read(b"1,2\n3,4\n", has_header=False, columns=columns).rows == [(1, "2"), (2, "4")]

    def test_columns_of_one_name_are_told_apart(self) -> None:
        """By their number."""
        columns = [{"source": "a", "name": "a"}, {"source": "a (2)", "name": "b"}]
        assert read(b"a,a\n1,2\n", columns=columns).rows == [(2, "1", "2")]


class TestAbsence:
    """What stands for no value."""

    def test_an_empty_cell(self) -> None:
        """Without a marker it is none, quoted or not."""
        assert read(b'a,b\n,1\n"",\nx,""\n', NUMBERS).rows == [
            (2, None, 1),
            (3, None, None),
            (4, "x", None),
        ]

    def test_a_marker(self) -> None:
        """With one an empty text is a text, an empty number none."""
        assert read(b'a,b\nNA,NA\n,\n"NA",7\n', NUMBERS, null_text="NA").rows == [
            (2, None, None),
            (3, "", None),
            (4, None, 7),
        ]

    def test_a_refused_row_keeps_both_apart(self) -> None:
        """Its cells are as in the file, so that it can be sent again."""
        found = read(b"a,b\nNA,x\n,y\n", NUMBERS, null_text="NA")
        assert [row.cells for row in found.refused] == [("NA", "x"), ("", "y")]
