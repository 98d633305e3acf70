"""Every text of a dataset's rows, where they are few, and those of them that have a piece."""

from collections.abc import Sequence

from sqlalchemy import Integer, Select, Text, bindparam, column, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.datasets import queries, tables
from workbench.datasets.models import Dataset

MOST_FOUND = 2_000  # more are so many rows that a page of them is found at once
MOST_LETTERS = 200
SAMPLE = 10_000  # rows, in which a column of ever new texts shows

Texts = Sequence[tuple[int, str]]


async def gather(
    session: AsyncSession, actor: Actor, dataset: Dataset, columns: Sequence[str], most: int
) -> Texts | None:
    """Every text with the place of its column; None where there are too many, or long ones."""
    queries.require_rows(actor, dataset)
    found: list[tuple[int, str]] = []
    for rows, enough in ((SAMPLE, most // 2), (None, most)):
        texts = await session.execute(_every(actor, dataset, columns, rows, enough + 1))
        found = [(row.place, row.text) for row in texts]
        if len(found) > enough:
            return None
        if any(len(text) > MOST_LETTERS for _, text in found):
            return None
    return found


def _every(
    actor: Actor, dataset: Dataset, columns: Sequence[str], most_rows: int | None, most: int
) -> Select[int, str]:
    view = tables.view(actor, dataset.definition)
    rows = select(*(view.c[name] for name in columns)).limit(most_rows).subquery("rows")
    texts = (
        func.unnest(array([rows.c[name] for name in columns]))
        .table_valued(column("text", Text), with_ordinality="place", name="texts")
        .render_derived()
        .lateral()
    )
    return (
        select(
            (texts.c.place - 1).label("place"),
            func.left(texts.c.text, MOST_LETTERS + 1).label("text"),
        )
        .select_from(rows.join(texts, true()))
        .where(texts.c.text.is_not(None))
        .distinct()
        .limit(most)
    )


def having(texts: Texts, piece: str) -> Select[int, str]:
    """Those of the texts that have a piece somewhere, in capitals or not."""
    given = (
        func.unnest(
            bindparam("places", [place for place, _ in texts], ARRAY(Integer)),
            bindparam("texts", [text for _, text in texts], ARRAY(Text)),
        )
        .table_valued(column("place", Integer), column("text", Text), name="given")
        .render_derived()
    )
    return (
        select(given.c.place, given.c.text)
        .where(given.c.text.icontains(piece, autoescape=True))
        .limit(MOST_FOUND + 1)
    )
