"""The zip of a tenant and its sheets: names, formulas, types, checksums."""

import io
import math
import zipfile
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from workbench.worker.archive import CHECKSUMS, Archive, Sheet, cell


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_text_is_a_formula(start: str) -> None:
    """Text that a spreadsheet would run begins with an apostrophe; a number stays a number."""
    assert cell(f"{start}1+1") == f"'{start}1+1"
    assert cell("1+1") == "1+1"
    assert cell(-5) == -5
    assert cell(None) is None
    assert cell({"a": start}).startswith("{")


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("a\\..\\b", "a/b"),
        ("c:/x\x00\n", "c/x"),
    ],
)
def test_no_name_leads_out(name: str, inside: str) -> None:
    """What a member is called stays in the folder in which the archive is unpacked."""
    target = io.BytesIO()
    with Archive(target) as archive:
        archive.add(name, io.BytesIO(b"x"))
    with zipfile.ZipFile(target) as opened:
        assert opened.namelist() == [inside, CHECKSUMS]


def test_an_archive_that_breaks_off_is_none() -> None:
    """What failed half-way has no checksums, so nobody takes it for whole."""
    target = io.BytesIO()
    with suppress(InterruptedError), Archive(target) as archive:
        archive.text("a.txt", "a")
        raise InterruptedError
    with zipfile.ZipFile(target) as opened:
        assert opened.namelist() == ["a.txt"]


def test_a_sheet_keeps_values(tmp_path: Path) -> None:
    """Numbers that JSON cannot say are words there and numbers in Parquet."""
    sheet = Sheet(tmp_path, ["n", "t"], {"n": "number", "t": "text"})
    sheet.write([{"n": math.inf, "t": "=x"}, {"n": None, "t": 'a,"b"\n'}])
    sheet.close()
    assert sheet.paths["jsonl"].read_text().splitlines()[0] == '{"n":"Infinity","t":"=x"}'
    assert pq.read_table(sheet.paths["parquet"]).to_pylist()[0] == {"n": math.inf, "t": "=x"}
    assert sheet.paths["csv"].read_text().splitlines()[1] == "inf,'=x"
