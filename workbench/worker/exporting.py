"""Making the archive of a tenant, composed of what each room gives to it.

It is a job, since a large tenant takes minutes: no request waits for it, it may be fetched more
than once, and its checksums are known before it leaves. Memory stays constant: rows go through
files of this machine into a zip that grows in storage.
"""

import asyncio
import json
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from string import Template
from typing import Any, BinaryIO
from uuid import UUID

import structlog
from sqlalchemy import Select

from workbench.access import queries as access
from workbench.actor import Actor
from workbench.audit import queries as audit
from workbench.datasets import queries as datasets
from workbench.datasets import tables
from workbench.datasets.models import Dataset
from workbench.db.session import Database
from workbench.errors import NotFound, WorkbenchError
from workbench.files import queries as files
from workbench.permissions import Permission
from workbench.runs import queries as runs
from workbench.schedules import queries as schedules
from workbench.storage import Storage
from workbench.tenants import exports
from workbench.tenants import queries as tenants
from workbench.worker import admission
from workbench.worker.archive import Archive, Counted, Sheet
from workbench.worker.parts import Parts, now

PART = 10_000
LIMIT = timedelta(hours=12)
README = Path(__file__).with_name("archive_readme.txt")
# What an archive reads; whoever makes it acts with this and with no more.
READS = (
    Permission.AUDIT_READ,
    Permission.DATASET_READ,
    Permission.FILE_READ,
    Permission.IMPORT_READ,
    Permission.MEMBER_READ,
    Permission.ROW_READ,
    Permission.RUN_READ,
    Permission.SCHEDULE_READ,
    Permission.TENANT_EXPORT,
    Permission.TENANT_MANAGE,
    Permission.TENANT_READ,
)
DESCRIBED = ("name", "type", "title", "unit", "description", "semantic")  # what a column says
Statement = Select[*tuple[Any, ...]]
Tell = Callable[[float], Awaitable[None]]
Step = Callable[[], Awaitable[None]]
log = structlog.get_logger(__name__)


def keeper(tenant_id: UUID) -> Actor:
    """The system's actor that keeps a tenant's archives."""
    return Actor.of_system("exports", Permission.TENANT_EXPORT, tenant_id=tenant_id)


async def export(parts: Parts, tenant_id: UUID, export_id: UUID) -> None:
    """Make an archive that was ordered, as who ordered it; or note why there is none."""
    actor = keeper(tenant_id)
    try:
        await _export(parts, actor, export_id)
    except NotFound:
        log.info("export_gone", export=str(export_id))
    except asyncio.CancelledError:
        reason = "The worker stopped; order the archive again."
        await asyncio.shield(_fail(parts, actor, export_id, reason))
        raise
    except WorkbenchError as error:
        await _fail(parts, actor, export_id, str(error))
    except Exception:
        log.exception("export_broke", export=str(export_id))
        await _fail(parts, actor, export_id, "Workbench could not make this archive.")


async def _export(parts: Parts, actor: Actor, export_id: UUID) -> None:
    database = parts.database
    async with database.session(actor) as session:
        order = await exports.begin(session, actor, export_id)

    async def tell(progress: float) -> None:
        async with database.session(actor) as session:
            await exports.advance(session, actor, export_id, progress)

    async with admission.admitted(database, actor, export_id, order.requested_by, LIMIT) as user:
        with parts.storage.write(order.storage_key) as file:
            written = await write(database, parts.storage, user.narrowed(READS), file, tell)
    async with database.session(actor) as session:
        await exports.finish(session, actor, export_id, written.size, written.sha256, now())


async def _fail(parts: Parts, actor: Actor, export_id: UUID, reason: str) -> None:
    key = Storage.key(actor.require_tenant(), "exports", export_id, exports.NAME)
    await asyncio.to_thread(parts.storage.remove, key)
    try:
        async with parts.database.session(actor) as session:
            await exports.fail(session, actor, export_id, reason, now())
    except NotFound:
        log.warning("export_gone", export=str(export_id))


async def write(
    database: Database, storage: Storage, actor: Actor, file: BinaryIO, tell: Tell
) -> Counted:
    """Write the archive of the actor's tenant into a file; `tell` hears how far it is."""
    actor.require(Permission.TENANT_EXPORT)
    with Archive(file) as archive:
        writing = _Writing(database, storage, actor, archive)
        steps: list[Step] = [
            *writing.lists(),
            *(partial(writing.dataset, found) for found in await writing.datasets()),
            partial(writing.files, datasets.files(actor)),
            partial(writing.files, runs.files(actor)),
            partial(writing.files, files.stored(actor)),
        ]
        for number, step in enumerate(steps, start=1):
            await step()
            await tell(number / (len(steps) + 1))
        await writing.readme()
    return archive.counted


def rooms(actor: Actor) -> dict[str, dict[str, Statement]]:
    """The lists that each room gives to an archive."""
    return {
        "tenants": tenants.everything(actor),
        "access": access.everything(actor),
        "datasets": datasets.everything(actor),
        "runs": runs.everything(actor),
        "schedules": schedules.everything(actor),
        "files": files.everything(actor),
        "audit": audit.everything(actor),
    }


class _Writing:
    """One archive that is being written."""

    def __init__(
        self, database: Database, storage: Storage, actor: Actor, archive: Archive
    ) -> None:
        self._database = database
        self._storage = storage
        self._actor = actor
        self._archive = archive
        self._missing: list[str] = []

    def lists(self) -> Iterator[Step]:
        """Each room's lists."""
        for room, found in rooms(self._actor).items():
            for name, statement in found.items():
                yield partial(self._list, f"{room}/{name}", statement, {})

    async def datasets(self) -> list[Dataset]:
        """The tenant's datasets."""
        async with self._database.session(self._actor) as session:
            return list((await session.scalars(datasets.datasets(self._actor))).all())

    async def dataset(self, dataset: Dataset) -> None:
        """The rows of a dataset and what its columns mean."""
        definition = dataset.definition
        name = f"datasets/rows/{definition.name}"
        columns = [{name: getattr(c, name) for name in DESCRIBED} for c in definition.columns]
        schema = {
            "title": definition.title,
            "description": definition.description,
            "is_private": definition.is_private,
            "columns": columns,
        }
        self._archive.text(f"{name}.schema.json", json.dumps(schema, indent=2) + "\n")
        await self._list(name, datasets.every_row(self._actor, dataset), tables.types(definition))

    async def files(self, statement: Select[str, str]) -> None:
        """Files as they lie in storage."""
        async with self._database.session(self._actor) as session:
            stream = await session.stream(statement.execution_options(yield_per=PART))
            async for path, key in stream:
                await asyncio.to_thread(self._file, f"files/{path}", key)

    def _file(self, name: str, key: str) -> None:
        try:
            source = self._storage.read(key)
        except NotFound:
            self._missing.append(name)
            return
        with source:
            self._archive.add(name, source)

    async def _list(self, name: str, statement: Statement, types: Mapping[str, str]) -> None:
        columns = list(statement.selected_columns.keys())
        with tempfile.TemporaryDirectory(prefix="workbench-export-") as folder:
            sheet = Sheet(Path(folder), columns, types)
            async with self._database.session(self._actor) as session:
                stream = await session.stream(statement.execution_options(yield_per=PART))
                async for part in stream.mappings().partitions(PART):
                    await asyncio.to_thread(sheet.write, [dict(row) for row in part])
            sheet.close()
            for kind, path in sheet.paths.items():
                await asyncio.to_thread(self._archive.add_path, f"{name}.{kind}", path)

    async def readme(self) -> None:
        """What a person reads first."""
        async with self._database.session(self._actor) as session:
            tenant_id = self._actor.require_tenant()
            tenant = (await session.scalars(tenants.tenant(self._actor, tenant_id))).one()
        missing = "".join(f"\n{name} is no longer in storage." for name in self._missing)
        text = Template(README.read_text()).substitute(
            tenant=tenant.name, slug=tenant.slug, at=f"{now():%Y-%m-%d %H:%M} UTC", missing=missing
        )
        self._archive.text("README.txt", text)
