"""What runs left by keys of their own becomes files, and keys again; no byte gets lost."""

from tests.isolation.conftest import made
from tests.migrations.test_attached import move
from workbench.db.embedded import Embedded
from workbench.settings import Settings

BEFORE = "0026"
FILES = """
select a.tenant_id, f.storage_key, f.name = a.name, f.owner_id = a.run_id, f.sha256 is null,
    f.deleted_at is not distinct from a.deleted_at
from workbench.artifacts a
left join workbench.files f on f.tenant_id = a.tenant_id and f.id = a.file_id
    and f.kind = 'artifact'
order by 1
"""
KEYS = "select tenant_id, storage_key from workbench.artifacts order by 1"
USED = "select tenant_id, used from workbench.file_quotas order by 1"


async def test_keys_become_files_and_keys_again(settings: Settings, migrated: Embedded) -> None:
    """Two tenants with a file of a run each; one that was deleted long ago lost its bytes."""
    async with made(settings, migrated, "artifacts_round") as world:
        run = world.superuser.execute
        tenants = sorted([world.a.tenant_id, world.b.tenant_id])
        run("update workbench.imports set rejects_id = null")
        run("update workbench.file_quotas set used = 7")
        run(
            """
            with own as (
                insert into workbench.files (tenant_id, id, name, kind, media_type, size,
                    storage_key, owner_id)
                select tenant_id, id, name, 'artifact', media_type, 5, 'kept', run_id
                from workbench.artifacts returning tenant_id, id
            )
            update workbench.artifacts a set file_id = own.id
            from own where own.tenant_id = a.tenant_id
            """
        )
        run(
            "insert into workbench.artifacts (tenant_id, id, run_id, name, media_type, size,"
            " deleted_at) select tenant_id, gen_random_uuid(), run_id, name, media_type, 5, now()"
            " from workbench.artifacts"
        )
        move(world, BEFORE)
        assert run(KEYS).fetchall() == [(tenant, "kept") for tenant in tenants]
        assert run(USED).fetchall() == [(tenant, 2) for tenant in tenants]
        run("update workbench.artifacts set deleted_at = now() where tenant_id = %s", tenants[:1])
        run("delete from workbench.file_quotas")
        move(world, "head")
        assert run(FILES).fetchall() == [
            (tenant, "kept", True, True, True, True) for tenant in tenants
        ]
        assert run(USED).fetchall() == [(tenant, 0) for tenant in tenants]
