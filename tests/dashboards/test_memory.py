"""Pages that were opened and closed leave nothing behind (D5)."""

import gc
import os

import panel_material_ui as pmui
import psutil

from tests.dashboards.conftest import Site
from tests.dashboards.test_pages import until
from tests.support import flights
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.tenants.models import Tenant

CYCLES = 500 if os.environ.get("WORKBENCH_PROVE") else 30
WARM = 6
LAST = 2  # visits that are let go only with the next ones
VISIT = 1_200_000  # bytes that an open page takes at least
PATHS = ("/dashboards/flights", "/dashboards/home", "/dashboards/inbox")


async def open_and_close(site: Site, actor: Actor, times: int) -> None:
    """Open pages one after another, each with its socket, and go away again."""
    for number in range(times):
        path = PATHS[number % len(PATHS)]
        token = await site.token(actor, path)
        async with site.connect(token, site.cookie(actor), path=path) as socket:
            assert "ACK" in str(await socket.recv())
    await until(lambda: site.sessions() == 0)


def pages() -> int:
    """How many pages there are in this process."""
    gc.collect()
    return sum(type(each) is pmui.Page for each in gc.get_objects())


async def test_visits_leave_no_memory(
    site: Site, database: Database, actor: Actor, tenant: Tenant
) -> None:
    """After many visits no page, session or feed is left, and memory is back in its band."""
    await flights.load(database, tenant.id, "UA", 50)
    await open_and_close(site, actor, WARM)
    there, process = pages(), psutil.Process()
    before = process.memory_info().rss
    await open_and_close(site, actor, CYCLES)
    assert pages() <= there + LAST
    assert process.memory_info().rss - before < CYCLES * VISIT / 2
