"""Files: what tenants keep, uploads on their way, and how much room each tenant has."""

from migrations.policies import APP, KEEPER, definer, kept_table, run, tenant_table

revision = "0021"
down_revision = "0020"

HELD = {
    "analyst": "{file:read}",
    "engineer": "{file:read,file:write}",
    "owner": "{file:read,file:write}",
}
KINDS = "('upload', 'import', 'reject', 'artifact')"
DIGEST = "'^[0-9a-f]{64}$'"
TABLES = (
    f"""
    create table workbench.files (
        tenant_id uuid not null constraint fk_files_tenant_id references workbench.tenants,
        id uuid not null,
        name text not null constraint ck_files_name check (name <> ''),
        kind text not null constraint ck_files_kind check (kind in {KINDS}),
        media_type text not null,
        size bigint not null constraint ck_files_size check (size >= 0),
        sha256 text not null constraint ck_files_sha256 check (sha256 ~ {DIGEST}),
        storage_key text not null,
        owner_id uuid,
        created_by uuid constraint fk_files_created_by references workbench.users,
        created_at timestamptz not null default now(),
        lost_at timestamptz,
        deleted_at timestamptz,
        deleted_by text,
        constraint pk_files primary key (tenant_id, id)
    )
    """,
    """
    create index ix_files_tenant_id_deleted_at on workbench.files (tenant_id, deleted_at)
        where deleted_at is not null
    """,
    "create index ix_files_created_by on workbench.files (created_by)",
    f"""
    create table workbench.uploads (
        tenant_id uuid not null constraint fk_uploads_tenant_id references workbench.tenants,
        id uuid not null,
        name text not null constraint ck_uploads_name check (name <> ''),
        kind text not null constraint ck_uploads_kind check (kind in {KINDS}),
        size bigint constraint ck_uploads_size check (size >= 0),
        sha256 text constraint ck_uploads_sha256 check (sha256 ~ {DIGEST}),
        reserved bigint not null constraint ck_uploads_reserved check (reserved >= 0),
        received bigint not null constraint ck_uploads_received
            check (received >= 0 and received <= size),
        parts jsonb not null,
        created_by uuid constraint fk_uploads_created_by references workbench.users,
        created_at timestamptz not null default now(),
        constraint pk_uploads primary key (tenant_id, id)
    )
    """,
    "create index ix_uploads_created_by on workbench.uploads (created_by)",
    """
    create table workbench.file_quotas (
        tenant_id uuid not null constraint fk_file_quotas_tenant_id references workbench.tenants,
        quota bigint constraint ck_file_quotas_quota check (quota >= 0),
        used bigint not null default 0 constraint ck_file_quotas_used check (used >= 0),
        constraint pk_file_quotas primary key (tenant_id)
    )
    """,
)
# Ids alone, so that the worker can look after each tenant as that tenant's actor. Who ever had a
# file has a row of quotas, also when nothing but forgotten bytes is left.
TENANTS = """
create function workbench.tenants_with_files() returns setof uuid
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select q.tenant_id from workbench.file_quotas q
    join workbench.tenants t on t.id = q.tenant_id and t.deleted_at is null
$$
"""


def upgrade() -> None:
    """Make the tables, and let analysts read files and engineers write them."""
    run(*TABLES, TENANTS)
    for table in ("files", "uploads", "file_quotas"):
        tenant_table(table, read="file:read", write="file:write")
    kept_table("file_quotas")
    definer("workbench.tenants_with_files()", KEEPER, APP)
    for role, held in HELD.items():
        run(
            "update workbench_private.system_roles set permissions = array(select distinct p from "
            f"unnest(permissions || '{held}') p order by p) where name = '{role}'"
        )


def downgrade() -> None:
    """Drop the tables; the bytes stay in storage, in each tenant's folder."""
    run(
        "update workbench_private.system_roles set permissions = "
        "array_remove(array_remove(permissions, 'file:read'), 'file:write')",
        "drop function workbench.tenants_with_files()",
        "drop table workbench.file_quotas, workbench.uploads, workbench.files",
    )
