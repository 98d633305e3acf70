"""Entries that were written before there was a chain are sealed like all others."""

from alembic import command
from sqlalchemy import text

from tests.migrations.conftest import MakeScratch
from workbench.db import schema
from workbench.db.ids import new_id

BEFORE = "0013"
ENTRY = text(
    "insert into workbench.audit_entries (tenant_id, id, subject, action, target, details) "
    "values (:tenant, :id, 'a', 'test.old', 'b', '{}')"
)


def test_old_entries_wait_for_their_seal(make_scratch: MakeScratch) -> None:
    """The migration lets no entry out, though its own role is bound by the policies."""
    scratch = make_scratch("old_entries")
    scratch.upgrade()
    tenant, entry = new_id(), new_id()
    with scratch.engine().connect() as connection:
        alembic = schema.config(connection)
        command.downgrade(alembic, BEFORE)
        for table in ("tenants", "audit_entries"):
            connection.execute(text(f"alter table workbench.{table} no force row level security"))
        values = {"tenant": tenant, "id": entry}
        connection.execute(
            text("insert into workbench.tenants (id, slug, name) values (:tenant, 'a', 'A')"),
            {"tenant": tenant},
        )
        connection.execute(ENTRY, values)
        for table in ("tenants", "audit_entries"):
            connection.execute(text(f"alter table workbench.{table} force row level security"))
        connection.commit()
        command.upgrade(alembic, "head")
        waiting = connection.execute(text("select * from workbench_private.audit_unsealed"))
        assert [tuple(row) for row in waiting] == [(tenant, entry)]
