"""Reports and artifacts of runs are files of the room: counted, deleted and swept like others.

What runs left before has its row made here. Its bytes stay where they lie, and it counts as empty
until the worker has read it, as with imports.
"""

from migrations.policies import reader_view, run

revision = "0027"
down_revision = "0026"

FORCED = ("artifacts", "files", "file_quotas")
ADD = (
    "drop view views.artifacts",
    "alter table workbench.artifacts add column file_id uuid",
)
# The id of an artifact serves its file too.
KEEP = (
    """
    insert into workbench.file_quotas (tenant_id)
    select distinct tenant_id from workbench.artifacts on conflict do nothing
    """,
    """
    insert into workbench.files (tenant_id, id, name, kind, media_type, size, storage_key, owner_id,
        created_at, deleted_at, deleted_by)
    select tenant_id, id, name, 'artifact', media_type, 0, storage_key, run_id,
        created_at, deleted_at, deleted_by
    from workbench.artifacts
    """,
    "update workbench.artifacts set file_id = id",
)
# What was deleted may outlast its file, which another room purges.
TIE = (
    """
    alter table workbench.artifacts
        drop column storage_key,
        add constraint ck_artifacts_file_id check (file_id is not null or deleted_at is not null),
        add constraint fk_artifacts_tenant_id_file_id
            foreign key (tenant_id, file_id) references workbench.files
            on delete set null (file_id)
    """,
    "create index ix_artifacts_tenant_id_file_id on workbench.artifacts (tenant_id, file_id)",
)
BACK = (
    "alter table workbench.artifacts add column storage_key text",
    """
    update workbench.artifacts a set storage_key = f.storage_key
    from workbench.files f where f.tenant_id = a.tenant_id and f.id = a.file_id
    """,
    "delete from workbench.artifacts where storage_key is null",
    """
    alter table workbench.artifacts alter column storage_key set not null, drop column file_id
    """,
    """
    update workbench.file_quotas q set used = greatest(0, used - coalesce((
        select sum(f.size) from workbench.files f
        where f.tenant_id = q.tenant_id and f.kind = 'artifact'), 0))
    """,
    "delete from workbench.files where kind = 'artifact'",
)


def _unforced(*statements: str) -> None:
    run(*(f"alter table workbench.{table} no force row level security" for table in FORCED))
    run(*statements)
    run(*(f"alter table workbench.{table} force row level security" for table in FORCED))


def upgrade() -> None:
    """Make a file of each artifact."""
    run(*ADD)
    _unforced(*KEEP)
    run(*TIE)
    reader_view("artifacts")


def downgrade() -> None:
    """Have artifacts name their bytes themselves again; the bytes stay where they lie."""
    run("drop view views.artifacts")
    _unforced(*BACK)
    reader_view("artifacts")
