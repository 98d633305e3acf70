"""Fixtures of the tests of runs."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from workbench.actor import Actor
from workbench.db.session import Database
from workbench.notebooks import Notebook
from workbench.notebooks.kinds import Integer
from workbench.permissions import Permission
from workbench.runs import commands
from workbench.runs.models import Run
from workbench.tenants.models import Tenant


@pytest.fixture
def notebook() -> Notebook:
    """A notebook with one parameter."""
    return Notebook(
        name="count",
        path=Path("count.ipynb"),
        title="Count",
        permissions=(Permission.ROW_READ,),
        parameters={"most": Integer(minimum=1, default=3)},
    )


@pytest.fixture
def keeper(tenant: Tenant) -> Actor:
    """The system's actor that keeps the tenant's runs."""
    return Actor.of_system("runs", Permission.RUN_READ, Permission.RUN_START, tenant_id=tenant.id)


@pytest.fixture
def order(database: Database, notebook: Notebook) -> Callable[[Actor], Awaitable[Run]]:
    """Order a run as an actor."""

    async def ordered(actor: Actor) -> Run:
        async with database.session(actor) as session:
            return await commands.start(session, actor, notebook, {})

    return ordered
