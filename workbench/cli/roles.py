"""`workbench role …`: make, list, delete, give and take roles of a tenant's own."""

from typing import Annotated, Any

import typer

from workbench.access import queries, roles
from workbench.cli import console, database
from workbench.cli.inside import TenantSlug, inside, member_named, role_named
from workbench.cli.options import AsJson
from workbench.db.session import Database
from workbench.permissions import MEMBER_ROLES, ROLES, Permission

shell = typer.Typer(help="Make, list, give and take a tenant's own roles.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The role's name.")]
Email = Annotated[str, typer.Argument(help="The member's e-mail address.")]


@shell.command("list")
def list_(tenant: TenantSlug, *, as_json: AsJson = False) -> None:
    """List the system roles and the tenant's own."""
    console.show(database.run(lambda db: _rows(db, tenant)), as_json=as_json)


@shell.command()
def create(
    name: Name,
    tenant: TenantSlug,
    *,
    permission: Annotated[
        list[Permission] | None, typer.Option(help="What it holds; may be repeated.")
    ] = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
) -> None:
    """Make a role of the tenant's own."""
    database.run(lambda db: _create(db, tenant, name, description, permission or []))
    console.out.print(f"Role {name} is there.")


@shell.command()
def delete(name: Name, tenant: TenantSlug) -> None:
    """Delete a role; its members lose what it gave at once."""
    database.run(lambda db: _delete(db, tenant, name))
    console.out.print(f"Role {name} is deleted.")


@shell.command()
def give(name: Name, email: Email, tenant: TenantSlug) -> None:
    """Give a member a role."""
    database.run(lambda db: _give(db, tenant, name, email))
    console.out.print(f"{email} holds {name}.")


@shell.command()
def take(name: Name, email: Email, tenant: TenantSlug) -> None:
    """Take a role from a member."""
    database.run(lambda db: _take(db, tenant, name, email))
    console.out.print(f"{email} holds {name} no more.")


async def _rows(database: Database, tenant: str) -> list[dict[str, Any]]:
    async with inside(database, tenant) as (session, actor):
        own = (await session.execute(queries.roles(actor))).all()
    system = [_row(role.value, ROLES[role], members=None) for role in MEMBER_ROLES]
    return system + [_row(role.name, set(role.permissions), members=n) for role, n in own]


def _row(name: str, permissions: set[str] | frozenset[str], members: int | None) -> dict[str, Any]:
    return {
        "name": name,
        "system": "yes" if members is None else "",
        "members": members,
        "permissions": " ".join(sorted(permissions)),
    }


async def _create(
    database: Database, tenant: str, name: str, description: str, permissions: list[Permission]
) -> None:
    async with inside(database, tenant) as (session, actor):
        await roles.create(
            session, actor, name=name, description=description, permissions=permissions
        )


async def _delete(database: Database, tenant: str, name: str) -> None:
    async with inside(database, tenant) as (session, actor):
        await roles.delete(session, actor, await role_named(session, actor, name))


async def _give(database: Database, tenant: str, name: str, email: str) -> None:
    async with inside(database, tenant) as (session, actor):
        role = await role_named(session, actor, name)
        await roles.give(session, actor, await member_named(session, actor, email), role)


async def _take(database: Database, tenant: str, name: str, email: str) -> None:
    async with inside(database, tenant) as (session, actor):
        role = await role_named(session, actor, name)
        await roles.take(session, actor, await member_named(session, actor, email), role)
