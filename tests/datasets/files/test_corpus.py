"""Every bad file gets a clear answer, and none is half read without saying so."""

import io
import tracemalloc

import pytest

from tests.support.bad_files import COLUMNS, BadFile, bad_files
from workbench.datasets.errors import Malformed
from workbench.datasets.reading import Block, Proposal, Reading, Source, Wanted, opened, proposed

MOST = 16 * 1024 * 1024
WANTED = [Wanted(*column) for column in COLUMNS]
NAMES = sorted(bad_files())


def source(bad: BadFile) -> Source:
    """The file opened for `sample_trips`."""
    return opened(io.BytesIO(bad.content), bad.file_name, Reading(), WANTED, most_bytes=most(bad))


def most(bad: BadFile) -> int:
    """How much a file may unpack to: some are about a gigabyte that is not refused for its size."""
    return 1 << 31 if bad.says in {"longer than", ""} or bad.outcome != "refused" else MOST


def blocks(bad: BadFile) -> list[Block]:
    """The file, read to its end."""
    found = source(bad)
    try:
        return list(found.blocks())
    finally:
        found.close()


def proposal(bad: BadFile) -> Proposal | None:
    """What is proposed for a file, None when it is refused."""
    try:
        return proposed(io.BytesIO(bad.content), bad.file_name, Reading(), most_bytes=most(bad))
    except Malformed:
        return None


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_file_is_answered(name: str) -> None:
    """It is refused as a whole, or some of its rows are, each with a line and a reason."""
    bad = bad_files()[name]
    if bad.outcome == "refused":
        with pytest.raises(Malformed) as refused:
            blocks(bad)
        assert bad.says in str(refused.value)
        assert len(str(refused.value)) < 1000
        return
    found = [row for block in blocks(bad) for row in block.refused]
    assert bool(found) is (bad.outcome == "partial"), found
    if found:
        assert any(bad.says in row.reason for row in found), found
    for row in found:
        assert row.line >= 1
        assert row.cells
        assert row.value is None or len(row.value) <= 200
        assert not any(cell and "\0" in cell for cell in row.cells)


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_file_can_be_proposed(name: str) -> None:
    """A proposal either comes, its names valid, or says why not."""
    bad = bad_files()[name]
    found = proposal(bad)
    if found is None:
        assert bad.outcome == "refused"
        return
    assert found.columns
    assert len({column.name for column in found.columns}) == len(found.columns)
    assert found.reading.columns is not None
    assert "\0" not in found.model_dump_json()
    assert "\\u0000" not in found.model_dump_json()
    again = Reading.model_validate_json(found.reading.model_dump_json())
    wanted = [Wanted(column.name, column.type or "text") for column in found.reading.columns]
    opened(io.BytesIO(bad.content), bad.file_name, again, wanted, most_bytes=most(bad)).close()


def test_a_packed_gigabyte_is_never_in_memory() -> None:
    """What unpacks to a cell of a gigabyte is given up after some megabytes."""
    bad = bad_files()["gigabyte_cell"]
    tracemalloc.start()
    with pytest.raises(Malformed, match="longer than"):
        blocks(bad)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 * 1024 * 1024


def test_the_corpus_is_large() -> None:
    """It covers all that was wished for, and more."""
    assert len(NAMES) >= 100
    assert {bad.outcome for bad in bad_files().values()} == {"refused", "partial", "fine"}
