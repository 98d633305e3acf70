"""Orders of rows that an index keeps, so that a page far down costs what the first one costs."""

from collections.abc import Iterable, Sequence

from workbench.actor import Actor
from workbench.datasets.models import Definition
from workbench.datasets.schemas import Sort
from workbench.datasets.tables import ROW_ID


def written(sort: Iterable[Sort]) -> list[str]:
    """A sort order as people write it, entry by entry."""
    return [f"-{entry.column}" if entry.descending else entry.column for entry in sort]


def is_kept(actor: Actor, definition: Definition, sort: Sequence[Sort]) -> bool:
    """Whether an index has the rows that the actor sees in this order.

    Who sees a part sees its columns through masks, which no index knows.
    """
    if not definition.kept or actor.sees_part(definition.id):
        return False
    *order, key = written(sort)
    return key == ROW_ID and ",".join(order) in definition.orders
