"""`workbench schedule …`: make, list, change and watch schedules, as a member of a tenant."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.cli import console, database
from workbench.cli.acting import acting
from workbench.cli.notebook import given
from workbench.cli.notebooks import SHELF
from workbench.cli.options import AsJson
from workbench.db.session import Database
from workbench.errors import NotFound
from workbench.notebooks import Shelf
from workbench.notebooks import queries as notebooks
from workbench.schedules import commands, queries, times
from workbench.schedules.models import Schedule
from workbench.schedules.schemas import NewSchedule

shell = typer.Typer(help="Run notebooks at times, or after one another.", no_args_is_help=True)
Slug = Annotated[str, typer.Option("--tenant", help="The tenant's slug.")]
Whose = Annotated[
    str | None, typer.Option("--as", help="E-mail of the member to act as; an owner unless set.")
]
Name = Annotated[str, typer.Argument(help="The schedule's name.")]
T = TypeVar("T")
Action = Callable[[AsyncSession, Actor, datetime], Awaitable[T]]


@shell.command()
def create(  # noqa: PLR0913, PLR0917 (each choice is an option)
    name: Name,
    notebook: Annotated[str, typer.Argument(help="The notebook's name.")],
    tenant: Slug,
    member: Whose = None,
    cron: Annotated[
        str | None, typer.Option(help="Minute, hour, day, month, weekday: '0 6 * * MON-FRI'.")
    ] = None,
    time_zone: Annotated[str, typer.Option(help="Such as Europe/Berlin.")] = "UTC",
    after: Annotated[
        list[str] | None, typer.Option(help="A schedule to wait for; repeat it.")
    ] = None,
    parameter: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", help="name=value, any number of times")
    ] = None,
    catch_up: Annotated[int, typer.Option(help="How many missed slots run late; 0: none.")] = 1,
    mail: Annotated[
        list[str] | None, typer.Option(help="A member to mail the report to; repeat it.")
    ] = None,
) -> None:
    """Make a schedule; it runs with the rights that the member has at each time."""
    chosen = Shelf(SHELF).named(notebook)
    pairs = parameter or []
    given(chosen, pairs)
    values = {name: chosen.read(name, text) for name, _, text in (p.partition("=") for p in pairs)}

    async def work(session: AsyncSession, actor: Actor, now: datetime) -> list[dict[str, Any]]:
        order = NewSchedule(
            name=name,
            notebook=notebook,
            parameters=values,
            cron=cron,
            time_zone=time_zone,
            after=[(await _named(session, actor, each)).id for each in after or []],
            catch_up=catch_up,
            recipients=mail or [],
        )
        allowed = notebooks.notebook(actor, Shelf(SHELF), notebook)
        made = await commands.create(session, actor, allowed, order, now)
        return _next(made, now, 5)

    console.show(_as(tenant, member, work), as_json=False)


@shell.command("list")
def list_(tenant: Slug, member: Whose = None, *, as_json: AsJson = False) -> None:
    """List the tenant's schedules, with when each runs next."""

    async def work(session: AsyncSession, actor: Actor, _: datetime) -> list[dict[str, Any]]:
        found = (await session.scalars(queries.schedules(actor))).all()
        return [_row(schedule) for schedule in found]

    console.show(_as(tenant, member, work), as_json=as_json)


@shell.command("next")
def next_(
    name: Name,
    tenant: Slug,
    member: Whose = None,
    count: Annotated[int, typer.Option(min=1, max=100, help="How many times.")] = 5,
    *,
    as_json: AsJson = False,
) -> None:
    """Show when a schedule runs next, in its own time zone."""

    async def work(session: AsyncSession, actor: Actor, now: datetime) -> list[dict[str, Any]]:
        return _next(await _named(session, actor, name), now, count)

    console.show(_as(tenant, member, work), as_json=as_json)


@shell.command()
def pause(name: Name, tenant: Slug, member: Whose = None) -> None:
    """Let a schedule rest until it is resumed."""

    async def work(session: AsyncSession, actor: Actor, now: datetime) -> None:
        await commands.pause(session, actor, await _named(session, actor, name), now)

    _as(tenant, member, work)
    console.out.print(f"{name} is paused.", markup=False)


@shell.command()
def resume(name: Name, tenant: Slug, member: Whose = None) -> None:
    """Set a schedule going again, with the rights of the member."""

    async def work(session: AsyncSession, actor: Actor, now: datetime) -> None:
        schedule = await _named(session, actor, name)
        notebook = notebooks.notebook(actor, Shelf(SHELF), schedule.notebook)
        await commands.resume(session, actor, notebook, schedule, now)

    _as(tenant, member, work)
    console.out.print(f"{name} goes on.", markup=False)


@shell.command()
def delete(name: Name, tenant: Slug, member: Whose = None) -> None:
    """Delete a schedule."""

    async def work(session: AsyncSession, actor: Actor, _: datetime) -> None:
        await commands.delete(session, actor, await _named(session, actor, name))

    _as(tenant, member, work)
    console.out.print(f"{name} is deleted.", markup=False)


def _as(tenant: str, member: str | None, work: Action[T]) -> T:
    """Do something as a member, now."""

    async def done(db: Database) -> T:
        async with acting(db, tenant, member) as actor, db.session(actor) as session:
            return await work(session, actor, datetime.now(UTC))

    return database.run(done)


async def _named(session: AsyncSession, actor: Actor, name: str) -> Schedule:
    found = await session.scalar(queries.schedule(actor, name))
    if found is None:
        raise NotFound(f"There is no schedule {name}.")
    return found


def _row(schedule: Schedule) -> dict[str, Any]:
    return {
        "name": schedule.name,
        "notebook": schedule.notebook,
        "when": f"{schedule.cron} {schedule.time_zone}" if schedule.cron else "after others",
        "next": f"{schedule.next_at:%Y-%m-%d %H:%M} UTC" if schedule.next_at else None,
        "paused": schedule.paused_reason,
        "id": str(schedule.id),
    }


def _next(schedule: Schedule, now: datetime, count: int) -> list[dict[str, Any]]:
    if schedule.cron is None or schedule.paused_at is not None:
        return []
    found = times.following(schedule.cron, schedule.time_zone, now, count)
    return [{"name": schedule.name, "at": slot.isoformat()} for slot in found]
