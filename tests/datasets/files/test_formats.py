"""Workbooks, Parquet and JSON Lines: what their values become."""

import gzip
import io
import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tests.datasets.files.reading import MOST, read
from tests.support import bad_workbooks as workbooks
from tests.support.bad_tables import parquet
from workbench.datasets.errors import Malformed
from workbench.datasets.reading import Reading, Wanted, opened

MOMENT = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)
SECRET = "/etc/hostname"  # whatever it holds must not appear


class TestExcel:
    """One sheet of a workbook."""

    def test_cells_have_their_values(self) -> None:
        """Numbers, truths, dates and texts, shared or not; lines are rows of the sheet."""
        rows = (
            '<row r="3"><c r="B3" t="s"><v>0</v></c><c r="C3" t="s"><v>1</v></c>'
            f"{workbooks.text('D3', 'c')}{workbooks.text('E3', 'd')}</row>"
            '<row r="5"><c r="B5"><v>46053</v></c><c r="C5" t="b"><v>1</v></c>'
            '<c r="D5"><v>1.5</v></c><c r="E5" s="1"><v>46053</v></c></row>'
        )
        content = workbooks.workbook(rows, {workbooks.STRINGS: workbooks.strings("a", "b")})
        wanted = [("a", "integer"), ("b", "boolean"), ("c", "number"), ("d", "date")]
        found = read(content, wanted, "x.xlsx")
        assert found.rows == [(5, 46053, True, 1.5, date(2026, 1, 31))]

    def test_a_sheet_can_be_chosen(self) -> None:
        """By its name; one that is not there is told with those that are."""
        content = workbooks.workbook(workbooks.GOOD)
        wanted = [("carrier", "text"), ("delay", "integer")]
        assert read(content, wanted, sheet="Trips").rows == [(2, "UA", 5)]
        with pytest.raises(Malformed, match="no sheet Other; there is Trips"):
            read(content, wanted, sheet="Other")

    def test_it_may_be_packed(self) -> None:
        """And then it is unpacked first."""
        content = gzip.compress(workbooks.workbook(workbooks.GOOD), mtime=0)
        assert read(content, [("carrier", "text"), ("delay", "integer")]).rows == [(2, "UA", 5)]

    @pytest.mark.parametrize("part", [workbooks.SHEET, workbooks.STRINGS, "xl/workbook.xml"])
    def test_no_entity_fetches_anything(self, part: str) -> None:
        """A document type is refused wherever it stands, before any library sees it."""
        doctype = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{SECRET}">]>'
        parts = {
            workbooks.SHEET: workbooks.sheet(workbooks.GOOD),
            workbooks.STRINGS: workbooks.strings("x"),
            "xl/workbook.xml": workbooks.PARTS["xl/workbook.xml"],
        }
        parts[part] = parts[part].replace(workbooks.HEAD, workbooks.HEAD + doctype)
        with pytest.raises(Malformed, match="declares entities"):
            read(workbooks.workbook("", parts), [("carrier", "text"), ("delay", "integer")])

    def test_an_entity_without_declaration_is_not_a_value(self) -> None:
        """Those of XML itself are, and are text."""
        rows = (
            workbooks.HEADER + f'<row r="2">{workbooks.text("A2", "&lt;b&gt; &amp; &#65;")}</row>'
        )
        wanted = [("carrier", "text"), ("delay", "integer")]
        assert read(workbooks.workbook(rows), wanted).rows == [(2, "<b> & A", None)]

    def test_a_wide_sheet_is_measured_by_its_cells(self) -> None:
        """Some hundred columns are no reason to refuse it."""
        names = [
            f"{first}{second}" for first in "ABCDEF" for second in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        ]
        cells = "".join(workbooks.text(f"{name}7", f"c{name}") for name in names)
        values = "".join(f'<c r="{name}8"><v>1</v></c>' for name in names)
        content = workbooks.workbook(f'<row r="7">{cells}</row><row r="8">{values}</row>')
        wanted = [(f"c{name}".lower(), "integer") for name in names]
        assert read(content, wanted, "x.xlsx").rows == [(8, *[1] * len(names))]

    def test_a_limit_of_bytes_holds(self) -> None:
        """Of what it unpacks to, whatever its directory says."""
        content = workbooks.workbook(workbooks.GOOD)
        with pytest.raises(Malformed, match="unpacks to more"):
            opened(io.BytesIO(content), "x.xlsx", Reading(), [], most_bytes=500)
        with pytest.raises(Malformed, match="damaged"):
            read(workbooks.lying(content, 10), [("carrier", "text"), ("delay", "integer")])


class TestParquet:
    """Types of Arrow's as a dataset's."""

    @pytest.mark.parametrize(
        ("cells", "type_name", "expected"),
        [
            (pa.array([1, None], pa.int8()), "integer", [1, None]),
            (pa.array([1.0, 2.0]), "integer", [1, 2]),
            (pa.array(["1", " 2"]), "integer", [1, 2]),
            (pa.array([Decimal("1.50")]), "number", [1.5]),
            (pa.array([2**62]), "number", [float(2**62)]),
            (pa.array([1.5], pa.float16()), "number", [1.5]),
            (pa.array([True, None]), "text", ["true", None]),
            (pa.array([0, 1]), "boolean", [False, True]),
            (pa.array([date(2026, 1, 31)]), "date", [date(2026, 1, 31)]),
            (pa.array([date(2026, 1, 31)]), "text", ["2026-01-31"]),
            (pa.array([datetime(2026, 1, 31)]), "date", [date(2026, 1, 31)]),  # noqa: DTZ001
            (pa.array([MOMENT], pa.timestamp("ns", "Asia/Tokyo")), "timestamp", [MOMENT]),
            (pa.array([MOMENT.replace(tzinfo=None)], pa.timestamp("s")), "timestamp", [MOMENT]),
            (pa.array([time(1, 2)]), "text", ["01:02:00.000000"]),
            (pa.array([{"a": [1, None]}]), "text", ['{"a": [1, null]}']),
            (pa.array([[b"x"]]), "text", ['["x"]']),
            (pa.array(["a", "a"]).dictionary_encode(), "text", ["a", "a"]),
            (pa.array(["a"], pa.large_string()), "text", ["a"]),
            (pa.array([None], pa.null()), "date", [None]),
        ],
    )
    def test_values(self, cells: Any, type_name: str, expected: list[Any]) -> None:
        """Kept where the types agree, else read as a text would be."""
        found = read(parquet({"a": cells}), [("a", type_name)], "x.parquet")
        assert [row[1] for row in found.rows] == expected
        assert [row[0] for row in found.rows] == list(range(1, len(expected) + 1))

    @pytest.mark.parametrize(
        ("cells", "type_name"),
        [
            (pa.array([1.5]), "integer"),
            (pa.array([2**64 - 1], pa.uint64()), "integer"),
            (pa.array([float("inf")]), "number"),
            (pa.array([MOMENT.replace(tzinfo=None)]), "date"),
            (pa.array([2**62], pa.timestamp("us")), "timestamp"),
            (pa.array([-719_163], pa.date32()), "date"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, cells: Any, type_name: str) -> None:
        """With its value, as the file would write it."""
        found = read(parquet({"a": cells}), [("a", type_name)], "x.parquet")
        assert found.rows == []
        assert [(row.line, row.column) for row in found.refused] == [(1, "a")]
        assert found.refused[0].value

    def test_a_text_that_a_dictionary_repeats_comes_in_pieces(self) -> None:
        """A block stays small, however often a long text is repeated."""
        texts = pa.DictionaryArray.from_arrays(pa.array([0] * 300, pa.int32()), ["x" * 900_000])
        content = parquet({"a": texts}, compression="zstd")
        source = opened(io.BytesIO(content), "x", Reading(), [Wanted("a", "text")], most_bytes=MOST)
        sizes = [(block.batch.num_rows, block.batch.nbytes) for block in source.blocks()]
        source.close()
        assert sum(rows for rows, _ in sizes) == 300
        assert max(size for _, size in sizes) < 40 * 1024 * 1024

    def test_it_may_be_packed(self) -> None:
        """And then it is unpacked first, up to the limit."""
        content = gzip.compress(parquet({"a": [1]}), mtime=0)
        assert read(content, [("a", "integer")], "x.parquet.gz").rows == [(1, 1)]
        with pytest.raises(Malformed, match="unpacks to more"):
            opened(io.BytesIO(content), "x", Reading(), [Wanted("a", "integer")], most_bytes=100)


class TestJsonLines:
    """Objects, one a line."""

    def test_values_are_read_as_cells(self) -> None:
        """Texts too; what is absent or null has no value, an empty text is a text."""
        rows = [
            {"a": "x", "b": 1},
            {"b": "2", "a": ""},
            {"a": None},
            {"a": {"k": [1, "ä"]}, "b": 2**63 - 1},
        ]
        content = "\n".join(json.dumps(row) for row in rows).encode()
        assert read(content, [("a", "text"), ("b", "integer")], "x.jsonl").rows == [
            (1, "x", 1),
            (2, "", 2),
            (3, None, None),
            (4, '{"k": [1, "ä"]}', 2**63 - 1),
        ]

    def test_a_column_may_appear_late(self) -> None:
        """If the dataset has it."""
        content = b'{"a":"x"}\n' * 150_000 + b'{"b":7}\n'
        found = read(content, [("a", "text"), ("b", "integer")], "x.jsonl")
        assert found.rows[-1] == (150_001, None, 7)

    def test_a_field_that_nobody_expects_refuses_its_row(self) -> None:
        """So that nothing is lost in silence; a field that a reading skips is."""
        content = b'{"a":"x","s":1}\n' + b'{"a":"x"}\n' * 150_000 + b'{"z":7}\n'
        columns = [{"source": "a", "name": "a"}]
        found = read(content, [("a", "text")], "x.jsonl", columns=columns)
        assert len(found.rows) == 150_001
        reason = "has the field z, which the first lines lack"
        assert found.reasons == [(150_002, None, reason)]
        assert found.refused[0].value == "7"

    def test_a_line_that_is_no_object_is_refused_as_it_is(self) -> None:
        """Blank lines are none."""
        found = read(b'{"a":"x"}\n\n{"a":\n[1]\n', [("a", "text")], "x.jsonl")
        assert [(row.line, row.cells) for row in found.refused] == [(3, ('{"a":',)), (4, ("[1]",))]
