"""Files of imports and their rejects are files of the room: counted, and swept when forgotten.

What was kept before has its row made here. Its bytes stay where they lie. How many they are, and
their hash, are not known to PostgreSQL: until the worker has read them, such a file has no hash and
counts as empty.
"""

from migrations.policies import reader_view, run

revision = "0026"
down_revision = "0025"

FORCED = ("imports", "files", "file_quotas")
READ = "tenant_id = (select workbench.tenant_with('file:read'))"
# A file is no way around what its owner asks.
READ_OF_OWNER = f"""{READ} and (
    kind = 'upload'
    or kind in ('import', 'reject') and tenant_id = (select workbench.tenant_with('import:read'))
    or kind = 'artifact' and tenant_id = (select workbench.tenant_with('run:read'))
)"""
ADD = (
    "alter table workbench.files alter column sha256 drop not null",
    "drop view views.imports",
    "alter table workbench.imports add column file_id uuid, add column rejects_id uuid",
)
# The id of an import serves its file too; the rejects need one of their own.
KEEP = (
    """
    insert into workbench.file_quotas (tenant_id)
    select distinct tenant_id from workbench.imports on conflict do nothing
    """,
    """
    insert into workbench.files
        (tenant_id, id, name, kind, media_type, size, storage_key, owner_id, created_by, created_at)
    select tenant_id, id, coalesce(nullif(file_name, ''), 'file'), 'import',
        'application/octet-stream', 0, storage_key, id, requested_by, created_at
    from workbench.imports
    """,
    "update workbench.imports set file_id = id",
    """
    update workbench.imports set rejects_id = gen_random_uuid() where rejects_key is not null
    """,
    """
    insert into workbench.files
        (tenant_id, id, name, kind, media_type, size, storage_key, owner_id, created_by, created_at)
    select tenant_id, rejects_id, 'rejects.csv', 'reject', 'text/plain', 0, rejects_key, id,
        requested_by, coalesce(finished_at, created_at)
    from workbench.imports where rejects_id is not null
    """,
)
TIE = (
    """
    alter table workbench.imports
        alter column file_id set not null,
        drop column storage_key,
        drop column rejects_key,
        add constraint fk_imports_tenant_id_file_id
            foreign key (tenant_id, file_id) references workbench.files,
        add constraint fk_imports_tenant_id_rejects_id
            foreign key (tenant_id, rejects_id) references workbench.files
    """,
    "create index ix_imports_tenant_id_file_id on workbench.imports (tenant_id, file_id)",
    "create index ix_imports_tenant_id_rejects_id on workbench.imports (tenant_id, rejects_id)",
)
BACK = (
    "alter table workbench.imports add column storage_key text, add column rejects_key text",
    """
    update workbench.imports i set storage_key = f.storage_key
    from workbench.files f where f.tenant_id = i.tenant_id and f.id = i.file_id
    """,
    """
    update workbench.imports i set rejects_key = f.storage_key
    from workbench.files f where f.tenant_id = i.tenant_id and f.id = i.rejects_id
    """,
    """
    alter table workbench.imports
        alter column storage_key set not null, drop column file_id, drop column rejects_id
    """,
    """
    update workbench.file_quotas q set used = greatest(0, used - coalesce((
        select sum(f.size) from workbench.files f
        where f.tenant_id = q.tenant_id and f.kind in ('import', 'reject')), 0))
    """,
    "delete from workbench.files where kind in ('import', 'reject') or sha256 is null",
    "alter table workbench.files alter column sha256 set not null",
)


def _unforced(*statements: str) -> None:
    run(*(f"alter table workbench.{table} no force row level security" for table in FORCED))
    run(*statements)
    run(*(f"alter table workbench.{table} force row level security" for table in FORCED))


def upgrade() -> None:
    """Make a file of what each import keeps, and have a file be read by who may read its owner."""
    run(*ADD)
    _unforced(*KEEP)
    run(*TIE, f"alter policy reads on workbench.files using ({READ_OF_OWNER})")
    reader_view("imports")


def downgrade() -> None:
    """Have imports name their bytes themselves again; the bytes stay where they lie."""
    run("drop view views.imports", f"alter policy reads on workbench.files using ({READ})")
    _unforced(*BACK)
    reader_view("imports")
