"""Mails that wait to be sent, invitations to tenants, and password resets."""

from migrations.policies import (
    APP,
    KEEPER,
    definer,
    guarded_table,
    kept_table,
    run,
    tenant_table,
)

revision = "0012"
down_revision = "0011"

MAIL = """
    recipient text not null,
    user_id uuid constraint fk_{table}_user_id references workbench.users,
    template text not null,
    details jsonb not null,
    status text not null default 'queued'
        constraint ck_{table}_status check (status in ('queued', 'sent', 'failed')),
    attempts integer not null default 0,
    next_attempt_at timestamptz not null default now(),
    error text,
    message_id text,
    sent_at timestamptz,
    created_at timestamptz not null default now()
"""
TABLES = (
    f"""
    create table workbench.mails (
        tenant_id uuid not null constraint fk_mails_tenant_id references workbench.tenants,
        id uuid not null,
        {MAIL.format(table="mails")},
        constraint pk_mails primary key (tenant_id, id)
    )
    """,
    f"""
    create table workbench.account_mails (
        id uuid constraint pk_account_mails primary key,
        {MAIL.format(table="account_mails")}
    )
    """,
    *(
        f"create index ix_{table}_next_attempt_at on workbench.{table} (next_attempt_at) "
        "where status = 'queued'"
        for table in ("mails", "account_mails")
    ),
    "create index ix_account_mails_user_id on workbench.account_mails (user_id)",
    """
    create table workbench.invitations (
        tenant_id uuid not null constraint fk_invitations_tenant_id references workbench.tenants,
        id uuid not null,
        email text not null constraint ck_invitations_email check (email = lower(email)),
        role text not null constraint ck_invitations_role
            check (role in ('guest', 'viewer', 'analyst', 'engineer', 'owner')),
        invited_by uuid constraint fk_invitations_invited_by references workbench.users,
        expires_at timestamptz not null,
        accepted_at timestamptz,
        created_at timestamptz not null default now(),
        deleted_at timestamptz,
        deleted_by text,
        constraint pk_invitations primary key (tenant_id, id)
    )
    """,
    """
    create unique index uq_invitations_tenant_id_email
        on workbench.invitations (tenant_id, email) where deleted_at is null
    """,
    """
    create table workbench.password_resets (
        id uuid constraint pk_password_resets primary key,
        user_id uuid not null constraint fk_password_resets_user_id references workbench.users,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        used_at timestamptz
    )
    """,
    "create index ix_password_resets_user_id on workbench.password_resets (user_id)",
)

MAILS_DUE = """
create function workbench.mails_due(at timestamptz, most integer)
returns table (tenant_id uuid, id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select d.tenant_id, d.id from (
        select m.tenant_id, m.id, m.next_attempt_at from workbench.mails m
            where m.status = 'queued' and m.next_attempt_at <= at
        union all
        select null, m.id, m.next_attempt_at from workbench.account_mails m
            where m.status = 'queued' and m.next_attempt_at <= at
    ) d order by d.next_attempt_at limit most
$$
"""

# Whether a user may do, now and in a tenant, all that a system role allows.
HOLDS_ROLE = """
create function workbench.holds_role(member uuid, inside uuid, wanted text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select coalesce((
        select r.permissions <@ workbench_private.held_by(member, inside)
        from workbench_private.system_roles r where r.name = wanted
    ), false)
$$
"""


def upgrade() -> None:
    """Make the tables, and the functions that answer ids and yes or no across tenants."""
    run(*TABLES, MAILS_DUE, HOLDS_ROLE)
    definer("workbench.mails_due(timestamptz, integer)", KEEPER, APP)
    definer("workbench.holds_role(uuid, uuid, text)", KEEPER, APP)
    _mails()
    _invitations()
    signing_in = "(select workbench.platform_with('user:authenticate'))"
    sending = "(select workbench.platform_with('mail:send'))"
    guarded_table(
        "password_resets",
        select=f"{signing_in} or {sending}",
        insert=sending,
        update=f"{signing_in} or {sending}",
        delete=sending,
    )


def _mails() -> None:
    """Let who manages members cause mail, everybody to himself, and the mail task send it."""
    tenant_table("mails", read="mail:send", write="mail:send")
    run(
        f"create policy causes on workbench.mails for insert to {APP} with check ("
        "tenant_id = (select workbench.tenant_with('member:manage')) "
        "or tenant_id = (select workbench.actor_tenant()) "
        "and user_id = (select workbench.actor_user()))"
    )
    sending = "(select workbench.platform_with('mail:send'))"
    guarded_table(
        "account_mails",
        select=sending,
        insert=f"{sending} or (select workbench.platform_with('user:authenticate')) "
        "or user_id = (select workbench.actor_user())",
        update=sending,
        delete=sending,
    )
    for table in ("mails", "account_mails"):
        kept_table(table)


def _invitations() -> None:
    """Let who manages members invite, though to no role that allows more than he may do."""
    tenant_table("invitations", read="member:read", write="member:manage")
    run(
        f"create policy no_more_than_held on workbench.invitations as restrictive "
        f"for insert to {APP} with check ((select workbench.actor_user()) is null or "
        "(select workbench.holds_role((select workbench.actor_user()), tenant_id, role)))"
    )


def downgrade() -> None:
    """Drop what `upgrade` made; mail that waits is lost."""
    run(
        "drop table workbench.password_resets, workbench.invitations, workbench.account_mails, "
        "workbench.mails",
        "drop function workbench.holds_role(uuid, uuid, text), "
        "workbench.mails_due(timestamptz, integer)",
    )
