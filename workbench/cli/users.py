"""`workbench user …`: make, invite, list, disable and enable users, and end their log-ins."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import commands as access
from workbench.actor import Actor
from workbench.cli import console, database, tenants
from workbench.cli.database import OPERATOR
from workbench.cli.options import AsJson
from workbench.db.session import Database
from workbench.errors import Invalid, NotFound
from workbench.identity import commands, queries
from workbench.identity.models import User
from workbench.notifications import invitations, resets
from workbench.permissions import ROLES, Permission, Role

T = TypeVar("T")
shell = typer.Typer(
    help="Make, invite, list, disable and enable users, and end their log-ins.",
    no_args_is_help=True,
)
Email = Annotated[str, typer.Argument(help="The user's e-mail address.")]


@shell.command()
def create(
    email: Email,
    *,
    password: Annotated[
        str,
        typer.Option(
            prompt=True, hide_input=True, confirmation_prompt=True, envvar="WORKBENCH_PASSWORD"
        ),
    ],
    name: Annotated[str | None, typer.Option(help="The person's name.")] = None,
    tenant: Annotated[str | None, typer.Option(help="The tenant to be a member of.")] = None,
    role: Annotated[Role, typer.Option(help="The role held there.")] = Role.ANALYST,
) -> None:
    """Make a user, as a member of a tenant or as an operator of the platform."""
    if (tenant is None) != (role == Role.OPERATOR):
        raise Invalid("Give --tenant and its --role, or --role operator alone.")
    database.run(lambda db: enrol(db, email, name or email, password, tenant, role))
    console.out.print(f"User {email} is there.")


@shell.command()
def invite(
    email: Email,
    *,
    tenant: Annotated[str, typer.Option(help="The tenant to be a member of.")],
    role: Annotated[Role, typer.Option(help="The role held there.")] = Role.ANALYST,
) -> None:
    """Invite somebody to a tenant by mail."""
    database.run(lambda db: _invite(db, email, tenant, role))
    console.out.print(f"A mail to {email} waits for the worker to send it.")


@shell.command()
def reset(email: Email) -> None:
    """Send a user a link to choose a new password."""
    database.run(lambda db: resets.ask(db, email))
    console.out.print(f"If {email} is a user, a mail with a link waits for the worker to send it.")


@shell.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the users."""
    console.show(database.run(_rows), as_json=as_json)


@shell.command()
def disable(email: Email) -> None:
    """Take every access from a user at once."""
    now = datetime.now(UTC)
    database.run(lambda db: _change(db, email, lambda s, a, u: commands.disable_user(s, a, u, now)))
    console.out.print(f"User {email} is disabled.")


@shell.command()
def enable(email: Email) -> None:
    """Let a disabled user sign in again."""
    database.run(lambda db: _change(db, email, commands.enable_user))
    console.out.print(f"User {email} may sign in again.")


@shell.command()
def logins(email: Email, *, as_json: AsJson = False) -> None:
    """List where a user is and was signed in, the newest first."""
    console.show(database.run(lambda db: _logins(db, email)), as_json=as_json)


@shell.command("sign-out")
def sign_out(email: Email) -> None:
    """End every log-in of a user, and what runs for the user."""
    now = datetime.now(UTC)
    ended = database.run(
        lambda db: _change(db, email, lambda s, a, u: commands.sign_out_user(s, a, u, now))
    )
    console.out.print(f"{ended} log-ins of {email} have ended.")


async def enrol(
    database: Database, email: str, name: str, password: str, tenant: str | None, role: Role
) -> None:
    """Make a user and, where a tenant is named, a membership."""
    async with database.session(OPERATOR) as session:
        tenant_id = (await tenants.named(session, tenant)).id if tenant else None
        user = await commands.create_user(
            session,
            OPERATOR,
            email=email,
            name=name,
            password=password,
            is_operator=role == Role.OPERATOR,
        )
    if tenant_id is not None:
        seater = Actor.of_system(
            "shell", Permission.MEMBER_MANAGE, Permission.MEMBER_READ, tenant_id=tenant_id
        )
        async with database.session(seater) as session:
            await access.add_member(session, seater, user.id, role)


async def _invite(database: Database, email: str, tenant: str, role: Role) -> None:
    async with database.session(OPERATOR) as session:
        tenant_id = (await tenants.named(session, tenant)).id
    inviter = Actor.of_system("shell", *ROLES[Role.OWNER], tenant_id=tenant_id)
    async with database.session(inviter) as session:
        now = datetime.now(UTC)
        await invitations.send(session, inviter, email=email, role=role, now=now)


async def _rows(database: Database) -> list[dict[str, Any]]:
    async with database.session(OPERATOR) as session:
        return [
            {
                "email": user.email,
                "name": user.name,
                "operator": "yes" if user.is_operator else "",
                "disabled": f"{user.disabled_at:%Y-%m-%d}" if user.disabled_at else None,
            }
            for user in await session.scalars(queries.users(OPERATOR))
        ]


async def _logins(database: Database, email: str) -> list[dict[str, Any]]:
    async with database.session(OPERATOR) as session:
        user = await _named(session, email)
        return [
            {
                "began": f"{login.created_at:%Y-%m-%d %H:%M}",
                "seen": f"{login.last_seen_at:%Y-%m-%d %H:%M}",
                "device": login.user_agent,
                "address": login.address,
                "ended": f"{login.ended_at:%Y-%m-%d %H:%M}" if login.ended_at else None,
                "reason": login.ended_reason,
            }
            for login in await session.scalars(queries.logins_of(OPERATOR, user.id))
        ]


async def _change(
    database: Database, email: str, change: Callable[[AsyncSession, Actor, UUID], Awaitable[T]]
) -> T:
    async with database.session(OPERATOR) as session:
        return await change(session, OPERATOR, (await _named(session, email)).id)


async def _named(session: AsyncSession, email: str) -> User:
    user = await session.scalar(queries.user_with_email(OPERATOR, email))
    if user is None:
        raise NotFound(f"There is no user {email}; `workbench user list` shows them.")
    return user
