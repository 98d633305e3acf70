"""The worker forgets what members ran long ago."""

from datetime import UTC, datetime, timedelta

from tests.conftest import MakeActor
from workbench.datasets import commands, queries
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.tenants.models import Tenant
from workbench.worker import statements


async def test_old_ones_go_and_new_ones_stay(
    database: Database, tenant: Tenant, other_tenant: Tenant, make_actor: MakeActor
) -> None:
    """Of every tenant, ninety days later and not before."""
    members = [await make_actor(each, Role.ANALYST) for each in (tenant, other_tenant)]
    for member in members:
        await commands.run_sql(database, member, "select 1")
    for days, left in ((89, 1), (91, 0)):
        await statements.forget(database, datetime.now(UTC) + timedelta(days=days))
        for member in members:
            async with database.session(member) as session:
                found = (await session.scalars(queries.statements(member))).all()
            assert len(found) == left
