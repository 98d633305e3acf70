"""Schedules, what they wait for and what they started; what members want to hear of, and heard."""

from migrations.policies import (
    APP,
    INDEX_FOREIGN_KEYS,
    KEEPER,
    TENANT_FIRST,
    definer,
    guarded_table,
    kept_table,
    run,
    tenant_table,
)

revision = "0031"
down_revision = "0030"

TABLES = (
    """
    create table workbench.schedules (
        tenant_id uuid not null constraint fk_schedules_tenant_id references workbench.tenants,
        id uuid not null,
        name text not null constraint ck_schedules_name check (name <> ''),
        notebook text not null,
        parameters jsonb not null,
        cron text,
        time_zone text not null,
        catch_up integer not null
            constraint ck_schedules_catch_up check (catch_up between 0 and 24),
        recipients jsonb not null,
        owner_id uuid not null constraint fk_schedules_owner_id references workbench.users,
        next_at timestamptz,
        paused_at timestamptz,
        paused_reason text,
        changed_at timestamptz not null,
        created_at timestamptz not null default now(),
        deleted_at timestamptz,
        deleted_by text,
        constraint pk_schedules primary key (tenant_id, id)
    )
    """,
    """
    create unique index uq_schedules_tenant_id_name
        on workbench.schedules (tenant_id, name) where deleted_at is null
    """,
    "create index ix_schedules_next_at on workbench.schedules (next_at) where paused_at is null",
    """
    create table workbench.schedule_links (
        tenant_id uuid not null
            constraint fk_schedule_links_tenant_id references workbench.tenants,
        id uuid not null,
        schedule_id uuid not null,
        upstream_id uuid not null,
        used_slot timestamptz not null,
        constraint pk_schedule_links primary key (tenant_id, id),
        constraint fk_schedule_links_tenant_id_schedule_id
            foreign key (tenant_id, schedule_id) references workbench.schedules,
        constraint fk_schedule_links_tenant_id_upstream_id
            foreign key (tenant_id, upstream_id) references workbench.schedules
    )
    """,
    """
    create unique index uq_schedule_links_tenant_id_schedule_id_upstream_id
        on workbench.schedule_links (tenant_id, schedule_id, upstream_id)
    """,
    """
    create table workbench.ticks (
        tenant_id uuid not null constraint fk_ticks_tenant_id references workbench.tenants,
        id uuid not null,
        schedule_id uuid not null,
        slot timestamptz not null,
        user_id uuid not null constraint fk_ticks_user_id references workbench.users,
        run_id uuid,
        is_report boolean not null,
        reason text,
        mailed_at timestamptz,
        created_at timestamptz not null default now(),
        constraint pk_ticks primary key (tenant_id, id),
        constraint fk_ticks_tenant_id_schedule_id
            foreign key (tenant_id, schedule_id) references workbench.schedules,
        constraint fk_ticks_tenant_id_run_id
            foreign key (tenant_id, run_id) references workbench.runs
                on delete set null (run_id)
    )
    """,
    # One run for each person in each slot, however many schedulers there are.
    """
    create unique index uq_ticks_tenant_id_schedule_id_slot_user_id
        on workbench.ticks (tenant_id, schedule_id, slot, user_id)
    """,
    """
    create table workbench.subscriptions (
        tenant_id uuid not null constraint fk_subscriptions_tenant_id references workbench.tenants,
        id uuid not null,
        user_id uuid not null constraint fk_subscriptions_user_id references workbench.users,
        event text not null
            constraint ck_subscriptions_event check (event in ('run_failed', 'over_budget')),
        notebook text,
        channel text not null
            constraint ck_subscriptions_channel check (channel in ('app', 'mail')),
        created_at timestamptz not null default now(),
        deleted_at timestamptz,
        deleted_by text,
        constraint pk_subscriptions primary key (tenant_id, id)
    )
    """,
    """
    create unique index uq_subscriptions_tenant_id_user_id_event_notebook
        on workbench.subscriptions (tenant_id, user_id, event, notebook) nulls not distinct
        where deleted_at is null
    """,
    """
    create table workbench.notices (
        tenant_id uuid not null constraint fk_notices_tenant_id references workbench.tenants,
        id uuid not null,
        user_id uuid not null constraint fk_notices_user_id references workbench.users,
        event text not null
            constraint ck_notices_event check (event in ('run_failed', 'over_budget')),
        run_id uuid not null,
        attempt integer not null,
        notebook text not null,
        text text not null,
        read_at timestamptz,
        created_at timestamptz not null default now(),
        constraint pk_notices primary key (tenant_id, id),
        constraint fk_notices_tenant_id_run_id
            foreign key (tenant_id, run_id) references workbench.runs on delete cascade
    )
    """,
    """
    create unique index uq_notices_tenant_id_user_id_run_id_attempt_event
        on workbench.notices (tenant_id, user_id, run_id, attempt, event)
    """,
)

# A clock's schedule is due at its time, a chain's when each schedule that it waits for has
# succeeded in a slot that is not used up. Tenants that are suspended rest. Tenants take turns:
# one that has no room for its runs keeps no other waiting.
DUE = """
create function workbench.schedules_due(at timestamptz, most integer)
returns table (tenant_id uuid, id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select s.tenant_id, s.id from workbench.schedules s
    join workbench.tenants t
        on t.id = s.tenant_id and t.suspended_at is null and t.deleted_at is null
    where s.deleted_at is null and s.paused_at is null and (
        s.next_at <= at
        or s.cron is null
        and exists (
            select from workbench.schedule_links l
            where l.tenant_id = s.tenant_id and l.schedule_id = s.id)
        and not exists (
            select from workbench.schedule_links l
            where l.tenant_id = s.tenant_id and l.schedule_id = s.id and not exists (
                select from workbench.ticks k
                join workbench.runs r on r.tenant_id = k.tenant_id and r.id = k.run_id
                where k.tenant_id = l.tenant_id and k.schedule_id = l.upstream_id
                    and k.slot > l.used_slot and not k.is_report
                    and r.status = 'succeeded' and r.deleted_at is null)))
    order by
        row_number() over (partition by s.tenant_id order by s.next_at nulls last, s.id),
        s.next_at nulls last
    limit most
$$
"""
# A schedule runs with its owner's rights: nobody but the owner sets one going.
OWN = """
(select workbench.actor_user()) is null or owner_id = (select workbench.actor_user())
"""
RESTING = f"{OWN} or paused_at is not null or deleted_at is not null"
SENDING = "tenant_id = (select workbench.tenant_with('mail:send'))"
MINE = """
tenant_id = (select workbench.actor_tenant()) and user_id = (select workbench.actor_user())
"""
ROLES = {
    "analyst": "schedule:read",
    "engineer": "schedule:manage schedule:read",
    "owner": "schedule:manage schedule:read",
}


def upgrade() -> None:
    """Make the tables, the function that tells what is due, and the permissions."""
    run(
        *TABLES,
        *(
            "update workbench_private.system_roles set permissions = array(select distinct p from "
            f"unnest(permissions || string_to_array('{added}', ' ')) p order by p) "
            f"where name = '{name}'"
            for name, added in ROLES.items()
        ),
    )
    for table in ("schedules", "schedule_links", "ticks"):
        tenant_table(table, read="schedule:read", write="schedule:manage")
        kept_table(table)
    run(
        f"create policy own on workbench.schedules as restrictive for insert to {APP} "
        f"with check ({OWN})",
        f"create policy own_going on workbench.schedules as restrictive for update to {APP} "
        f"using (tenant_id = (select workbench.actor_tenant())) with check ({RESTING})",
        DUE,
    )
    definer("workbench.schedules_due(timestamptz, integer)", KEEPER, APP)
    for table in ("subscriptions", "notices"):
        _personal(table)


def _personal(table: str) -> None:
    """Guard a table of which each row is one member's; the task that tells people sees all."""
    either = f"{SENDING} or {MINE}"
    run(TENANT_FIRST.format(table=table), INDEX_FOREIGN_KEYS.format(table=table))
    insert = either if table == "subscriptions" else SENDING
    guarded_table(table, select=either, insert=insert, update=either, delete=either)


def downgrade() -> None:
    """Drop what `upgrade` made."""
    run(
        "drop function workbench.schedules_due(timestamptz, integer)",
        "drop table workbench.notices, workbench.subscriptions, workbench.ticks, "
        "workbench.schedule_links, workbench.schedules",
        *(
            "update workbench_private.system_roles set permissions = array(select p from "
            f"unnest(permissions) p where p <> all (string_to_array('{added}', ' '))) "
            f"where name = '{name}'"
            for name, added in ROLES.items()
        ),
    )
