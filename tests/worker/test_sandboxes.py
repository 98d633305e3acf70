"""Notebooks with a disposable database: who gets one, what is in it, and that it goes."""

from pathlib import Path

import pytest

from tests.support import people
from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.db import sandbox
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.tenants.models import Tenant

LOOK = """
from sqlalchemy import create_engine, text

from workbench import lab

run = lab.open_run()
print(run.sandbox.urls["workbench_app"].query["host"])
with create_engine(run.sandbox.urls["workbench_witness"]).connect() as witness:
    print(witness.scalar(text("select count(*) from workbench.tenants")), "tenants")
"""
NO_WAY = """
import sqlalchemy

main = run.ticket.database_url
for role, url in run.sandbox.urls.items():
    there = sqlalchemy.make_url(main).set(drivername="postgresql+psycopg")
    try:
        sqlalchemy.create_engine(there.set(username=role, password=url.password)).connect()
        print(role, "came in")
    except sqlalchemy.exc.OperationalError:
        print(role, "stayed out")
"""


def socket_of(said: str) -> Path:
    """Where the sandbox of a run was."""
    return Path(next(line for line in said.splitlines() if line.startswith("/")))


@pytest.mark.acts_as("engineer")
class TestEngineer:
    """Who may have one."""

    async def test_it_gets_a_database_that_goes(self, bench: Bench, actor: Actor) -> None:
        """An empty migrated database is there while the run lasts, and not a moment longer."""
        run = await bench.run(actor, LOOK, NO_WAY, sandbox=True, permissions=["sandbox:run"])

        assert (run.status, run.error) == ("succeeded", None)
        said = bench.said(run)
        assert "0 tenants" in said
        assert "workbench_owner stayed out" in said
        assert "came in" not in said
        assert not socket_of(said).exists()

    async def test_its_passwords_are_hidden(self, bench: Bench, actor: Actor) -> None:
        """What a cell prints of its ticket does not reach the report."""
        show = "print(run.ticket.sandbox.secret, *run.ticket.sandbox.urls.values())"
        run = await bench.run(actor, LOOK, show, sandbox=True, permissions=["sandbox:run"])

        last = bench.said(run).splitlines()[-1]
        assert last.startswith("•••")
        assert last.count("•••") == 1 + len(sandbox.ROLES)

    async def test_it_goes_when_the_kernel_dies(self, bench: Bench, actor: Actor) -> None:
        """A kernel that is killed leaves no server behind."""
        die = "import os; os.kill(os.getpid(), 9)"
        run = await bench.run(actor, LOOK, die, sandbox=True, permissions=["sandbox:run"])

        assert run.status == "failed"
        assert not socket_of(bench.said(run)).exists()

    async def test_a_plain_notebook_has_none(self, bench: Bench, actor: Actor) -> None:
        """A notebook that does not declare it gets no database."""
        run = await bench.run(actor, LOOK)

        assert run.status == "failed"
        assert "NoSandbox" in (run.error or "")


async def test_who_lost_the_right_gets_none(
    bench: Bench, database: Database, tenant: Tenant
) -> None:
    """The right is asked again when the run begins."""
    user = await people.make_user(database)
    place = await people.join(database, tenant.id, user.id, Role.ENGINEER)
    actor = await people.admit(database, user.id, tenant.id)
    bench.put("wild", "pass", LOOK, sandbox=True, permissions=["run:read"])
    run = await bench.order(actor, "wild")
    await people.change_role(database, tenant.id, place, Role.ANALYST)

    ended = await bench.execute(run)

    assert ended.status == "failed"
    assert "sandbox:run" in (ended.error or "")
