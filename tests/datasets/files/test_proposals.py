"""What is proposed for a file before any of it is loaded."""

import gzip
import io
from typing import Any

import pytest

from tests.datasets.files.reading import MOST, read
from tests.support import bad_workbooks as workbooks
from tests.support.bad_tables import parquet
from workbench.datasets.errors import Malformed
from workbench.datasets.reading import Proposal, Reading, naming, proposed
from workbench.datasets.tables import RESERVED


def propose(content: bytes, file_name: str = "x.csv", **reading: Any) -> Proposal:
    """The proposal for a file."""
    return proposed(io.BytesIO(content), file_name, Reading(**reading), most_bytes=MOST)


def types(content: bytes, **reading: Any) -> list[str]:
    """The types that are proposed."""
    return [column.type for column in propose(content, **reading).columns]


class TestNames:
    """Names that a dataset's column may have."""

    @pytest.mark.parametrize(
        ("source", "name"),
        [
            ("Dep Delay", "dep_delay"),
            ("depDelay", "dep_delay"),
            ("Straße (km)", "strasse_km"),
            ("Ünïcode", "unicode"),
            ("2026", "c_2026"),
            ("_x_", "x"),
            ("日付", "column_1"),
            ("", "column_1"),
            ("tenant_id", "tenant_id_1"),
            ("Tenant ID", "tenant_id_1"),
            ("xmin", "xmin_1"),
            ("x" * 99, "x" * 63),
        ],
    )
    def test_one(self, source: str, name: str) -> None:
        """Small letters, digits and underscores, and none that is reserved."""
        assert naming.names([source]) == (name,)

    def test_each_is_there_once(self) -> None:
        """Also where cutting or folding makes them equal, or a number is taken."""
        found = naming.names(["a", "A", "a_1", "a ", "x" * 63, "x" * 64, "row_id", "row_id_1"])
        assert len(set(found)) == len(found)
        assert not set(found) & RESERVED
        assert found[:3] == ("a", "a_1", "a_1_1")

    def test_reserved_names_have_no_power(self) -> None:
        """They are read as ordinary columns of another name, and that is said."""
        found = propose(b"tenant_id,deleted_at\n1,2\n")
        assert [column.name for column in found.columns] == ["tenant_id_1", "deleted_at_1"]
        assert [column.title for column in found.columns] == ["tenant_id", "deleted_at"]
        assert "tenant_id has no power here" in found.warnings[0]

    def test_names_twice_or_none_are_told_apart(self) -> None:
        """By sources that each stand for one column."""
        found = propose(b"a,a,\n1,2,3\n")
        assert [(c.source, c.name) for c in found.columns] == [
            ("a", "a"),
            ("a (2)", "a_2"),
            ("(column 3)", "column_3"),
        ]


class TestTypes:
    """The type that every cell of the sample has."""

    @pytest.mark.parametrize(
        ("cells", "expected"),
        [
            ("1 2 -3", "integer"),
            ("1 2.5", "number"),
            ("1 x", "text"),
            ("007 008", "text"),
            ("0 10", "integer"),
            ("99999999999999999999 1", "number"),
            ("true false", "boolean"),
            ("y n", "boolean"),
            ("1 0", "integer"),
            ("2026-01-31 2026-02-01", "date"),
            ("2026-02-30 2026-02-01", "text"),
            ("2026-01-31T10:00Z 2026-01-31", "timestamp"),
            ("2026-01-31T10:00Z 2026-01-31T10:00", "timestamp"),
        ],
    )
    def test_one(self, cells: str, expected: str) -> None:
        """A code with leading zeros stays a text."""
        content = "a,b\n" + "".join(f"{cell},x\n" for cell in cells.split())
        assert types(content.encode()) == [expected, "text"]

    def test_a_column_without_cells_is_a_text(self) -> None:
        """Nothing speaks for anything else."""
        found = propose(b"a,b\n,1\n,2\n")
        assert [(c.type, c.empty, c.examples) for c in found.columns] == [
            ("text", 2, []),
            ("integer", 0, ["1", "2"]),
        ]

    def test_a_marker_of_no_value_is_noticed(self) -> None:
        """When columns have a type without it."""
        found = propose(b"a,b\nNA,x\n5,NA\n")
        assert found.reading.null_text == "NA"
        assert [(c.type, c.empty) for c in found.columns] == [("integer", 1), ("text", 1)]
        assert propose(b"a,b\nNA,x\nUA,NA\n").reading.null_text == ""

    @pytest.mark.parametrize(
        ("content", "decimal", "dates", "expected"),
        [
            (b"a;b\n1,5;31.01.2026\n", ",", "day", ["number", "date"]),
            (b"a;b\n1.234,5;01/31/2026\n", ",", "month", ["number", "date"]),
            (b"a;b\n1.5;2026/1/31\n", ".", "year", ["number", "date"]),
            (b"a;b\n1.5;31.01.2026 10:00\n", ".", "day", ["number", "timestamp"]),
            (b"a;b\n1,2,3;31.02.2026\n", ".", "year", ["text", "text"]),
        ],
    )
    def test_other_notations_are_noticed(
        self, content: bytes, decimal: str, dates: str, expected: list[str]
    ) -> None:
        """Decimal commas and dates in another order, if that gives columns a type."""
        found = propose(content)
        assert (found.reading.decimal, found.reading.dates) == (decimal, dates)
        assert [column.type for column in found.columns] == expected

    def test_what_a_file_has_typed_itself_is_kept(self) -> None:
        """Parquet needs no guess, and JSON's numbers are numbers."""
        found = propose(parquet({"a": [1], "b": [True], "c": ["1"], "d": [[1]]}))
        assert [c.type for c in found.columns] == ["integer", "boolean", "integer", "text"]
        assert types(b'{"a":1,"b":1.5,"c":"x","d":false}\n') == [
            *("integer", "number", "text", "boolean")
        ]


class TestReading:
    """A proposal decides all that a reading can say, and is as good as a person's word."""

    @pytest.mark.parametrize(
        "content",
        [
            b"a,b\n1,x\n",
            b"a;b\n1,5;31.01.2026\n",
            b"1,2\n3,4\n",
            "a\tb\nü\t1\n".encode("utf-16"),
            b"\xe9,b\n\xe9,1\n" * 3,
            b"'a','b'\n'1','2'\n",
            b"tenant_id,a,a\n1,NA,3\n2,5,6\n",
            b'{"a":1,"b":"x"}\n',
            workbooks.workbook(workbooks.GOOD),
            parquet({"Dep Delay": [1, None]}),
            gzip.compress(b"a,b\n1,x\n", mtime=0),
        ],
    )
    def test_what_is_proposed_can_be_read(self, content: bytes) -> None:
        """With the names and types proposed, no row is refused."""
        found = propose(content)
        assert found.reading.columns
        wanted = [(column.name, column.type or "text") for column in found.reading.columns]
        rows = read(content, wanted, **found.reading.model_dump())
        assert rows.refused == []
        assert len(rows.rows) == found.rows_estimated == len(found.preview)

    def test_a_person_has_the_last_word(self) -> None:
        """Delimiter, header, names and types stay as corrected; what is left out is skipped."""
        columns = [{"source": "column_2", "name": "x", "type": "text"}]
        found = propose(b"1;2\n3;4\n", has_header=False, delimiter=";", columns=columns)
        assert [(c.name, c.type) for c in found.columns] == [("x", "text")]
        assert found.preview == [["1", "2"], ["3", "4"]]
        with pytest.raises(Malformed, match="no column z"):
            propose(b"a,b\n1,2\n", columns=[{"source": "z", "name": "z"}])

    @pytest.mark.parametrize(
        ("row", "has_header"),
        [
            ("x|01.06.2015|15.09.2015", False),
            ("x;2,5;3/4/2015", False),
            ("x;v1.2;3", False),
            ("site;from;1.2.2015x", True),
        ],
    )
    def test_a_first_row_of_values_names_no_columns(self, row: str, *, has_header: bool) -> None:
        """Also where numbers and dates are written as nobody has guessed yet."""
        rows = [row] + [row.replace("site", "y").replace("from", "2").replace("5x", "5")] * 3
        found = propose("\n".join(rows).encode())
        assert found.reading.has_header is has_header

    def test_a_corrected_type_that_refuses_rows_is_told(self) -> None:
        """With how many."""
        columns = [{"source": "a", "name": "a", "type": "integer"}]
        found = propose(b"a,b\nx,1\n2,2\n", columns=columns)
        assert found.warnings == ["1 cells of a in the sample are not a whole number."]

    def test_rows_that_cannot_be_read_are_told(self) -> None:
        """How many of the sample, and the first."""
        found = propose(b"a,b\n1,2\n3\n4,5,6\n")
        assert found.warnings == [
            "2 rows of the sample cannot be read: the first has 1 cell, the header has 2 (line 3)."
        ]

    def test_a_header_alone_is_told(self) -> None:
        """Its columns are proposed all the same."""
        found = propose(b"a,b\n")
        assert (len(found.columns), found.preview, found.rows_estimated) == (2, [], 0)
        assert found.warnings == ["The file holds no rows."]

    def test_the_rows_of_a_large_file_are_estimated(self) -> None:
        """Within a few of a hundred."""
        content = b"a,b\n" + b"".join(b"%06d,some text\n" % number for number in range(900_000))
        assert 0.95 < propose(content).rows_estimated / 900_000 < 1.05
        assert 0.8 < propose(gzip.compress(content, 1, mtime=0)).rows_estimated / 900_000 < 1.2
        assert len(propose(content).preview) == 20
