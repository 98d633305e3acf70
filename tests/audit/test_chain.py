"""The chain of the audit: sealed in batches, and every kind of tampering is found (O1)."""

import asyncio
import hashlib
import json
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from tests.audit.sealing import note, seal, verdict
from tests.conftest import MakeActor
from tests.support import people
from workbench.actor import Actor
from workbench.audit import chain, commands, queries
from workbench.audit.models import AuditEntry
from workbench.db.session import Database
from workbench.errors import Forbidden
from workbench.permissions import Permission, Role
from workbench.settings import ROOT
from workbench.tenants.models import Tenant

DETAILS: dict[str, Any] = {
    "bb": 1.50,
    "a": ['é\u2028"\\\n\x01\x7f', None, True, 10**40, -0.1],
    "ä": {"": 1e300, "z": {}},
    "number": 3,
}


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
        parsed = json.loads(printed, parse_float=Decimal, parse_int=Decimal)
        assert chain.canonical(parsed) == printed

    def test_no_two_entries_share_a_form(self) -> None:
        """A field cannot pretend to be two, nor null to be a text."""
        forms = {chain.form(fields) for fields in (["a", "b"], ["a,1:b"], ["a", None], ["a", "-"])}
        assert len(forms) == 4
        assert chain.form(["é", None]) == b"17:workbench audit 1,2:\xc3\xa9,-,"

    def test_the_documented_example_is_true(self) -> None:
        """What `docs/audit.md` shows is what comes out."""
        page = (ROOT / "docs" / "audit.md").read_text()
        form, hash_ = (
            line.split(" = ", 1)[1]
            for line in page.splitlines()[-2:]
            if line.startswith(("    form = ", "    hash = "))
        )
        assert hashlib.sha256(chain.START + form.encode()).hexdigest() == hash_
        fields = ["a", "b", "2026-11-23T09:30:00.000000Z", "system:shell", None, "tenant.create"]
        shown = chain.form([*fields, "ua", None, None, "{}"]).decode()
        assert shown.split(",")[4:] == form.split(",")[4:]


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
        """An entry that is older than sealed ones gets its place all the same."""
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
        async with database.session(commands.sealer(tenant.id)) as session:
            await commands.seal(session, commands.sealer(tenant.id))
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
