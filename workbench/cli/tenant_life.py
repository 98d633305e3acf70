"""`workbench tenant …`: delete, restore, purge, export, usage and enter."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.progress import Progress
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import impersonations
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.cli import console, database
from workbench.cli.database import OPERATOR
from workbench.cli.options import AsJson
from workbench.cli.tenants import Reason, Slug, change, named, shell
from workbench.db.session import Database
from workbench.errors import Invalid, NotFound
from workbench.identity import queries as identities
from workbench.identity.models import User
from workbench.identity.tokens import Tokens
from workbench.permissions import Role
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants import commands, purges, queries, usage
from workbench.tenants.models import Purge
from workbench.worker import exporting, purging

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Deleted = Annotated[str, typer.Argument(help="The deleted tenant's slug, or its id.")]


@shell.command()
def delete(slug: Slug, *, yes: Yes = False, reason: Reason = None) -> None:
    """Take every access to a tenant, and its name; its data stay until a purge."""
    _sure(f"Delete the tenant {slug}?", yes=yes)
    database.run(
        lambda db: change(db, slug, lambda s, t: commands.delete(s, OPERATOR, t.id, reason=reason))
    )
    console.out.print(
        f"Tenant {slug} is deleted; `workbench tenant restore {slug}` undoes it, "
        f"`workbench tenant purge {slug}` removes what is left."
    )


@shell.command()
def restore(tenant: Deleted) -> None:
    """Bring a deleted tenant back whose purge has not begun."""

    async def work(db: Database) -> None:
        async with db.session(OPERATOR) as session:
            found = await _deleted(session, tenant)
            await commands.restore(session, OPERATOR, found)

    database.run(work)
    console.out.print(f"Tenant {tenant} is back.")


@shell.command()
def purge(
    tenant: Deleted,
    *,
    yes: Yes = False,
    delete_first: Annotated[
        bool, typer.Option("--delete", help="Delete the tenant first, if it lives.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove all that is left of a deleted tenant for good, and print the proof."""
    _sure(f"Remove all that {tenant} has? Nothing brings it back.", yes=yes)
    ended = database.run(lambda db: _purge(db, tenant, delete_first=delete_first, quiet=as_json))
    proof = ended.proof or {}
    rows = [
        {"place": place, "removed": ended.removed.get(place, 0), "left": proof.get(place)}
        for place in sorted({*proof, *ended.removed})
    ]
    console.show(rows, as_json=as_json)
    if not as_json:
        console.out.print(
            f"Nothing of {ended.slug} is left. Record {ended.id}; last audit hash "
            f"{ended.audit_hash or 'none'}.",
            soft_wrap=True,
        )


@shell.command()
def export(slug: Slug, to: Annotated[Path, typer.Option(help="The file to write, a zip.")]) -> None:
    """Write everything that a tenant has into an archive."""
    with Progress(console=console.err) as progress, to.open("xb") as file:
        task = progress.add_task(f"Exporting {slug}", total=1.0)

        async def tell(part: float) -> None:
            progress.update(task, completed=part)

        async def work(db: Database) -> str:
            async with db.session(OPERATOR) as session:
                tenant_id = (await named(session, slug)).id
            actor = Actor.of_system("shell", *exporting.READS, tenant_id=tenant_id)
            async with db.session(actor) as session:
                audit.record(session, actor, "export.shell", slug)
            storage = Storage(Settings().storage)
            return (await exporting.write(db, storage, actor, file, tell)).sha256

        sha256 = database.run(work)
        progress.update(task, completed=1.0)
    console.out.print(f"{to} holds everything of {slug} (SHA-256 {sha256}).", soft_wrap=True)


@shell.command("usage")
def show_usage(
    slug: Annotated[str | None, typer.Argument(help="One tenant's slug.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what each tenant uses: figures, and no row."""
    console.show(database.run(lambda db: _usage(db, slug)), as_json=as_json)


@shell.command()
def enter(
    slug: Slug,
    reason: Annotated[str, typer.Option(help="Why; the tenant sees it.")],
    *,
    role: Annotated[Role, typer.Option(help="The role to act as.")] = Role.VIEWER,
    minutes: Annotated[int, typer.Option(min=1, max=60, help="For how long.")] = 30,
    email: Annotated[
        str | None, typer.Option("--as", help="The operator; the only one, if there is one.")
    ] = None,
) -> None:
    """Act in a tenant as an operator for a while, seen by the tenant; prints the token."""

    async def work(db: Database) -> str:
        now = datetime.now(UTC)
        lifetime = timedelta(minutes=minutes)
        async with db.session(OPERATOR) as session:
            tenant = await named(session, slug)
            operator = await _operator(session, email)
            entry = await impersonations.enter(
                session,
                OPERATOR,
                operator,
                tenant.id,
                reason=reason,
                role=role,
                until=now + lifetime,
            )
        tokens = Tokens(Settings().secret_keys)
        return tokens.access(entry.id, operator.id, tenant.id, now, lifetime=lifetime)

    console.out.print(database.run(work), soft_wrap=True)


def _sure(question: str, *, yes: bool) -> None:
    if not yes:
        typer.confirm(question, abort=True)


async def _deleted(session: AsyncSession, slug: str) -> UUID:
    found = [
        tenant.id
        for tenant in await session.scalars(purges.deleted(OPERATOR))
        if slug in (tenant.slug, str(tenant.id))
    ]
    if len(found) > 1:
        ids = ", ".join(map(str, found))
        raise Invalid(f"Several deleted tenants were called {slug}; name one by its id: {ids}.")
    if not found:
        raise NotFound(f"There is no deleted tenant {slug}; `workbench tenant delete` makes one.")
    return found[0]


async def _purge(db: Database, tenant: str, *, delete_first: bool, quiet: bool) -> Purge:
    def tell(place: str, removed: int) -> None:
        if removed and not quiet:
            console.err.print(f"{removed:>10}  {place}", style="dim")

    async with db.session(OPERATOR) as session:
        living = await session.scalar(queries.tenant_with_slug(OPERATOR, tenant))
        if living is not None and delete_first:
            await commands.delete(session, OPERATOR, living.id, reason="purge")
    async with db.session(OPERATOR) as session:
        tenant_id = living.id if living and delete_first else await _deleted(session, tenant)
        order = await purges.order(session, OPERATOR, tenant_id)
    return await purging.purge(db, Storage(Settings().storage), order.id, tell=tell)


async def _usage(db: Database, slug: str | None) -> list[dict[str, Any]]:
    storage = Storage(Settings().storage)
    rows = []
    async with db.session(OPERATOR) as session:
        one = None if slug is None else await named(session, slug)
        for tenant in [one] if one else await session.scalars(queries.tenants(OPERATOR)):
            used = asdict(await usage.of(session, OPERATOR, tenant.id))
            sizes = storage.sizes(tenant.id)
            files = {"files": len(sizes), "file_bytes": sum(sizes.values())}
            rows.append({"slug": tenant.slug} | used | files)
    return rows


async def _operator(session: AsyncSession, email: str | None) -> User:
    operators = [
        user
        for user in await session.scalars(identities.users(OPERATOR))
        if user.is_operator and email in (None, user.email)
    ]
    if len(operators) != 1:
        raise Invalid("Name the operator who enters, with --as and the e-mail address.")
    return operators[0]
