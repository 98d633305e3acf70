"""Reading CSV files of every kind."""

import io

import pytest

from workbench.datasets import csv_file
from workbench.datasets.csv_file import CsvFile
from workbench.datasets.errors import Malformed

KNOWN = {"a", "b", "c"}


def opened(content: bytes) -> tuple[CsvFile, list[tuple[int, str]]]:
    """A CSV and the list of what it sets aside."""
    aside: list[tuple[int, str]] = []
    text = csv_file.decoded(io.BytesIO(content))
    return CsvFile(text, KNOWN, lambda line, reason: aside.append((line, reason))), aside


def read(content: bytes) -> str:
    """All of a CSV in COPY's text format."""
    file, _ = opened(content)
    blocks = []
    while block := file.block():
        blocks.append(block)
    return b"".join(blocks).decode()


class TestHeader:
    """The first line names columns."""

    @pytest.mark.parametrize(
        "content",
        [
            b"a,b\n1,2\n",
            b"a;b\n1;2\n",
            b"a\tb\n1\t2\n",
            b"\xef\xbb\xbfa,b\n1,2\n",
            b"a,b\r\n1,2\r\n",
            b"a,b\r1,2\r",
            b' A ,"B"\n1,2',
        ],
    )
    def test_it_is_found_in_every_dialect(self, content: bytes) -> None:
        """Delimiter, byte order mark, line ends, case and blanks do not matter."""
        file, _ = opened(content)
        assert file.header == ["a", "b"]
        assert file.block() == b"2\t1\t2\n"
        assert file.block() == b""

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "empty"),
            (b"\n1,2\n", "names no columns"),
            (b"a,tenant_id\n1,2\n", "no column tenant_id"),
            (b"a,,b\n", r"\(no name\)"),
            (b"a,b,A\n", "names a twice"),
            (b"x,y\n", "no column x, y"),
            (b"\x89PNG\r\n\x1a\n\0\0", "not UTF-8"),
            (b"\xff\xfea\0,\0b\0", "not UTF-8"),
            (b"PK\x03\x04\0\0", "NUL"),
            (b'a,"b\n1,2\n', "not CSV"),
            (b"a" * (5 * 1024 * 1024), "longer than"),
            (",".join(f"x{n}" for n in range(30)).encode(), "and 20 more"),
        ],
    )
    def test_what_is_none_is_refused(self, content: bytes, message: str) -> None:
        """The error says what is wrong with the header."""
        with pytest.raises(Malformed, match=message):
            opened(content)


class TestBlock:
    """Rows come in blocks, with their lines."""

    def test_quotes_and_line_ends_are_kept(self) -> None:
        """A quoted cell may hold delimiters, quotes, tabs, backslashes and ends of lines."""
        content = b'a,b\n"x,""y""","1\n2"\n\\N,"\t\r"\nlast,\n'
        lines = read(content).splitlines()
        assert lines == ['2\tx,"y"\t1\\n2', "4\t\\\\N\t\\t\\r", "6\tlast\t"]

    def test_ragged_rows_are_set_aside_with_their_lines(self) -> None:
        """Blank lines are no rows; a row of another width is counted and told."""
        file, aside = opened(b'a,b\n1,2\n\n3\n"4\n5",6\n7,8,9\n0,0\n')
        assert file.block().decode().splitlines() == ["2\t1\t2", "5\t4\\n5\t6", "8\t0\t0"]
        assert file.ragged == 2
        assert aside == [
            (4, "has 1 cells, the header has 2"),
            (7, "has 3 cells, the header has 2"),
        ]

    def test_many_blocks_make_one_file(self) -> None:
        """Nothing is lost between blocks, ragged rows or not."""
        rows = csv_file.BLOCK_ROWS * 2 + 5
        content = "a,b\n" + "1,2\n" * rows + "3\n" * rows + "4,5\n"
        lines = read(content.encode()).splitlines()
        assert len(lines) == rows + 1
        assert lines[-1] == f"{2 * rows + 2}\t4\t5"

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b'a,b\n1,"2\n3,4\n', "not CSV: unexpected end of data"),
            (b'a,b\n1,"2"x\n', "Line 2 is not CSV"),
            (b"a,b\n1,\xff\n", "not UTF-8"),
            (b"a,b\n1,2\n\0,3\n", "NUL"),
            (b"a,b\n" + b"x" * 200_000 + b",2\n", "field larger"),
            (b"a,b\n" + b"x" * (5 * 1024 * 1024), "Line 2 is longer"),
        ],
    )
    def test_what_is_malformed_is_refused(self, content: bytes, message: str) -> None:
        """A file that is no CSV after all says so."""
        with pytest.raises(Malformed, match=message):
            read(content)
