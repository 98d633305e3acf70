"""Imports in one call: the file is kept and the import ordered, and loaded at once if need be."""

from workbench.actor import Actor
from workbench.datasets.commands import imports, keeping, loads, private
from workbench.datasets.models import Import
from workbench.datasets.progress import Progress
from workbench.datasets.schemas import ImportOrder
from workbench.db.session import Database
from workbench.files.schemas import Bounds
from workbench.files.writing import Chunks
from workbench.storage import Storage


async def send_import(  # noqa: PLR0913 (what an import is, and where it goes)
    database: Database,
    storage: Storage,
    bounds: Bounds,
    actor: Actor,
    dataset: str,
    chunks: Chunks,
    *,
    file_name: str,
    expected: int = 0,
    order: ImportOrder | None = None,
) -> Import:
    """Keep what comes and have a worker load it, in transactions of its own.

    Room for the bytes that are `expected` is reserved at once, for more of them as they come.
    """
    keeping.require_sender(actor)
    async with keeping.arriving(database, storage, actor, bounds) as arrival:
        await arrival.receive(chunks, expected=expected)
        async with database.session(actor) as session:
            return await imports.start_import(
                session, actor, arrival, dataset, file_name=file_name, order=order
            )


async def import_now(  # noqa: PLR0913 (as above)
    database: Database,
    storage: Storage,
    bounds: Bounds,
    actor: Actor,
    dataset: str,
    chunks: Chunks,
    *,
    file_name: str,
    expected: int = 0,
    order: ImportOrder | None = None,
    progress: Progress | None = None,
) -> Import:
    """Keep what comes, and order and load it in one transaction: a worker that looks finds it done.

    So an end in the middle leaves no import. The tenant's room is locked at the very end only.
    Bytes that are `expected` are reserved as in `send_import`.
    """
    keeping.require_sender(actor)
    async with keeping.arriving(database, storage, actor, bounds) as arrival:
        await arrival.receive(chunks, expected=expected)
        async with database.session(actor) as session:
            made = await imports.start_import(
                session, actor, arrival, dataset, file_name=file_name, order=order, is_last=False
            )
            maker = private.as_maker(actor, made.dataset.definition)
            done = await loads.load(session, maker, storage, made.id, progress=progress)
            await keeping.settle(session, maker, arrival)
            return done
