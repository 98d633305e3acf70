"""Audit entries, outbox messages, and the answers kept for idempotency keys."""

from migrations.policies import APP, KEEPER, definer, guarded_table, kept_table, run

revision = "0003"
down_revision = "0002"

TABLES = (
    """
    create table workbench.audit_entries (
        tenant_id uuid not null
            constraint fk_audit_entries_tenant_id references workbench.tenants,
        id uuid not null,
        at timestamptz not null default clock_timestamp(),
        subject text not null,
        sid uuid,
        action text not null,
        target text not null,
        details jsonb not null,
        constraint pk_audit_entries primary key (tenant_id, id)
    )
    """,
    """
    create table workbench.outbox_messages (
        tenant_id uuid not null
            constraint fk_outbox_messages_tenant_id references workbench.tenants,
        id uuid not null,
        topic text not null,
        payload jsonb not null,
        created_at timestamptz not null default now(),
        sent_at timestamptz,
        constraint pk_outbox_messages primary key (tenant_id, id)
    )
    """,
    """
    create index ix_outbox_messages_created_at
        on workbench.outbox_messages (created_at) where sent_at is null
    """,
    """
    create table workbench.idempotency_keys (
        tenant_id uuid not null
            constraint fk_idempotency_keys_tenant_id references workbench.tenants,
        id uuid not null,
        subject text not null,
        key text not null,
        request_hash text not null,
        status integer,
        answer jsonb,
        created_at timestamptz not null default now(),
        constraint pk_idempotency_keys primary key (tenant_id, id)
    )
    """,
    """
    create unique index uq_idempotency_keys_tenant_id_subject_key
        on workbench.idempotency_keys (tenant_id, subject, key)
    """,
)

OUTBOX_DUE = """
create function workbench.outbox_due(most integer) returns table (tenant_id uuid, id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select m.tenant_id, m.id from workbench.outbox_messages m
    where m.sent_at is null order by m.created_at limit most
$$
"""


def upgrade() -> None:
    """Make the records that every room writes."""
    run(*TABLES)
    own = "tenant_id = (select workbench.actor_tenant())"
    founding = "(select workbench.platform_with('tenant:manage'))"
    guarded_table(
        "audit_entries",
        select="tenant_id = (select workbench.tenant_with('audit:read'))",
        insert=f"{own} or {founding}",
    )
    guarded_table("outbox_messages", select=own, insert=f"{own} or {founding}", update=own)
    guarded_table("idempotency_keys", select=own, insert=own, update=own, delete=own)
    kept_table("outbox_messages")
    run(OUTBOX_DUE)
    definer("workbench.outbox_due(integer)", KEEPER, APP)


def downgrade() -> None:
    """Drop the records."""
    run(
        "drop function workbench.outbox_due(integer)",
        "drop table workbench.idempotency_keys, workbench.outbox_messages, workbench.audit_entries",
    )
