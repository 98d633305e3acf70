"""A search by known texts answers just the page that looking into every row does."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.access.test_parts import guest
from tests.datasets.test_columns import NAME, found
from tests.datasets.test_definitions import new
from tests.datasets.test_private import make
from tests.datasets.test_search import LETTERS
from tests.support import people
from workbench.access import grants
from workbench.access.schemas import USUAL, Part, Target
from workbench.actor import Actor
from workbench.datasets import commands, queries
from workbench.datasets.schemas import (
    AllOf,
    AnyOf,
    Condition,
    Filter,
    NewColumn,
    Not,
    RowsQuery,
    Search,
    Sort,
)
from workbench.datasets.searching import Searches
from workbench.db.pages import Page
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.tenants.models import Tenant

pytestmark = pytest.mark.acts_as(Role.OWNER)
COLUMNS = [NewColumn(name="size", type="integer")] + [
    NewColumn(name=name, type="text") for name in ("code", "place")
]
TEXTS = [None, "", "a", "Ab%", "b_\\", "\x01A", "\u00e9\u00c9", "\u00df\u1e9e", "\u0130\u0131i"]
PIECES = st.text(LETTERS, min_size=1, max_size=2)


@pytest.fixture(scope="module")
async def maker(database: Database) -> Actor:
    """An owner with rows of every pair of texts."""
    tenant = await people.make_tenant(database)
    actor = await people.make_actor(database, tenant.id, Role.OWNER)
    maker = await make(database, actor, new(NAME, *COLUMNS))
    rows = [
        {"size": size % 7, "code": code, "place": place}
        for size, (code, place) in enumerate(itertools.product(TEXTS, [*TEXTS, "\u03a3\u03c2 B"]))
    ]
    async with database.session(maker) as session:
        await commands.add_rows(session, maker, NAME, rows)
    return maker


async def page(
    database: Database, actor: Actor, searches: Searches | None, **query: Any
) -> Page[bytes]:
    """A page as the API answers it."""
    dataset = await found(database, actor)
    async with database.session(actor) as session:
        asked = RowsQuery(**query)
        return await commands.read_page(session, actor, dataset, asked, searches)


async def agree(
    database: Database, actor: Actor, searches: Searches, *filters: Filter, **query: Any
) -> Sequence[bytes]:
    """The rows that a filter finds, which are the same in either way."""
    asked: dict[str, Any] = query | {"filter": list(filters), "limit": 100}
    by_texts = await page(database, actor, searches, **asked)
    assert by_texts == await page(database, actor, None, **asked)
    return by_texts.items


async def is_narrowed(database: Database, actor: Actor, searches: Searches, piece: str) -> bool:
    """Whether a search compares texts that are known."""
    dataset = await found(database, actor)
    async with database.session(actor) as session:
        query = RowsQuery(filter=[Search(search=piece)])
        return await searches.narrowed(session, actor, dataset, query) is not None


async def warm(database: Database, actor: Actor) -> Searches:
    """What a process knows after two searches."""
    searches = Searches()
    assert not await is_narrowed(database, actor, searches, "a")
    assert await is_narrowed(database, actor, searches, "a")
    return searches


@pytest.fixture
async def searches(database: Database, maker: Actor) -> Searches:
    """What a process knows that has searched the maker's rows."""
    return await warm(database, maker)


@given(piece=PIECES, other=PIECES)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_it_finds_what_every_row_would(
    database: Database, maker: Actor, searches: Searches, piece: str, other: str
) -> None:
    """Whatever the piece, alone, turned round, and joined with conditions."""
    search, few = Search(search=piece), Condition(column="size", op="le", value=3)
    await agree(database, maker, searches, search)
    await agree(database, maker, searches, Not(not_=search))
    both: list[Filter] = [
        Not(not_=AllOf(all=[search, few])),
        AnyOf(any=[few, Search(search=other)]),
    ]
    await agree(database, maker, searches, *both, sort=[Sort(column="code", descending=True)])


async def test_it_goes_on_page_by_page(
    database: Database, maker: Actor, searches: Searches
) -> None:
    """Cursors of either way lead on in the other."""
    asked: dict[str, Any] = {"filter": [Search(search="A")], "sort": [Sort(column="size")]}
    pages = [await page(database, maker, known, **asked, limit=9) for known in (searches, None)]
    assert pages[0] == pages[1]
    cursor = pages[0].next_cursor
    pages = [await page(database, maker, k, **asked, cursor=cursor) for k in (searches, None)]
    assert len(pages[0].items) > 9
    assert pages[0] == pages[1]


async def test_a_change_is_found_at_once(
    database: Database, maker: Actor, searches: Searches
) -> None:
    """What is known belongs to a version, and a statement on another one shows nothing."""
    dataset = await found(database, maker)
    wanted = RowsQuery(filter=[Search(search="NEWEST")])
    async with database.session(maker) as session:
        before = await searches.narrowed(session, maker, dataset, wanted)
    assert before is not None
    assert await agree(database, maker, searches, *wanted.filter) == []
    async with database.session(maker) as session:
        await commands.add_rows(session, maker, NAME, [{"code": "newest"}])
    async with database.session(maker) as session:
        for number, count in ((before.version, 0), (before.version + 1, 1)):
            is_at = queries.is_at(maker, dataset, number)
            rows = await session.scalars(
                queries.rows_as_json(maker, dataset, wanted, only_if=is_at)
            )
            assert len(rows.all()) == count
    for _ in range(3):
        assert len(await agree(database, maker, searches, *wanted.filter)) == 1
    assert await is_narrowed(database, maker, searches, "newest")


async def test_too_many_texts_are_not_kept(database: Database, maker: Actor) -> None:
    """Neither many nor long ones; the rows are looked into then."""
    searches = Searches(most_texts=10)
    for _ in range(3):
        assert not await is_narrowed(database, maker, searches, "a")
        await agree(database, maker, searches, Search(search="a"))
    await warm(database, maker)
    async with database.session(maker) as session:
        (made,) = await commands.add_rows(session, maker, NAME, [{"place": "long" * 51}])
    searches = Searches()
    for _ in range(3):
        assert not await is_narrowed(database, maker, searches, "a")
        assert len(await agree(database, maker, searches, Search(search="LONGlong"))) == 1
    async with database.session(maker) as session:
        await commands.delete_row(session, maker, NAME, made)
    await warm(database, maker)


async def seeing(database: Database, maker: Actor, part: dict[str, Any]) -> Actor:
    """Somebody who sees a part of the maker's rows."""
    user, membership = await guest(database, Tenant(id=maker.tenant_id))
    async with database.session(maker) as session:
        dataset = (await session.scalars(queries.dataset(maker, NAME))).one()
        await grants.create(
            session,
            maker,
            Target(kind="dataset", dataset_id=dataset.id),
            definition_id=dataset.definition_id,
            permissions=USUAL["dataset"],
            part=Part.model_validate(part),
            membership_id=membership,
        )
    return await people.admit(database, user, maker.require_tenant())


async def test_who_sees_a_part_searches_in_it(
    database: Database, maker: Actor, searches: Searches
) -> None:
    """Hidden rows are not found, masked texts by their masks alone, and nothing is shared."""
    part = {"filter": {"column": "size", "op": "le", "value": 1}, "masks": {"place": "null"}}
    reader = await seeing(database, maker, part)
    whole = await agree(database, maker, searches, Search(search="\u00c9"))
    for _ in range(3):
        assert await agree(database, reader, searches, Search(search="\u03a3")) == []
    some = await agree(database, reader, searches, Search(search="\u00c9"))
    assert 0 < len(some) < len(whole)
    assert await is_narrowed(database, reader, searches, "\u03a3")
    assert len(await agree(database, maker, searches, Search(search="\u03a3"))) == len(TEXTS)
