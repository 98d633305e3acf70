"""What imports keep in the room of files: the file as it came, and the rows that were refused."""

from contextlib import AbstractAsyncContextManager
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.datasets.models import Import
from workbench.db.session import Database
from workbench.errors import NotFound
from workbench.files import arrivals
from workbench.files import commands as files
from workbench.files.arrivals import Arrival
from workbench.files.attached import Made
from workbench.files.schemas import Bounds, Kind
from workbench.permissions import Permission
from workbench.storage import Storage


def require_sender(actor: Actor) -> None:
    """Raise Forbidden unless the actor may load a file somewhere, if only to make a dataset of it.

    So who may not need not send a gigabyte to be told.
    """
    if not actor.may(Permission.DATASET_CREATE):
        actor.require_somewhere(Permission.IMPORT_START)


def arriving(
    database: Database, storage: Storage, actor: Actor, bounds: Bounds
) -> AbstractAsyncContextManager[Arrival]:
    """A file to import that may arrive while the block runs; what is not kept is undone.

    Who may import brings a file for it without holding `file:write`.
    """
    require_sender(actor)
    system = arrivals.keeper(actor.require_tenant())
    return arrivals.arriving(database, storage, system, bounds)


async def attach(session: AsyncSession, actor: Actor, order: Import, arrival: Arrival) -> UUID:
    """Make what has arrived the file of an import, which is not there yet; answer its id."""
    actor.require(Permission.IMPORT_START, str(order.dataset.definition_id))
    return await files.attach(
        session, actor, arrival, name=order.file_name, kind=Kind.IMPORT, owner_id=order.id
    )


async def settle(session: AsyncSession, actor: Actor, arrival: Arrival) -> None:
    """Have the room for an import's file taken; it is locked from here on: do last."""
    actor.require_somewhere(Permission.IMPORT_START)
    await files.settle(session, actor, arrival, Kind.IMPORT)


async def keep_rejects(session: AsyncSession, actor: Actor, order: Import, made: Made) -> None:
    """Keep the rows that an import refused; they are kept where the tenant has no room too."""
    actor.require(Permission.IMPORT_START, str(order.dataset.definition_id))
    name = f"rejects of {order.file_name}.csv"
    order.rejects_id = await files.keep_made(
        session, actor, made, name=name, kind=Kind.REJECT, owner_id=order.id
    )


async def drop_rejects(session: AsyncSession, actor: Actor, order: Import) -> None:
    """Have an import that is loaded again name no rejects, and delete those it named."""
    actor.require(Permission.IMPORT_START, str(order.dataset.definition_id))
    former, order.rejects_id = order.rejects_id, None
    await session.flush()
    if former is not None:
        await files.detach(session, actor, former, Kind.REJECT)


async def place_of_rejects(session: AsyncSession, actor: Actor, order: Import) -> str:
    """Where the rows lie that an import refused; raise NotFound when it refused none."""
    actor.require(Permission.ROW_READ, str(order.dataset.definition_id))
    if order.rejects_id is None:
        raise NotFound("This import has refused no row.")
    return await files.place(session, actor, order.rejects_id, Kind.REJECT)
