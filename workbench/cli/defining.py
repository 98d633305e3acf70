"""How the shell defines datasets: as a member of a tenant, or as the platform for all tenants."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.cli import database
from workbench.cli.acting import acting
from workbench.db.session import Database
from workbench.errors import Detail, Invalid
from workbench.permissions import Permission

SHARER = Actor.of_system("shell", Permission.DATASET_SHARE, Permission.PLATFORM_READ)
Name = Annotated[str, typer.Argument(help="The dataset's name.")]
Tenant = Annotated[
    str | None, typer.Option("--tenant", help="The tenant's slug; without it: shared datasets.")
]
Email = Annotated[
    str | None, typer.Option("--as", help="The member who acts; an owner without it.")
]
Shape = TypeVar("Shape", bound=BaseModel)
T = TypeVar("T")


def do(
    tenant: str | None, email: str | None, work: Callable[[AsyncSession, Actor], Awaitable[T]]
) -> T:
    """Do something in one transaction, as a member of the tenant or as the platform."""

    async def done(db: Database) -> T:
        if tenant is None:
            async with db.session(SHARER) as session:
                return await work(session, SHARER)
        async with acting(db, tenant, email) as actor, db.session(actor) as session:
            return await work(session, actor)

    return database.run(done)


def valid(shape: type[Shape], given: dict[str, Any]) -> Shape:
    """Make a shape of what was typed; raise Invalid, which tells the places."""
    try:
        return shape.model_validate(given)
    except ValidationError as error:
        details = [
            Detail(".".join(str(part) for part in e["loc"]), str(e["msg"])) for e in error.errors()
        ]
        raise Invalid(details=details) from None
