"""Datasets that files make, loaded by a worker as their maker."""

import io
from uuid import UUID

from tests.support import people, samples
from tests.support.kernels import Bench
from tests.worker.test_imports import seen
from workbench.access import queries as access
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.datasets.models import Import
from workbench.datasets.schemas import ImportOrder
from workbench.permissions import Permission, Role
from workbench.tenants.models import Tenant
from workbench.worker import imports


async def test_an_analyst_fills_what_he_made(bench: Bench, actor: Actor, tenant: Tenant) -> None:
    """The file that makes it and the next; no worker loads once he is no analyst any more."""
    parts = bench.parts
    async with parts.database.session(actor) as session:
        first = await commands.start_import(
            session, actor, parts.storage, "visits", io.BytesIO(b"Site No\n1\n2\n"),
            file_name="a.csv", order=ImportOrder(mode="create"),
        )  # fmt: skip
    await imports.load(parts, tenant.id, first.id, is_last_try=True)
    assert actor.user_id is not None
    again = await people.admit(parts.database, actor.user_id, tenant.id)
    assert (await seen(bench, again, first.id)).rows_loaded == 2
    made = [await _sent(bench, again) for _ in range(2)]
    await imports.load(parts, tenant.id, made[0].id, is_last_try=True)
    assert (await seen(bench, again, made[0].id)).status == "succeeded"
    place = await _place(bench, again)
    await people.change_role(parts.database, tenant.id, place, Role.VIEWER)
    await imports.load(parts, tenant.id, made[1].id, is_last_try=True)
    failed = await seen(bench, samples.loader(tenant.id), made[1].id)
    assert (failed.status, "permission" in (failed.error or "")) == ("failed", True)


async def _sent(bench: Bench, actor: Actor) -> Import:
    """The next file of the kind, whose header is as the first one's was."""
    file = io.BytesIO(b"Site No\n3\n")
    async with bench.parts.database.session(actor) as session:
        return await commands.start_import(
            session, actor, bench.parts.storage, "visits", file, file_name="b.csv"
        )


async def _place(bench: Bench, actor: Actor) -> UUID:
    """The membership of somebody."""
    seater = Actor.of_system("test", Permission.MEMBER_READ, tenant_id=actor.tenant_id)
    async with bench.parts.database.session(seater) as session:
        found = await session.execute(access.members(seater))
        return next(place.id for place, user in found if user.id == actor.user_id)
