"""`workbench token …`: make, list and revoke API tokens, as a member of a tenant."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer

from workbench.access import api_tokens
from workbench.cli import console, database
from workbench.cli.acting import acting
from workbench.cli.options import AsJson
from workbench.db.session import Database
from workbench.identity import queries
from workbench.identity.api_tokens import prefix
from workbench.permissions import Permission

shell = typer.Typer(help="Make, list and revoke API tokens.", no_args_is_help=True)
Slug = Annotated[str, typer.Option("--tenant", help="The tenant's slug.")]
Member = Annotated[str, typer.Option("--user", help="E-mail address of the member who makes it.")]
Whose = Annotated[
    str | None, typer.Option("--user", help="E-mail address of a member; an owner unless set.")
]
Days = Annotated[
    int, typer.Option(min=1, max=api_tokens.LONGEST.days, help="For how many days it serves.")
]


@shell.command()
def create(
    name: Annotated[str, typer.Argument(help="What the program is called.")],
    tenant: Slug,
    user: Member,
    scope: Annotated[
        list[Permission], typer.Option(help="A permission that the program needs; repeat it.")
    ],
    days: Days = api_tokens.LIFETIME.days,
) -> None:
    """Make a token of a member's and print it, this once."""
    text = database.run(lambda db: _create(db, tenant, user, name, scope, days))
    console.err.print("Nobody sees this token again:")
    console.out.print(text, markup=False, highlight=False, soft_wrap=True)


@shell.command("list")
def list_(tenant: Slug, user: Whose = None, *, as_json: AsJson = False) -> None:
    """List the tokens of a member; an owner's list is the whole tenant's."""
    console.show(database.run(lambda db: _rows(db, tenant, user)), as_json=as_json)


@shell.command()
def revoke(
    token: Annotated[UUID, typer.Argument(help="The token's id, as `list` shows it.")],
    tenant: Slug,
    user: Whose = None,
) -> None:
    """Revoke a token; it is refused from the next statement on."""
    database.run(lambda db: _revoke(db, tenant, user, token))
    console.out.print(f"The token {token} is revoked.")


async def _create(
    database: Database, tenant: str, user: str, name: str, scope: list[Permission], days: int
) -> str:
    now = datetime.now(UTC)
    async with acting(database, tenant, user) as actor, database.session(actor) as session:
        _, text = await api_tokens.create(
            session,
            actor,
            name=name,
            scope=set(scope),
            expires_at=now + timedelta(days=days),
            now=now,
        )
    return text


async def _rows(database: Database, tenant: str, user: str | None) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    async with acting(database, tenant, user) as actor, database.session(actor) as session:
        rows = (await session.execute(queries.api_tokens(actor))).all()
    return [
        {
            "id": str(token.id),
            "name": token.name,
            "prefix": prefix(token.id),
            "user": maker.email,
            "scope": " ".join(token.scope),
            "status": "live" if is_live else "expired" if token.expires_at <= now else "ended",
            "expires": f"{token.expires_at:%Y-%m-%d}",
            "last_used": f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else None,
        }
        for token, maker, is_live in rows
    ]


async def _revoke(database: Database, tenant: str, user: str | None, token: UUID) -> None:
    async with acting(database, tenant, user) as actor:
        await api_tokens.revoke(database, actor, token)
