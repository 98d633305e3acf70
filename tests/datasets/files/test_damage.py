"""Good and bad files with some bytes changed: an answer comes, and never anything else."""

import contextlib
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.bad_files import COLUMNS, bad_files
from workbench.datasets.errors import Malformed
from workbench.datasets.reading import Reading, Wanted, opened, proposed

MOST = 1 << 22
WANTED = [Wanted(*column) for column in COLUMNS]
SMALL = [name for name, bad in sorted(bad_files().items()) if len(bad.content) < 50_000]
CHANGES = st.lists(
    st.tuples(st.floats(0, 0.999), st.integers(0, 3), st.binary(min_size=1, max_size=6)),
    min_size=1,
    max_size=4,
)


def changed(content: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    """A content of which some places are overwritten, lengthened or shortened."""
    for place, removed, added in changes:
        start = int(place * len(content))
        content = content[:start] + added + content[start + len(added) * (removed > 0) :]
        content = content[:start] + content[start + (removed > 2) :]
    return content


@pytest.mark.parametrize("kind", ["workbook", "zip", "parquet", "gzip", "json", ""])
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
def test_damage_is_answered(kind: str, data: st.DataObject) -> None:
    """Whatever a library makes of it, only Malformed comes out."""
    name = data.draw(st.sampled_from([name for name in SMALL if name.startswith(kind)]))
    bad = bad_files()[name]
    content = changed(bad.content, data.draw(CHANGES))
    with contextlib.suppress(Malformed):
        proposed(io.BytesIO(content), bad.file_name, Reading(), most_bytes=MOST)
    with contextlib.suppress(Malformed):
        source = opened(io.BytesIO(content), bad.file_name, Reading(), WANTED, most_bytes=MOST)
        with contextlib.closing(source):
            for block in source.blocks():
                assert len(block.lines) == block.batch.num_rows
