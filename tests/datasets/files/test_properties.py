"""Whatever a table holds and however it is written, no row of it is lost or counted twice."""

import contextlib
import csv
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.datasets.files.reading import read
from workbench.datasets.errors import Malformed
from workbench.datasets.reading import Reading, proposed

LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")
TEXTS = st.text(LETTERS, max_size=12) | st.sampled_from(['"', "'", "\n", ",", ";", "\t", "|", " "])
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(TEXTS, min_size=width, max_size=width), max_size=8)
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gb18030"])
NAMES = ["a", "b", "c", "d"]
FILLER = "long enough to look like a text,1\n" * 9
FAST = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


def columns(rows: list[list[str]]) -> list[tuple[str, str]]:
    """The columns of a table of texts."""
    return [(name, "text") for name in NAMES[: len(rows[0]) if rows else 1]]


def given_back(rows: list[list[str]]) -> list[tuple[str | None, ...]]:
    """What comes of a table's rows: an empty cell has no value."""
    return [tuple(cell or None for cell in row) for row in rows]


@given(
    rows=TABLES,
    delimiter=st.sampled_from(",;\t|^"),
    quote=st.sampled_from("\"'"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
    line=st.sampled_from(["\n", "\r\n"]),
    encoding=ENCODINGS,
)
@FAST
def test_a_table_written_as_csv_comes_back(
    rows: list[list[str]], delimiter: str, quote: str, quoting: Any, line: str, encoding: str
) -> None:
    """With any delimiter, quote, line ending and encoding, and each row with its line."""
    target = io.StringIO(newline="")
    writer = csv.writer(
        target, delimiter=delimiter, quotechar=quote, quoting=quoting, lineterminator=line
    )
    writer.writerow([name for name, _ in columns(rows)])
    begins = []
    for row in rows:
        begins.append(target.getvalue().count("\n") + 1)
        writer.writerow(row)
    found = read(
        target.getvalue().encode(encoding),
        columns(rows),
        format="csv",
        delimiter=delimiter,
        quote=quote,
        encoding=encoding,
    )
    assert found.refused == []
    assert [row[1:] for row in found.rows] == given_back(rows)
    assert [row[0] for row in found.rows] == begins


@given(pieces=st.lists(st.sampled_from(["a", "1", ",", '"', "\n", "\r", "\r\n", "\0", "é"])))
@FAST
def test_every_row_is_loaded_or_refused(pieces: list[str]) -> None:
    """Of any text: never both, never neither, in order, or the file is refused as a whole."""
    text = "".join(pieces)
    try:
        content = f"a,b\n{FILLER}{text}".encode()
        found = read(content, [("a", "text"), ("b", "integer")], delimiter=",", encoding="utf-8")
    except Malformed:
        assert '"' in text
        return
    lines = sorted([row[0] for row in found.rows] + [row.line for row in found.refused])
    assert len(set(lines)) == len(lines)
    if '"' not in text and not text.replace("\r\n", "").count("\r"):
        filled = f"a,b\n{FILLER}{text}".split("\n")
        assert lines == [n for n, line in enumerate(filled, start=1) if line.strip("\r")][1:]


@given(content=st.binary(max_size=300))
@FAST
def test_no_bytes_break_it(content: bytes) -> None:
    """A proposal comes of them, or an answer."""
    for file_name in ("x.csv", "x.csv.gz", "x.jsonl", "x.xlsx"):
        with contextlib.suppress(Malformed):
            found = proposed(io.BytesIO(content), file_name, Reading(), most_bytes=1 << 20)
            assert found.columns


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(LETTERS, max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(LETTERS), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(rows=st.lists(st.dictionaries(st.sampled_from(NAMES), JSON, min_size=1), min_size=1))
@FAST
def test_objects_written_as_json_lines_come_back(rows: list[dict[str, Any]]) -> None:
    """Texts as they are, what is nested as JSON of the same meaning."""
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    found = read(content, [(name, "text") for name in NAMES], "x.jsonl", format="jsonl")
    assert found.refused == []
    for line, (row, expected) in enumerate(zip(found.rows, rows, strict=True), start=1):
        assert row[0] == line
        cells = [cell for cell in row[1:] if cell is not None]
        values = [value for value in expected.values() if value is not None]
        assert sorted(cells) == sorted(
            cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
            for cell in values
        )


@given(rows=TABLES)
@FAST
def test_a_table_written_as_parquet_comes_back(rows: list[list[str]]) -> None:
    """Its texts are what they were; an empty one is a text."""
    names = [name for name, _ in columns(rows)]
    target = io.BytesIO()
    cells = {name: pa.array([row[n] for row in rows], pa.string()) for n, name in enumerate(names)}
    pq.write_table(pa.table(cells), target)
    found = read(target.getvalue(), columns(rows), "x.parquet")
    assert [list(row[1:]) for row in found.rows] == rows
