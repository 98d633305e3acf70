"""All that a member reaches, asked of PostgreSQL as that member; rows are counted, never shown."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import standing as standings
from workbench.access.answers import Access, Extent, Held, Person, Reach, Reached, Source
from workbench.access.schemas import Kind
from workbench.access.standing import Standing
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import queries
from workbench.datasets.models import Dataset
from workbench.permissions import MAKER, Permission


async def reach(session: AsyncSession, actor: Actor, membership_id: UUID, now: datetime) -> Access:
    """All that a member can reach, with the sources of each part of it."""
    standing = await standings.of(session, actor, membership_id)
    known: dict[UUID, Dataset] = {}
    if actor.may_somewhere(Permission.DATASET_READ):
        found = await session.scalars(queries.datasets(actor))
        known = {dataset.definition_id: dataset for dataset in found}
    async with standings.becoming(session, actor, standing, now) as member:
        if member is None:
            answer = _nothing(standing.person)
        else:
            answer = await _reached(session, standing, member, known)
    audit.record(session, actor, "access.explain", str(membership_id))
    return answer


async def _reached(
    session: AsyncSession, standing: Standing, member: Actor, known: dict[UUID, Dataset]
) -> Access:
    listed: set[UUID] = set()
    if member.may_somewhere(Permission.DATASET_READ):
        for dataset in await session.scalars(queries.datasets(member)):
            known.setdefault(dataset.definition_id, dataset)
            listed.add(dataset.definition_id)
    every = sorted(known.values(), key=lambda dataset: dataset.definition.name)
    datasets = [
        await _of(session, standing, member, dataset, is_listed=dataset.definition_id in listed)
        for dataset in every
    ]
    by_target = {str(dataset.definition_id): dataset for dataset in every}
    return Access(
        member=standing.person,
        permissions=_held(standing, member, by_target),
        datasets=[d for d in datasets if d.listed or d.writable or d.extent != "none"],
        dashboards=_reach(member, Permission.DASHBOARD_READ),
        notebooks=_reach(member, Permission.NOTEBOOK_READ),
        runs=_reach(member, Permission.RUN_START),
    )


async def _of(
    session: AsyncSession, standing: Standing, member: Actor, dataset: Dataset, *, is_listed: bool
) -> Reached:
    target = str(dataset.definition_id)
    seen = extent(member, dataset)
    parts = standing.parts(dataset.definition_id) if seen == "part" else []
    rows = 0
    if seen != "none":
        rows = await session.scalar(queries.count(member, dataset)) or 0
    return Reached(
        name=dataset.definition.name,
        listed=is_listed,
        extent=seen,
        rows=rows,
        writable=member.may(Permission.ROW_WRITE, target),
        masked=sorted({column for part in parts for column in part.masks}),
        sources=sources(standing, Permission.ROW_READ, dataset) if seen == "whole" else [],
        parts=parts,
    )


def _held(standing: Standing, member: Actor, datasets: dict[str, Dataset]) -> list[Held]:
    """What PostgreSQL says that the member holds; parts of datasets are told with the datasets.

    Of a deleted dataset its maker holds that he may restore it, which is told nowhere.
    """
    everywhere = [
        Held(permission=p, kind=None, target=None, sources=standing.sources(p))
        for p in sorted(member.permissions)
    ]
    on_targets = []
    for permission, target in sorted(member.grants):
        dataset = datasets.get(target)
        kind = _kind(permission, dataset)
        if "#" in target or kind is None:
            continue
        name, found = target, standing.sources(permission, target)
        if dataset is not None:
            name, found = dataset.definition.name, sources(standing, permission, dataset)
        on_targets.append(Held(permission=permission, kind=kind, target=name, sources=found))
    return everywhere + on_targets


def sources(standing: Standing, permission: Permission, dataset: Dataset) -> list[Source]:
    """Where a permission on a dataset comes from, that the member has made it among them."""
    found = standing.sources(permission, str(dataset.definition_id))
    is_maker = dataset.definition.made_by == standing.user.id and permission in MAKER
    if is_maker and standing.sources(Permission.DATASET_CREATE):
        found.append(Source(kind="maker", id=None, role=None))
    return found


def _kind(permission: Permission, dataset: Dataset | None) -> Kind | None:
    if dataset is not None:
        return "dataset"
    if permission in MAKER:
        return None
    return "dashboard" if permission is Permission.DASHBOARD_READ else "notebook"


def _reach(member: Actor, permission: Permission) -> Reach:
    names = sorted(target for held, target in member.grants if held is permission)
    return Reach(everywhere=member.may(permission), names=names)


def extent(member: Actor, dataset: Dataset) -> Extent:
    """How much of a dataset's rows a member sees."""
    if member.sees_part(dataset.definition_id):
        return "part"
    is_whole = member.may(Permission.ROW_READ, str(dataset.definition_id))
    return "whole" if is_whole else "none"


def _nothing(person: Person) -> Access:
    nowhere = Reach(everywhere=False, names=[])
    return Access(
        member=person,
        permissions=[],
        datasets=[],
        dashboards=nowhere,
        notebooks=nowhere,
        runs=nowhere,
    )
