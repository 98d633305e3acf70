"""What people ask, statement by statement: the plan of each as the one who asks gets it."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.bench.figures import Figure
from workbench.bench.profiling import plans
from workbench.bench.profiling.loading import counted
from workbench.bench.profiling.paging import late
from workbench.bench.profiling.plans import Node
from workbench.bench.profiling.planting import RARE
from workbench.bench.profiling.profile import Profile
from workbench.bench.world import World
from workbench.datasets import queries
from workbench.datasets.schemas import Aggregation, Condition, Group, Measure, RowsQuery, Sort
from workbench.runs import queries as runs

SECTION = "statements"
TOKEN = "workbench.actor_token"  # noqa: S105 (the setting's name)
Ask = Callable[[AsyncSession], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks; `is_served` promises that indexes lead to every row that it reads."""

    name: str
    ask: Ask
    is_served: bool = False
    is_of_rows: bool = False  # asked through readers' views


@dataclass(frozen=True, slots=True)
class Explained:
    """One statement of a question, as it was sent, and its plan."""

    question: str
    number: int
    sql: str
    plan: Node
    is_served: bool

    @property
    def waste(self) -> list[Node]:
        """The steps that read many rows for each that they keep."""
        return [node for node in self.plan.walk() if node.is_wasteful]


@dataclass(slots=True)
class Seen:
    """Every statement of every question."""

    statements: list[Explained] = field(default_factory=list)

    @property
    def waste(self) -> list[Explained]:
        """The statements that read many rows for each that they give."""
        return [one for one in self.statements if one.waste]

    @property
    def indexes(self) -> dict[str, list[str]]:
        """The indexes that plans used, each with the questions that it served."""
        found: dict[str, list[str]] = {}
        for one in self.statements:
            for node in one.plan.walk():
                if node.index and one.question not in found.setdefault(node.index, []):
                    found[node.index].append(one.question)
        return dict(sorted(found.items()))


async def measure(world: World, profile: Profile) -> tuple[Seen, list[Figure]]:
    """Ask everything once to warm up, then once more with its plan."""
    seen = Seen()
    names = {world.table.partition(".")[2]: world.dataset.definition.name}
    for question in await _questions(world, profile):
        sent = await _sent(world, question)
        async with _session(world, question) as session:
            for number, (statement, bound) in enumerate(sent, 1):
                plan = plans.read(await _plan(session, statement, bound), names)
                seen.statements.append(
                    Explained(question.name, number, statement, plan, question.is_served)
                )
    blind = [one for one in seen.waste if one.is_served]
    return seen, [
        Figure(SECTION, "statements", "Statements explained", len(seen.statements), ""),
        Figure(SECTION, "wasteful", "Of them read much and give little", len(seen.waste), ""),
        Figure(
            SECTION,
            "unserved",
            "Statements that an index should serve, and none does",
            len(blind),
            "",
            0,
        ),
    ]


async def _questions(world: World, profile: Profile) -> list[Question]:
    actor, dataset = world.actor, world.dataset
    page, seldom = RowsQuery(), runs.runs(actor, notebook=RARE)
    middle = RowsQuery(cursor=await late(world, profile.rows // 2))
    by_dest = RowsQuery(filter=[Condition(column="dest", op="eq", value="LAX")])
    by_delay = RowsQuery(sort=[Sort(column="arr_delay", descending=True)])
    month = Aggregation(
        group=[Group(column="month")],
        measures=[Measure(function="mean", column="arr_delay", name="delay")],
    )

    async def one_run(session: AsyncSession) -> None:
        run = (await session.scalars(seldom)).first()
        if run is not None:
            (await session.scalars(runs.run(actor, run.id))).one()

    def rows(query: RowsQuery) -> Ask:
        return _all(queries.rows(actor, dataset, query))

    of_rows = {"is_of_rows": True}
    return [
        Question("the datasets", _all(queries.datasets(actor)), is_served=True),
        # Each of two policies may show a run, so PostgreSQL gathers all of them and sorts.
        Question("the newest runs", _all(runs.runs(actor))),
        Question("the runs of one notebook", _all(seldom)),
        Question("a run, its metrics and files", one_run),
        Question("the first page of rows", rows(page), is_served=True, **of_rows),
        Question("a page in the middle", rows(middle), is_served=True, **of_rows),
        Question("a page of one destination", rows(by_dest), **of_rows),
        Question("a page by delay", rows(by_delay), **of_rows),
        Question("delays by month", _all(queries.aggregate(actor, dataset, month)), **of_rows),
    ]


def _all(statement: Any) -> Ask:
    async def ask(session: AsyncSession) -> None:
        (await session.execute(statement)).unique().all()

    return ask


def _session(world: World, question: Question) -> AbstractAsyncContextManager[AsyncSession]:
    opened = world.database.reading if question.is_of_rows else world.database.session
    return opened(world.actor)


async def _sent(world: World, question: Question) -> list[tuple[str, Any]]:
    """The statements that a question sends, with what is bound to them."""
    engine = world.database.reader if question.is_of_rows else world.database.app
    with counted(engine.sync_engine) as sent:
        async with _session(world, question) as session:
            await question.ask(session)
    return [(statement, bound) for statement, bound in sent if TOKEN not in statement]


async def _plan(session: AsyncSession, statement: str, bound: Any) -> dict[str, Any]:
    connection = await session.connection()
    explain = plans.EXPLAIN + statement
    await connection.exec_driver_sql(explain, bound)
    ((found,),) = (await connection.exec_driver_sql(explain, bound)).all()
    plan: dict[str, Any] = found[0]["Plan"]
    return plan
