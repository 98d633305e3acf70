"""`workbench tenant …`: make, list, suspend and resume tenants."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import ByteSize, TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.cli import console, database
from workbench.cli.database import OPERATOR
from workbench.cli.options import AsJson
from workbench.datasets import commands as datasets
from workbench.db.session import Database
from workbench.errors import Invalid, NotFound
from workbench.files import commands as files
from workbench.permissions import Permission
from workbench.tenants import commands, queries
from workbench.tenants.models import Tenant

shell = typer.Typer(
    help="Make, list, suspend, export, delete and purge tenants.", no_args_is_help=True
)
Slug = Annotated[str, typer.Argument(help="The tenant's slug.")]
Reason = Annotated[str | None, typer.Option(help="Why; kept with the tenant and in its audit.")]


@shell.command()
def create(
    slug: Slug, name: Annotated[str | None, typer.Option(help="What people call it.")] = None
) -> None:
    """Make a tenant, with every shared dataset."""
    tenant = database.run(lambda db: found(db, slug, name or slug))
    console.out.print(f"Tenant {tenant.slug} is there.")


@shell.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the tenants."""
    console.show(database.run(_rows), as_json=as_json)


@shell.command()
def suspend(slug: Slug, reason: Reason = None) -> None:
    """Take every access to a tenant at once, and keep its data."""
    now = datetime.now(UTC)
    database.run(
        lambda db: change(
            db, slug, lambda s, t: commands.suspend(s, OPERATOR, t.id, now, reason=reason)
        )
    )
    console.out.print(f"Tenant {slug} is suspended; `workbench tenant resume {slug}` undoes it.")


@shell.command()
def resume(slug: Slug) -> None:
    """Let the members of a suspended tenant sign in again."""
    database.run(lambda db: change(db, slug, lambda s, t: commands.resume(s, OPERATOR, t.id)))
    console.out.print(f"Tenant {slug} is open again.")


@shell.command()
def quota(
    slug: Slug,
    size: Annotated[
        str | None, typer.Argument(help="How much, as 500MB or 20GiB; as for any tenant without.")
    ] = None,
) -> None:
    """Say how much the files of a tenant may take."""
    size_in_bytes = None if size is None else _bytes(size)

    async def work(db: Database) -> None:
        async with db.session(OPERATOR) as session:
            tenant = await named(session, slug)
        held = (Permission.TENANT_MANAGE, Permission.FILE_READ, Permission.FILE_WRITE)
        actor = Actor.of_system("shell", *held, tenant_id=tenant.id)
        async with db.session(actor) as session:
            await files.set_quota(session, actor, size_in_bytes)

    database.run(work)
    console.out.print(f"The files of {slug} may take {size or 'as much as those of any tenant'}.")


def _bytes(text: str) -> int:
    try:
        return TypeAdapter(ByteSize).validate_python(text)
    except ValidationError as error:
        raise Invalid(f"{text} is no size; write it as 500MB or 20GiB.") from error


async def found(database: Database, slug: str, name: str) -> Tenant:
    """Make a tenant and give it every shared dataset."""
    async with database.session(OPERATOR) as session:
        tenant = await commands.create(session, OPERATOR, slug=slug, name=name)
    await datasets.adopt_shared(database, tenant.id)
    return tenant


async def named(session: AsyncSession, slug: str) -> Tenant:
    """The tenant of a slug; raise NotFound when there is none."""
    tenant = await session.scalar(queries.tenant_with_slug(OPERATOR, slug))
    if tenant is None:
        raise NotFound(f"There is no tenant {slug}; `workbench tenant list` shows them.")
    return tenant


async def _rows(database: Database) -> list[dict[str, Any]]:
    async with database.session(OPERATOR) as session:
        return [
            {
                "slug": tenant.slug,
                "name": tenant.name,
                "created": f"{tenant.created_at:%Y-%m-%d}",
                "suspended": f"{tenant.suspended_at:%Y-%m-%d}" if tenant.suspended_at else None,
                "reason": tenant.suspended_reason,
            }
            for tenant in await session.scalars(queries.tenants(OPERATOR))
        ]


async def change(
    database: Database, slug: str, command: Callable[[AsyncSession, Tenant], Awaitable[None]]
) -> None:
    """Give a tenant, found by its slug, to a command."""
    async with database.session(OPERATOR) as session:
        await command(session, await named(session, slug))
