"""The process beside a JupyterLab, which renews its ticket."""

import asyncio
from datetime import timedelta
from pathlib import Path

from tests.support import people
from workbench.cli import jupyter
from workbench.cli.jupyter import Wanted
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.settings import Settings
from workbench.tenants.models import Tenant
from workbench.worker import kernel, parts

SERVES = ("-c", "import time; time.sleep(60)")
OFTEN = timedelta(milliseconds=100)


async def test_a_server_of_the_hub_ends_with_the_rights_of_its_engineer(
    settings: Settings, database: Database, tenant: Tenant
) -> None:
    """It goes on while its ticket is renewed, and does not outlast a member who leaves."""
    user = await people.make_user(database)
    membership = await people.join(database, tenant.id, user.id, Role.ENGINEER)
    actor = await people.admit(database, user.id, tenant.id)
    made = parts.make(settings)
    wanted = Wanted(tenant.slug, user.email, SERVES, {}, renewal=OFTEN, ends=True)
    with kernel.scratch(None) as place:
        serving = asyncio.create_task(jupyter.run(made, actor, place, wanted))
        async with asyncio.timeout(30):
            tickets = {_text(place.ticket)}
            while len(tickets) < 3:
                await asyncio.sleep(0.05)
                tickets.add(_text(place.ticket))
            assert not serving.done()

            await people.leave(database, tenant.id, membership)
            await serving
    await made.database.close()


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""
