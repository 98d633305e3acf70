"""Searches that compare few texts for equality, in the place of looking for a piece in every row.

The columns of text of many datasets have few different texts, however many rows there are. They are
gathered once for a version of the rows, for those who see the same; which of them have the piece is
asked of PostgreSQL, whose idea of capitals it is; and rows are found by these texts alone. A page
found so is the page of that very version, which its statement checks, or it is not shown.

Gathering costs about what two searches cost. So it is done for the second search of a version: who
searches rows that change all the time pays for no more than that.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cachetools import LRUCache
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.datasets import known_texts, queries, tables
from workbench.datasets.models import Dataset
from workbench.datasets.schemas import AllOf, Among, AnyOf, Filter, Not, RowsQuery, Search

MOST_TEXTS = 10_000  # of all columns together
MOST_MEANT = 100  # pieces of which it is kept what they mean, and texts that one then means
MOST_ASKED = 10_000
MOST_BYTES = 64 * 1024 * 1024
ENTRY, TEXT = 1000, 60  # bytes that an entry takes, and a text besides its letters, about


@dataclass(frozen=True, slots=True)
class Known:
    """The texts of a version of rows by the places of their columns; None: they are too many.

    `meant` keeps what pieces were found to mean, since a search has many pages.
    """

    version: int
    texts: known_texts.Texts | None
    meant: LRUCache[str, Among] = field(default_factory=lambda: LRUCache(MOST_MEANT))


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A question to one version of the rows that finds what the question with searches finds."""

    version: int
    query: RowsQuery


class Searches:
    """What one process knows of texts; what nobody searches makes room for others."""

    def __init__(self, most_bytes: int = MOST_BYTES, most_texts: int = MOST_TEXTS) -> None:
        """Know nothing yet; more texts than `most_texts` are not kept of any dataset."""
        self._most = most_texts
        self._known: LRUCache[tuple[Any, ...], Known] = LRUCache(most_bytes, getsizeof=_size)
        self._asked: LRUCache[tuple[Any, ...], int] = LRUCache(MOST_ASKED)

    async def narrowed(
        self, session: AsyncSession, actor: Actor, dataset: Dataset, query: RowsQuery
    ) -> Narrowed | None:
        """The question without its searches; None where only looking into every row helps."""
        types = tables.types(dataset.definition)
        columns = [name for name, type_ in types.items() if type_ == "text"]
        found = pieces(query.filter)
        if not found or not columns:
            return None
        queries.require_rows(actor, dataset)
        known = await self._of(session, actor, dataset, columns)
        if known is None or known.texts is None:
            return None
        meant = {piece: await _meant(session, known, piece, columns) for piece in found}
        every = {piece: among for piece, among in meant.items() if among is not None}
        if every.keys() != found:
            return None
        changed = query.model_copy(update={"filter": _put(query.filter, every)})
        return Narrowed(known.version, changed)

    async def _of(
        self, session: AsyncSession, actor: Actor, dataset: Dataset, columns: Sequence[str]
    ) -> Known | None:
        """What is known of the rows as they are now; None at the first search of a version."""
        lens = actor.lens if actor.sees_part(dataset.definition_id) else None
        key = (actor.require_tenant(), lens, queries.signature_of(dataset))
        version = await session.scalar(queries.version(actor, dataset))
        known = self._known.get(key)
        if known is not None and known.version == version:
            return known
        if version is None:
            return None
        if self._asked.get(key) != version:
            self._asked[key] = version
            return None
        texts = await known_texts.gather(session, actor, dataset, columns, self._most)
        if await session.scalar(queries.version(actor, dataset)) != version:
            return None  # these texts may be of several versions
        known = Known(version, texts)
        if _size(known) <= self._known.maxsize:
            self._known[key] = known
        return known


async def _meant(
    session: AsyncSession, known: Known, piece: str, columns: Sequence[str]
) -> Among | None:
    """What a piece means for rows that are known; None where it stands in too many texts."""
    if piece in known.meant:
        return known.meant[piece]
    found = (await session.execute(known_texts.having(known.texts or (), piece))).all()
    if len(found) > known_texts.MOST_FOUND:
        return None
    texts: dict[str, list[str]] = {name: [] for name in columns}
    for row in found:
        texts[columns[row.place]].append(row.text)
    among = Among(texts=texts)
    if len(found) <= MOST_MEANT:
        known.meant[piece] = among
    return among


def pieces(filters: Sequence[Filter]) -> set[str]:
    """Every piece that is searched for."""
    return set(_pieces(filters))


def _pieces(filters: Sequence[Any]) -> Iterator[str]:
    for found in filters:
        match found:
            case AllOf(all=branches) | AnyOf(any=branches):
                yield from _pieces(branches)
            case Not(not_=branch):
                yield from _pieces([branch])
            case Search(search=piece):
                yield piece


def _put(filters: Sequence[Any], meant: dict[str, Among]) -> list[Any]:
    """The same filters with what each search means in its place."""
    put: Callable[[Sequence[Any]], list[Any]] = lambda branches: _put(branches, meant)  # noqa: E731
    changed: list[Any] = []
    for found in filters:
        match found:
            case AllOf(all=branches):
                changed.append(AllOf.model_construct(all=put(branches)))
            case AnyOf(any=branches):
                changed.append(AnyOf.model_construct(any=put(branches)))
            case Not(not_=branch):
                changed.append(Not.model_construct(not_=put([branch])[0]))
            case Search(search=piece):
                changed.append(meant[piece])
            case _:
                changed.append(found)
    return changed


def _size(known: Known) -> int:
    return ENTRY + sum(TEXT + 4 * len(text) for _, text in known.texts or ())
