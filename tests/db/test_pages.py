"""Keyset pages: cursors, and where a list ends."""

import base64
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.db import pages
from workbench.errors import Invalid

VALUES = st.lists(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)
)


class TestCut:
    """`cut` makes a page of one row more than the limit."""

    def test_a_row_too_many_tells_of_a_next_page(self) -> None:
        """The extra row is left out, and the cursor names the last one shown."""
        page = pages.cut([1, 2, 3], 2, lambda n: [n])
        assert list(page.items) == [1, 2]
        assert page.next_cursor is not None
        assert pages.decode(page.next_cursor, 1) == [2]

    @pytest.mark.parametrize("rows", [[], [1], [1, 2]])
    def test_the_last_page_has_no_cursor(self, rows: list[int]) -> None:
        """As many rows as the limit, or fewer, are the end."""
        assert pages.cut(rows, 2, lambda n: [n]) == pages.Page(rows, None)

    def test_a_page_can_take_another_shape(self) -> None:
        """Mapping changes rows and keeps the cursor."""
        assert pages.Page([1, 2], "next").map(str) == pages.Page(["1", "2"], "next")


class TestCursor:
    """A cursor is opaque, and ours or refused."""

    @given(VALUES)
    def test_it_reads_what_it_wrote(self, values: list[object]) -> None:
        """Every list of plain values comes back."""
        assert pages.decode(pages.encode(values), len(values)) == values

    def test_it_writes_dates_as_text(self) -> None:
        """What JSON lacks is written as text."""
        assert pages.decode(pages.encode([date(2013, 1, 1)]), 1) == ["2013-01-01"]

    @pytest.mark.parametrize(
        "cursor",
        [
            "",
            "!",
            "é",
            "A",
            "AAAA",
            base64.urlsafe_b64encode(b'{"a": 1}').decode(),
            base64.urlsafe_b64encode(b"[1, 2]").decode(),
            base64.urlsafe_b64encode(b"[" * 100_000).decode(),
            base64.urlsafe_b64encode(b"\xff\xfe").decode(),
            base64.urlsafe_b64encode(json.dumps("text").encode()).decode(),
        ],
    )
    def test_another_cursor_is_refused(self, cursor: str) -> None:
        """What is no list of as many values as the sort has is Invalid, and says where."""
        with pytest.raises(Invalid, match="next_cursor") as refused:
            pages.decode(cursor, 1)
        assert refused.value.details[0].place == "cursor"
