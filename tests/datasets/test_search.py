"""Looking into every text finds just the rows that looking into each of them would."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import column, or_, select, true, values
from sqlalchemy.types import BigInteger, Text

from workbench.actor import Actor
from workbench.datasets import conditions
from workbench.datasets.schemas import Search
from workbench.db.session import Database

NAMES = ("carrier", "dest")
TYPES = {"delay": "integer", **dict.fromkeys(NAMES, "text")}
# What LIKE knows, what separates, and letters whose case is special.
LETTERS = st.sampled_from(
    [*"aAbB%_\\/ \x01\x02\x1f", *"\u00e9\u00c9\u00df\u1e9e\u0130\u0131\u03c3\u03c2\u03a3"]
)
TEXTS = st.text(LETTERS, max_size=6)
COLUMNS: list[Any] = [column("delay", BigInteger), *(column(name, Text) for name in NAMES)]
ROWS = st.lists(st.tuples(st.none() | TEXTS, st.none() | TEXTS), min_size=1, max_size=8)


@given(rows=ROWS, piece=st.text(LETTERS, min_size=1, max_size=3))
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_it_finds_what_each_column_would(
    database: Database, actor: Actor, rows: list[tuple[str | None, str | None]], piece: str
) -> None:
    """The same rows as one ILIKE for each column, also where it is turned round."""
    table: Any = values(*COLUMNS, name="trips").data(
        [(place, *row) for place, row in enumerate(rows)]
    )
    naive = or_(*(table.c[name].icontains(piece, autoescape=True) for name in NAMES))
    (found,) = conditions.where(table, TYPES, [Search(search=piece)])
    async with database.session(actor) as session:
        for wanted, got in ((naive, found), (naive.is_not(true()), found.is_not(true()))):
            expected = (await session.scalars(select(table.c.delay).where(wanted))).all()
            assert (await session.scalars(select(table.c.delay).where(got))).all() == expected


@pytest.mark.parametrize("piece", ["\x01", "".join(map(chr, range(1, 201)))])
async def test_a_separator_in_the_piece_is_no_separator(
    database: Database, actor: Actor, piece: str
) -> None:
    """A piece is found where it stands, and never across two texts."""
    table: Any = values(*COLUMNS, name="trips").data(
        [(1, piece, None), (2, piece[:-1], piece[-1:])]
    )
    (found,) = conditions.where(table, TYPES, [Search(search=piece)])
    async with database.session(actor) as session:
        seen = (await session.scalars(select(table.c.delay).where(found))).all()
    assert set(seen) == {1} | ({2} if len(piece) == 1 else set())
