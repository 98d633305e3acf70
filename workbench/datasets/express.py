"""Pages of rows in one round trip, for as long as what this process knows is still true.

What it knows of who asks and of the dataset is told to PostgreSQL, which compares it with what is
true now, reads the page, and notes it in the audit, all in one statement of one transaction. Where
anything differs it reads and notes nothing. Then the page is asked for on the ordinary way, which
looks everything up, says what is wrong, and leaves here what it found.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cachetools import LRUCache
from sqlalchemy import Integer, Select, and_, bindparam, func, select, true

from workbench.access import queries as access
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import queries, searching, sorting, tables
from workbench.datasets.commands.reading import READ, detail, target
from workbench.datasets.models import Dataset
from workbench.datasets.schemas import RowsQuery
from workbench.db import trips
from workbench.db.ids import new_id
from workbench.db.pages import Page
from workbench.db.session import Database, panes
from workbench.db.trips import Sentence
from workbench.identity.tokens import Claims

MOST_ACTORS, MOST_DATASETS, MOST_SENTENCES = 10_000, 10_000, 2_000
TOKEN_SECONDS = 60.0  # for which a token is told again; it is good for 15 minutes
HOLDS = b"t"


@dataclass(frozen=True, slots=True)
class Known:
    """Who asks, what they hold as PostgreSQL writes a list, and the token, told until a time."""

    actor: Actor
    held: str
    token: str
    until: float


class Express:
    """What one process knows of those who read rows, and of datasets."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._actors: LRUCache[Claims, Known] = LRUCache(MOST_ACTORS)
        self._datasets: LRUCache[tuple[UUID | None, str], tuple[Dataset, str]] = LRUCache(
            MOST_DATASETS
        )
        self._sentences: LRUCache[tuple[Any, ...], Sentence] = LRUCache(MOST_SENTENCES)

    def learn(self, database: Database, claims: Claims, actor: Actor, dataset: Dataset) -> None:
        """Remember who asked for which dataset; a token that narrows its user is not remembered."""
        if claims.permissions is None:
            until = time.monotonic() + TOKEN_SECONDS
            token = database.key.mint(actor)
            held = "{" + ",".join(f'"{one}"' for one in access.held(actor)) + "}"
            self._actors[claims] = Known(actor, held, token, until)
            signature = queries.signature_of(dataset)
            self._datasets[claims.tenant_id, dataset.definition.name] = dataset, signature

    async def page(
        self, database: Database, claims: Claims, name: str, query: RowsQuery
    ) -> Page[bytes] | None:
        """A page of rows as texts of JSON; None where it has to be asked on the ordinary way."""
        if searching.pieces(query.filter):
            return None  # which may find them by what is known of their texts
        known, found = self._actors.get(claims), self._datasets.get((claims.tenant_id, name))
        if known is None or found is None or known.until < time.monotonic():
            return None
        actor, (dataset, signature) = known.actor, found
        queries.require_rows(actor, dataset)
        last = queries.last_seen(dataset, query)
        said = self._said(actor, dataset, signature, query, last)
        values = said.of(
            sid=actor.sid,
            user=actor.user_id,
            held=known.held,
            subject=actor.subject,
            entry=new_id(),
            **sorting.after_names(last),
        )
        result = await database.trip(actor, known.token, said, values)
        if result.get_value(0, 0) != HOLDS:
            del self._actors[claims], self._datasets[claims.tenant_id, name]
            return None
        cells = (result.get_value(row, 1) for row in range(result.ntuples))
        return queries.json_page(query, [cell for cell in cells if cell is not None])

    def _said(
        self,
        actor: Actor,
        dataset: Dataset,
        signature: str,
        query: RowsQuery,
        last: Sequence[Any],
    ) -> Sentence:
        shape = tuple(value is None for value in last)
        schema, kept = tables.schema_of(actor, dataset.definition), tuple(dataset.definition.kept)
        key = (signature, schema, kept, detail(query), shape)
        said = self._sentences.get(key)
        if said is None:
            said = trips.sentence(statement(actor, dataset, query), panes(actor))
            self._sentences[key] = said
        return said


def statement(actor: Actor, dataset: Dataset, query: RowsQuery) -> Select[*tuple[Any, ...]]:
    """Whether actor and dataset are still what they were, and if so the page, which is noted."""
    unchanged = access.unchanged(actor).scalar_subquery()
    still = select(and_(unchanged, queries.is_known(actor, dataset)).label("holds")).cte("still")
    holds = select(still.c.holds).scalar_subquery()
    page = queries.rows_as_json(actor, dataset, query, only_if=holds).cte("page")
    count = select(func.least(func.count(), bindparam("limit", query.limit, Integer())))
    noted = audit.recording(
        actor,
        READ,
        target(dataset),
        select(still.c.holds).where(still.c.holds).subquery("true_still"),
        rows=count.select_from(page).scalar_subquery(),
        question=detail(query),
    )
    return (
        select(still.c.holds, page.c.item)
        .select_from(still.outerjoin(page, true()))
        .add_cte(noted.cte("noted"))
    )
