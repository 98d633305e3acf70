"""What imports kept by keys of their own becomes files, and keys again; no byte gets lost."""

from alembic import command
from sqlalchemy import create_engine, pool

from tests.isolation.conftest import made
from tests.isolation.world import World
from workbench.db import schema
from workbench.db.embedded import Embedded
from workbench.settings import Settings

BEFORE = "0025"
FILES = """
select i.tenant_id, f.storage_key, r.storage_key, f.owner_id = i.id, f.sha256 is null
from workbench.imports i
join workbench.files f on f.tenant_id = i.tenant_id and f.id = i.file_id and f.kind = 'import'
left join workbench.files r on r.tenant_id = i.tenant_id and r.id = i.rejects_id
    and r.kind = 'reject'
order by 1
"""
KEYS = "select tenant_id, storage_key, rejects_key from workbench.imports order by 1"
USED = "select tenant_id, used from workbench.file_quotas order by 1"


async def test_keys_become_files_and_keys_again(settings: Settings, migrated: Embedded) -> None:
    """Two tenants with an import each, one of which refused rows."""
    async with made(settings, migrated, "attached_round") as world:
        run = world.superuser.execute
        run("update workbench.files set kind = 'import', size = 5")
        run("update workbench.imports set rejects_id = null")
        run("update workbench.file_quotas set used = 7")
        tenants = sorted([world.a.tenant_id, world.b.tenant_id])
        kept = {tenant: key for tenant, key, *_ in run(FILES).fetchall()}
        assert sorted(kept) == tenants
        move(world, BEFORE)
        assert run(KEYS).fetchall() == [(tenant, kept[tenant], None) for tenant in tenants]
        assert run("select count(*) from workbench.files").fetchone() == (0,)
        assert run(USED).fetchall() == [(tenant, 2) for tenant in tenants]
        run(
            "update workbench.imports set rejects_key = 'refused' where tenant_id = %s", tenants[:1]
        )
        run("delete from workbench.file_quotas")
        move(world, "head")
        refused = ["refused", None]
        assert run(FILES).fetchall() == [
            (tenant, kept[tenant], key, True, True)
            for tenant, key in zip(tenants, refused, strict=True)
        ]
        assert run(USED).fetchall() == [(tenant, 0) for tenant in tenants]


def move(world: World, to: str) -> None:
    """Downgrade or upgrade the world's database."""
    with create_engine(world.owner, poolclass=pool.NullPool).connect() as connection:
        config = schema.config(connection)
        (command.upgrade if to == "head" else command.downgrade)(config, to)
