"""What kept orders and known texts save: sorted pages and searches over 673,552 rows of a tenant.

Pages go over HTTP, as `page` measures them: eight clients ask a sorted page 1 before its order is
kept, then page 1 and page 10,000 from the index. Searches are pages as the API reads them, in this
process: with one comparison a row, and by the texts that are known of the rows, without an order of
`tailnum` and with one. Both must answer the same rows.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.page import DEEP_BUDGET, LIMIT, PAGES, House, in_turn, prepare, serving
from tests.support.samples import SHARER
from workbench.actor import Actor
from workbench.datasets import commands, orders, queries
from workbench.datasets.schemas import RowsQuery, Search, Sort
from workbench.datasets.searching import Searches
from workbench.db import connect, pages
from workbench.db.pages import Page
from workbench.db.session import Database
from workbench.settings import Settings

SORTS = [Sort(column="dep_delay", descending=True), Sort(column="time_hour"), Sort(column="month")]
TAILS = Sort(column="tailnum")
PIECES = ("qqqq", "n14228", "n142", "lex", "jfk")
PAGE_BUDGET, SEARCH_BUDGET, BUDGETED = 0.030, 0.100, "n14228"
ROUNDS = 6


def main() -> int:
    """Measure, print a line for each page and search, and answer 1 when a budget is exceeded."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, home=Path(folder) / "home")
        with connect.server(settings):
            connect.migrate(settings)
            actor = asyncio.run(prepare(settings))
            is_met = asyncio.run(_searches(settings, actor))
            is_met &= _pages(settings, actor)
            asyncio.run(_keep(settings, [TAILS]))
            is_met &= asyncio.run(_searches(settings, actor, kept=" with its order kept"))
    return int(not is_met)


def _pages(settings: Settings, actor: Actor) -> bool:
    with serving(settings, actor) as house:
        sorting = [in_turn(house, _address(house, sort), rounds=1)[0].p50 for sort in SORTS]
    asyncio.run(_keep(settings, SORTS))
    is_met = True
    with serving(settings, actor) as house:
        for sort, before in zip(SORTS, sorting, strict=True):
            first = _address(house, sort)
            urls = (first, f"{first}&cursor={_cursor(house, sort)}")
            one, deep = [found.p50 for found in in_turn(house, *urls, rounds=ROUNDS)]
            sys.stdout.write(
                f"page by {orders.written([sort])[0]}: sorted {before * 1e3:,.0f} ms, indexed "
                f"{one * 1e3:.1f} ms, budget {PAGE_BUDGET * 1e3:.0f}; page {PAGES:,} "
                f"{deep * 1e3:.1f} ms, ratio {deep / one:.2f}, budget {DEEP_BUDGET}\n"
            )
            is_met &= max(one, deep) <= PAGE_BUDGET and deep / one <= DEEP_BUDGET
    return is_met


def _address(house: House, sort: Sort) -> str:
    return f"{house.rows}&sort={orders.written([sort])[0]}"


def _cursor(house: House, sort: Sort) -> str:
    """The cursor of a late page, made of the row before it."""
    with house.server.superuser("workbench") as superuser:
        row = superuser.execute(
            f"select {sort.column}, row_id from plain.flights order by {sort.column} "
            f"{'desc' if sort.descending else 'asc'} nulls last, row_id offset %s limit 1",
            [(PAGES - 1) * LIMIT - 1],
        ).fetchone()
    assert row is not None
    return pages.encode([",".join([*orders.written([sort]), "row_id"]), *row])


async def _keep(settings: Settings, sorts: Sequence[Sort]) -> None:
    """Have orders kept, and tell how long writers wait for each."""
    database = connect.database(settings)
    for sort in sorts:
        begin = time.perf_counter()
        async with database.session(SHARER) as session:
            await commands.add_order(session, SHARER, "flights", [sort])
        seconds = time.perf_counter() - begin
        sys.stdout.write(f"index by {orders.written([sort])[0]}: {seconds:.1f} s\n")
    await database.close()


async def _searches(settings: Settings, actor: Actor, kept: str = "") -> bool:
    database, searches, is_met = connect.database(settings), Searches(), True
    await _ask(database, actor, PIECES[0], searches)
    gathering, _ = await _ask(database, actor, PIECES[0], searches)
    sys.stdout.write(f"gathering every text: {gathering * 1e3:.0f} ms\n")
    for piece in PIECES:
        times: list[list[float]] = [[], []]
        answers: list[Page[bytes]] = []
        for _ in range(ROUNDS):
            for place, way in enumerate((None, searches)):
                took, page = await _ask(database, actor, piece, way)
                times[place].append(took)
                answers.append(page)
        assert all(page == answers[0] for page in answers)
        scan, known = map(statistics.median, times)
        budget = f", budget {SEARCH_BUDGET * 1e3:.0f} ms" if piece == BUDGETED else ""
        sys.stdout.write(
            f"search for {piece}{kept}: {len(answers[0].items)} rows, each row looked into "
            f"{scan * 1e3:.0f} ms, known texts {known * 1e3:.0f} ms, "
            f"ratio {known / scan:.2f}{budget}\n"
        )
        is_met &= piece != BUDGETED or known <= SEARCH_BUDGET
    await database.close()
    return is_met


async def _ask(
    database: Database, actor: Actor, piece: str, searches: Searches | None
) -> tuple[float, Page[bytes]]:
    """How long a search takes, and what it finds."""
    async with database.session(actor) as session:
        dataset = (await session.scalars(queries.dataset(actor, "flights"))).one()
        query = RowsQuery(filter=[Search(search=piece)], limit=LIMIT)
        begin = time.perf_counter()
        page = await commands.read_page(session, actor, dataset, query, searches)
        return time.perf_counter() - begin, page


if __name__ == "__main__":
    sys.exit(main())
