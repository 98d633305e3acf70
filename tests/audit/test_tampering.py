"""Nobody changes the audit, and who can change PostgreSQL itself is found out (O1)."""

import hashlib
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from tests.audit.sealing import note, seal, verdict
from tests.isolation.world import connect as open_connection
from workbench.actor import Actor
from workbench.audit import chain, commands
from workbench.db import connect, roles
from workbench.db.embedded import Embedded
from workbench.db.session import Database
from workbench.errors import Forbidden
from workbench.settings import Settings
from workbench.tenants.models import Tenant

SWAP = "; ".join(
    f"update workbench.audit_links set position = {after} "
    f"where tenant_id = :tenant and position = {before}"
    for before, after in ((4, -4), (5, 4), (-4, 5))
)
CHANGES = {
    "update": "update workbench.{} set {} = {}",
    "delete": "delete from workbench.{}",
    "truncate": "truncate workbench.{} cascade",
}
TABLES = {
    "audit_entries": "action",
    "audit_links": "hash",
    "audit_seals": "hash",
    "audit_purges": "hash",
}


class TestAppendOnly:
    """No role changes what was written (O1)."""

    @pytest.mark.parametrize("table", TABLES)
    @pytest.mark.parametrize("change", CHANGES)
    async def test_nobody_changes_it(
        self,
        database: Database,
        settings: Settings,
        migrated: Embedded,
        tenant: Tenant,
        owner: Actor,
        table: str,
        change: str,
    ) -> None:
        """The application, readers, the keeper, the owner and even a superuser are refused."""
        await note(database, owner, 1)
        await seal(database, tenant.id)
        statement = CHANGES[change].format(table, TABLES[table], TABLES[table])
        for url in (
            database.logins.app,
            database.logins.reader,
            connect.login_url(settings, roles.OWNER),
        ):
            with open_connection(url) as connection:
                token = database.key.mint(owner)
                connection.execute("select set_config('workbench.actor_token', %s, false)", [token])
                _refused(connection, statement, is_empty_handed=roles.OWNER in str(url))
        with migrated.superuser("workbench") as connection:
            connection.execute("set role workbench_keeper")
            _refused(connection, statement)
            connection.execute("reset role")
            with migrated.superuser("workbench") as other:
                _refused(other, statement, is_empty_handed=table == "audit_purges")

    async def test_a_purge_of_another_is_refused(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """A tenant's owner purges nothing: not in the room, not behind it."""
        async with database.session(owner) as session:
            with pytest.raises(Forbidden):
                await commands.purge(session, owner, tenant.id)
            with pytest.raises(DBAPIError, match="tenant:purge"):
                await session.execute(commands.PURGE, {"tenant": tenant.id, "upto": None})
            await session.rollback()


def _refused(
    connection: psycopg.Connection, statement: str, *, is_empty_handed: bool = False
) -> None:
    """Whoever may name the table is refused by the trigger; whom policies bind may find no row."""
    try:
        changed = connection.execute(statement).rowcount
    except psycopg.errors.InsufficientPrivilege:
        return
    assert is_empty_handed
    assert statement.startswith("delete")
    assert changed == 0


class TestTampering:
    """A superuser who switches the triggers off is found out."""

    @pytest.mark.parametrize(
        ("tamper", "place", "words"),
        [
            ("delete from workbench.audit_entries where id = :id", 4, "the entry is missing"),
            (
                "delete from workbench.audit_links where tenant_id = :tenant and position = 4",
                4,
                "the link is missing",
            ),
            (
                "update workbench.audit_entries set subject = 'nobody' where id = :id",
                4,
                "not the one that was sealed",
            ),
            (
                "update workbench.audit_entries set at = at + interval '1 us' where id = :id",
                4,
                "not the one that was sealed",
            ),
            (
                "update workbench.audit_entries set details = '{\"a\": 1}' where id = :id",
                4,
                "not the one that was sealed",
            ),
            (
                "update workbench.audit_entries set rows = null where id = :id",
                4,
                "not the one that was sealed",
            ),
            (
                SWAP,
                4,
                "not the one that was sealed",
            ),
            (
                "delete from workbench.audit_links where tenant_id = :tenant and position > 6",
                7,
                "the chain was sealed up to",
            ),
        ],
    )
    async def test_it_is_found_at_its_place(
        self,
        database: Database,
        migrated: Embedded,
        tenant: Tenant,
        owner: Actor,
        tamper: str,
        place: int,
        words: str,
    ) -> None:
        """Removed, changed, reordered and cut off: the first bad position is named."""
        await note(database, owner, 8)
        await seal(database, tenant.id)
        assert (await verdict(database, tenant.id)).wrong is None
        _tamper(migrated, tenant.id, tamper)
        found = await verdict(database, tenant.id)
        assert found.wrong is not None
        assert found.wrong.startswith(f"position {place}:")
        assert words in found.wrong
        assert found.position == place - 1

    async def test_an_inserted_entry_is_found(
        self, database: Database, migrated: Embedded, tenant: Tenant, owner: Actor
    ) -> None:
        """One that was slipped in beside the triggers is in no chain."""
        await note(database, owner, 1)
        await seal(database, tenant.id)
        _tamper(
            migrated,
            tenant.id,
            "insert into workbench.audit_entries select tenant_id, gen_random_uuid(), at, subject, "
            "sid, action, target, details from workbench.audit_entries where id = :id",
            position=1,
        )
        wrong = (await verdict(database, tenant.id)).wrong
        assert wrong is not None
        assert "never sealed" in wrong

    async def test_a_chain_made_anew_is_found(
        self, database: Database, migrated: Embedded, tenant: Tenant, owner: Actor
    ) -> None:
        """Links that were computed again after a change do not meet the seal."""
        await note(database, owner, 3)
        await seal(database, tenant.id)
        _tamper(
            migrated,
            tenant.id,
            "update workbench.audit_entries set subject = 'nobody' where id = :id",
        )
        _remake(migrated, tenant.id)
        wrong = (await verdict(database, tenant.id)).wrong
        assert wrong is not None
        assert "the seal has another hash" in wrong


def _tamper(server: Embedded, tenant_id: UUID, statement: str, *, position: int = 4) -> None:
    with server.superuser("workbench") as connection:
        connection.execute("set session_replication_role = replica")
        row = connection.execute(
            "select entry_id from workbench.audit_links where tenant_id = %s and position = %s",
            [tenant_id, position],
        ).fetchone()
        assert row is not None
        statement = statement.replace(":id", f"'{row[0]}'").replace(":tenant", f"'{tenant_id}'")
        assert connection.execute(statement).rowcount > 0


def _remake(server: Embedded, tenant_id: UUID) -> None:
    with server.superuser("workbench") as connection:
        connection.execute("set session_replication_role = replica")
        found = connection.execute(
            "select l.position, workbench.audit_form(e) from workbench.audit_links l "
            "join workbench.audit_entries e on e.id = l.entry_id "
            "where l.tenant_id = %s order by 1",
            [tenant_id],
        ).fetchall()
        before = chain.START
        for position, form in found:
            before = hashlib.sha256(before + form).digest()
            connection.execute(
                "update workbench.audit_links set hash = %s where tenant_id = %s and position = %s",
                [before, tenant_id, position],
            )
