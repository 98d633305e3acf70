"""The chain of the audit: sealed in batches, and every kind of tampering is found (O1)."""

import asyncio
import hashlib
import json
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from tests.conftest import MakeActor
from tests.isolation.world import connect as open_connection
from tests.support import people
from workbench.actor import Actor
from workbench.audit import chain, commands, queries, verifying
from workbench.audit.models import AuditEntry
from workbench.db import connect, roles
from workbench.db.embedded import Embedded
from workbench.db.session import Database
from workbench.errors import Forbidden
from workbench.permissions import Permission, Role
from workbench.settings import Settings
from workbench.tenants.models import Tenant

DETAILS: dict[str, Any] = {
    "bb": 1.50,
    "a": ["é\u2028\"\\\n\x01\x7f", None, True, 10**40, -0.1],
    "ä": {"": 1e300, "z": {}},
    "number": 3,
}


def sealer(tenant_id: UUID) -> Actor:
    """The task that seals and verifies."""
    held = (Permission.AUDIT_READ, Permission.AUDIT_SEAL)
    return Actor.of_system("audit", *held, tenant_id=tenant_id)


async def note(database: Database, actor: Actor, count: int, **details: Any) -> None:
    """Write entries in one transaction."""
    async with database.session(actor) as session:
        for number in range(count):
            commands.record(session, actor, "test.deed", f"thing {number}", rows=number, **details)


async def seal(database: Database, tenant_id: UUID, most: int = 1000) -> int:
    """Seal one batch."""
    async with database.session(sealer(tenant_id)) as session:
        return await commands.seal(session, sealer(tenant_id), most)


async def verdict(database: Database, tenant_id: UUID, **options: Any) -> verifying.Verdict:
    """Verify a tenant's chain."""
    return await verifying.verify(database, sealer(tenant_id), **options)


@pytest.fixture
async def owner(make_actor: MakeActor, tenant: Tenant) -> Actor:
    """An owner of the tenant, whose chain holds what happened so far."""
    return await make_actor(tenant, Role.OWNER)


class TestForm:
    """What is hashed is the same in PostgreSQL and in Python."""

    async def test_python_reproduces_the_hashes(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """Every field, hostile texts, numbers of many digits and nulls among them."""
        await note(database, owner, 3, **DETAILS)
        system = Actor.of_system("test", tenant_id=tenant.id)
        async with database.session(system) as session:
            commands.record(session, system, "test.é:,-", '"7:x,', run_id=tenant.id)
        assert await seal(database, tenant.id) >= 5
        found = await verdict(database, tenant.id)
        assert (found.wrong, found.waiting) == (None, 0)
        assert found.checked == found.position >= 5

    async def test_json_is_written_as_postgresql_prints_it(self, database: Database) -> None:
        """`canonical` is the text of jsonb, to the byte, also for what a file was parsed from."""
        async with database.app.begin() as connection:
            printed = await connection.scalar(
                text("select cast(:value as jsonb)::text"), {"value": json.dumps(DETAILS)}
            )
        numbers = {"parse_float": chain.Decimal, "parse_int": chain.Decimal}
        assert chain.canonical(json.loads(printed, **numbers)) == printed

    def test_no_two_entries_share_a_form(self) -> None:
        """A field cannot pretend to be two, nor null to be a text."""
        forms = {chain.form(fields) for fields in (["a", "b"], ["a,1:b"], ["a", None], ["a", "-"])}
        assert len(forms) == 4
        assert chain.form(["é", None]) == b"17:workbench audit 1,2:\xc3\xa9,-,"


class TestSeal:
    """Sealing in batches."""

    async def test_batches_continue_one_chain(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """Small batches make the same chain as a large one, without gaps."""
        await note(database, owner, 7)
        while await seal(database, tenant.id, 2):
            pass
        found = await verdict(database, tenant.id)
        assert (found.wrong, found.waiting) == (None, 0)
        assert found.position >= 8
        assert (await verdict(database, tenant.id, last=3)).checked == 3

    async def test_what_commits_late_is_sealed_later(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """An entry whose id and time lie before those of sealed ones gets its place all the same."""
        async with database.session(owner) as late:
            commands.record(late, owner, "test.late", "a")
            await late.flush()
            await note(database, owner, 2)
            await seal(database, tenant.id)
            before = await verdict(database, tenant.id)
        assert await seal(database, tenant.id) == 1
        after = await verdict(database, tenant.id)
        assert (before.wrong, after.wrong) == (None, None)
        assert after.position == before.position + 1

    async def test_two_sealers_do_each_entry_once(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """Several at once wait for one another."""
        await note(database, owner, 60)
        counts = await asyncio.gather(*(seal(database, tenant.id, 20) for _ in range(6)))
        found = await verdict(database, tenant.id)
        assert found.wrong is None
        assert sum(counts) == found.position

    async def test_nobody_waits_for_a_sealer(
        self,
        database: Database,
        tenant: Tenant,
        owner: Actor,
        other_tenant: Tenant,
        make_actor: MakeActor,
    ) -> None:
        """While a batch is open its tenant writes on, and another tenant is sealed."""
        await note(database, owner, 2)
        other = await make_actor(other_tenant, Role.OWNER)
        async with database.session(sealer(tenant.id)) as session:
            await commands.seal(session, sealer(tenant.id))
            async with asyncio.timeout(5):
                await note(database, owner, 2)
                await note(database, other, 2)
                assert await seal(database, other_tenant.id) >= 2
        assert await seal(database, tenant.id) == 2
        assert (await verdict(database, tenant.id)).wrong is None

    async def test_it_is_the_sealers_alone(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """An owner seals nothing: not in the room, not behind it; the task does."""
        async with database.session(owner) as session:
            with pytest.raises(Forbidden):
                await commands.seal(session, owner)
            with pytest.raises(DBAPIError, match="audit:seal"):
                await session.execute(text("select workbench.seal_audit(10)"))
            await session.rollback()
        async with database.session(owner) as session:
            values = {"tenant": tenant.id}
            forged = "insert into audit_links values (:tenant, 9, :tenant, '')"
            with pytest.raises(DBAPIError, match="row-level security"):
                await session.execute(text(forged), values)
            await session.rollback()
        assert await seal(database, tenant.id) >= 1

    async def test_tenants_with_something_to_seal_are_found(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """A tenant is due until its entries are sealed."""
        system = Actor.of_system("audit")
        del owner
        async with database.session(system) as session:
            assert tenant.id in await commands.due(session, 100_000)
        await seal(database, tenant.id)
        async with database.session(system) as session:
            assert tenant.id not in await commands.due(session, 100_000)


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
        changed = connection.execute(statement).rowcount  # type: ignore[arg-type]
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
                "update workbench.audit_links set position = -4 "
                "where tenant_id = :tenant and position = 4; "
                "update workbench.audit_links set position = 4 "
                "where tenant_id = :tenant and position = 5; "
                "update workbench.audit_links set position = 5 "
                "where tenant_id = :tenant and position = -4",
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
        assert connection.execute(statement).rowcount > 0  # type: ignore[arg-type]


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


class TestPurge:
    """What is purged leaves the hash that the rest continues from."""

    @pytest.fixture
    def purger(self) -> Actor:
        """The platform's task that purges."""
        return Actor.of_system("purge", Permission.TENANT_PURGE, Permission.PLATFORM_READ)

    async def test_the_rest_is_still_sound(
        self, database: Database, tenant: Tenant, owner: Actor, purger: Actor
    ) -> None:
        """After a retention the chain begins where the purge ended, and goes on."""
        await note(database, owner, 6)
        await seal(database, tenant.id)
        async with database.session(purger) as session:
            assert await commands.purge(session, purger, tenant.id, upto=4) == 4
        await note(database, owner, 1)
        await seal(database, tenant.id)
        found = await verdict(database, tenant.id)
        assert found.wrong is None
        assert found.position == found.checked + 4

    async def test_all_goes_and_the_last_hash_stays(
        self, database: Database, tenant: Tenant, owner: Actor, purger: Actor
    ) -> None:
        """Nothing is left of a tenant but where its chain ended; a new entry follows it."""
        await seal(database, tenant.id)
        before = await verdict(database, tenant.id)
        async with database.session(purger) as session:
            assert await commands.purge(session, purger, tenant.id) == before.checked
            kept = text("select position, hash from audit_purges where tenant = :tenant")
            row = (await session.execute(kept, {"tenant": str(tenant.id)})).one()
        assert tuple(row) == (before.position, before.hash)
        async with database.session(owner) as session:
            assert (await session.scalars(select(AuditEntry.id))).all() == []
        await note(database, owner, 1)
        await seal(database, tenant.id)
        after = await verdict(database, tenant.id)
        assert (after.wrong, after.position) == (None, before.position + 1)


async def test_a_verdict_of_another_tenant_is_out_of_reach(
    database: Database, tenant: Tenant, owner: Actor, other_tenant: Tenant, make_actor: MakeActor
) -> None:
    """Links, seals and purges are each tenant's own (O2)."""
    other = await make_actor(other_tenant, Role.OWNER)
    await seal(database, tenant.id)
    await seal(database, other_tenant.id)
    async with database.session(owner) as session:
        for table in ("audit_links", "audit_seals"):
            found = await session.scalars(text(f"select distinct tenant_id from {table}"))
            assert found.all() == [tenant.id]
        assert (await session.scalars(queries.last_seal(owner))).one().tenant_id == tenant.id
    viewer = await people.make_actor(database, tenant.id, Role.VIEWER)
    async with database.session(viewer) as session:
        assert (await session.execute(text("select * from audit_links"))).all() == []
    async with database.session(other) as session:
        assert (await session.scalars(queries.last_seal(other))).one().tenant_id == other.tenant_id
