"""Tenant life: archives, impersonations, usage, and purges that leave a proof."""

from importlib import import_module
from pathlib import Path

from migrations.policies import (
    APP,
    INDEX_FOREIGN_KEYS,
    KEEPER,
    TENANT_FIRST,
    definer,
    guarded_table,
    kept_table,
    reader_view,
    run,
    tenant_table,
)

revision = "0016"
down_revision = "0015"

STEWARD, OWNER, WORKER, GUARD = (
    "workbench_steward",
    "workbench_owner",
    "workbench_worker",
    "workbench_guard",
)

TABLES = (
    """
    create table workbench.exports (
        tenant_id uuid not null constraint fk_exports_tenant_id references workbench.tenants,
        id uuid not null,
        requested_by uuid not null constraint fk_exports_requested_by references workbench.users,
        status text not null constraint ck_exports_status
            check (status in ('queued', 'running', 'succeeded', 'failed')),
        progress double precision,
        storage_key text not null,
        size bigint,
        sha256 text,
        error text,
        created_at timestamptz not null default now(),
        finished_at timestamptz,
        deleted_at timestamptz,
        deleted_by text,
        constraint pk_exports primary key (tenant_id, id)
    )
    """,
    """
    create table workbench.impersonations (
        tenant_id uuid not null
            constraint fk_impersonations_tenant_id references workbench.tenants,
        id uuid not null,
        user_id uuid not null constraint fk_impersonations_user_id references workbench.users,
        operator text not null,
        role text not null constraint ck_impersonations_role
            check (role in ('viewer', 'analyst', 'engineer', 'owner')),
        reason text not null constraint ck_impersonations_reason check (reason <> ''),
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        ended_at timestamptz,
        ended_by text,
        deleted_at timestamptz,
        deleted_by text,
        constraint pk_impersonations primary key (tenant_id, id)
    )
    """,
    # No foreign key and no `tenant_id`: the record outlives its tenant.
    """
    create table workbench.purges (
        id uuid constraint pk_purges primary key,
        purged_id uuid not null,
        slug text not null,
        requested_by text not null,
        removed jsonb not null,
        proof jsonb,
        audit_hash text,
        user_ids uuid[] not null,
        error text,
        created_at timestamptz not null default now(),
        finished_at timestamptz
    )
    """,
    """
    create unique index uq_purges_purged_id on workbench.purges (purged_id)
        where finished_at is null
    """,
    "alter table workbench.tenants add column suspended_reason text",
)

# Who owns each function, and who may call it.
FUNCTIONS: dict[str, tuple[str, ...]] = {
    "workbench_private.tenant_columns()": (OWNER, STEWARD),
    "workbench_private.user_tables()": (OWNER, STEWARD),
    "workbench_private.open_to_steward()": (OWNER,),
    "workbench_private.begin_purge()": (STEWARD, OWNER),
    "workbench_private.end_purge()": (STEWARD, OWNER),
    "workbench_private.mark_impersonation()": (KEEPER, OWNER),
    "workbench_private.end_impersonation()": (KEEPER, OWNER),
    "workbench.open_to_steward()": (OWNER, APP),
    "workbench.is_living(uuid)": (STEWARD,),
    "workbench.refuse_living(uuid)": (STEWARD, OWNER, WORKER),
    "workbench.tenant_tables()": (OWNER, APP),
    "workbench.purge_rows(uuid, text, integer)": (STEWARD, APP),
    "workbench.purge_user(uuid, uuid)": (STEWARD, APP),
    "workbench.purge_answers(uuid)": (STEWARD, APP),
    "workbench.purge_jobs(uuid)": (WORKER, APP),
    "workbench.jobs_of(uuid)": (WORKER, STEWARD),
    "workbench.orphaned_staging()": (KEEPER, OWNER, STEWARD),
    "workbench.purge_staging()": (OWNER, APP),
    "workbench.drop_tenant_login(uuid)": (OWNER, APP),
    "workbench.remains(uuid)": (STEWARD, APP),
    "workbench.tenant_usage(uuid)": (STEWARD, APP),
    "workbench_private.impersonated(uuid)": (KEEPER,),
    "workbench.enter_tenant(uuid)": (KEEPER, APP),
    "workbench.impersonations_due()": (KEEPER, APP),
}
ASKED = ("workbench.platform_with(text)", "workbench.actor_user()")


def upgrade() -> None:
    """Make the tables, and the functions of the steward, who sees every tenant and shows none."""
    run(*TABLES, "drop view views.tenants")
    reader_view("tenants")
    _policies()
    run(
        f"grant usage, create on schema workbench, workbench_private to {STEWARD}",
        f"grant create on schema workbench to {WORKER}",
        f"set local role {GUARD}",
        *(f"grant execute on function {f} to {STEWARD}, {KEEPER}, {WORKER}" for f in ASKED),
        "reset role",
    )
    run(Path(__file__).with_suffix(".sql").read_text())
    for function, (owner, *callers) in FUNCTIONS.items():
        definer(function, owner, *callers)
    run(
        f"revoke create on schema workbench from {WORKER}",
        "select workbench_private.open_to_steward()",
    )
    _triggers()
    _follow("coalesce(workbench_private.impersonated(l.sid), {})")


def _follow(kept: str) -> None:
    """Let a change of rights look at who is live; a stay lasts while the operator may stay."""
    lenses = import_module("migrations.versions.2026_11_23_0011_lenses")
    held = "workbench_private.held_{}".format
    follow = lenses.FOLLOW.format(
        kept=kept.format(held("by(l.user_id, l.tenant_id)")),
        held=kept.format(held("now(l.user_id, l.tenant_id, l.scope)")),
    )
    run(f"set local role {KEEPER}", follow, "reset role")


def _policies() -> None:
    tenant_table("exports", read="tenant:export", write="tenant:export")
    entering = "(select workbench.platform_with('tenant:enter'))"
    own = "user_id = (select workbench.actor_user())"
    inside = f"{own} and tenant_id = (select workbench.actor_tenant())"
    managing = "tenant_id = (select workbench.tenant_with('tenant:manage'))"
    run(
        TENANT_FIRST.format(table="impersonations"),
        INDEX_FOREIGN_KEYS.format(table="impersonations"),
    )
    guarded_table(
        "impersonations",
        select=f"{entering} and coalesce({own}, true) or {inside} or {managing}",
        insert=f"{entering} and coalesce({own}, true)",
        update=f"{inside} or {managing}",
    )
    kept_table("impersonations")
    kept_table("imports")
    purging = "(select workbench.platform_with('tenant:purge'))"
    guarded_table("purges", select=purging, insert=purging, update=f"{purging}")
    run(
        # What the record says of its tenant is PostgreSQL's to say.
        f"revoke update on workbench.purges from {APP}",
        f"grant update (removed, proof, error, finished_at) on workbench.purges to {APP}",
        f"grant select on workbench.purges, workbench.users, workbench.audit_purges to {STEWARD}",
        f"create policy steward_counts on workbench.audit_purges for select to {STEWARD} "
        "using (true)",
        f"grant delete on workbench.users to {STEWARD}",
        f"grant select, delete on workbench.operator_keys to {STEWARD}",
    )
    leaving = "exists (select from workbench.purges p where p.finished_at is null and {})".format
    for table, condition in (
        ("users", leaving("users.id = any (p.user_ids)")),
        ("operator_keys", leaving("position(p.purged_id::text in answer::text) > 0")),
    ):
        for name, verb in (("steward_counts", "select"), ("steward_removes", "delete")):
            run(
                f"create policy {name} on workbench.{table} for {verb} to {STEWARD} "
                f"using ({condition})"
            )
    run(
        f"create policy steward_counts on workbench.purges for select to {STEWARD} "
        "using (finished_at is null)"
    )


def _triggers() -> None:
    run(
        "create trigger begin_purge before insert on workbench.purges "
        "for each row execute function workbench_private.begin_purge()",
        "create trigger end_purge before update on workbench.purges for each row "
        "when (new.finished_at is not null) execute function workbench_private.end_purge()",
        "create trigger mark_impersonation before insert on workbench.audit_entries "
        "for each row execute function workbench_private.mark_impersonation()",
        "create trigger end_impersonation after update or delete on workbench.impersonations "
        "for each row execute function workbench_private.end_impersonation()",
    )


def downgrade() -> None:
    """Drop what `upgrade` made; records of purges go too."""
    _follow("{}")
    run(
        "drop trigger mark_impersonation on workbench.audit_entries",
        "drop policy keeper on workbench.imports",
        f"revoke select on workbench.imports from {KEEPER}",
        """
        do $$ declare found record; begin
            for found in select polname, polrelid::regclass as relation from pg_policy
                where starts_with(polname::text, 'steward_')
            loop
                execute format('drop policy %I on %s', found.polname, found.relation);
            end loop;
            for found in select c.oid::regclass as relation from pg_class c
                where c.relkind = 'r' and c.relowner = 'workbench_owner'::regrole
            loop
                execute format('revoke all on %s from workbench_steward', found.relation);
            end loop;
            for found in select nspname from pg_namespace
                where nspowner = 'workbench_owner'::regrole
            loop
                execute format('revoke all on schema %I from workbench_steward', found.nspname);
            end loop;
        end $$
        """,
        "drop table workbench.purges, workbench.impersonations, workbench.exports",
        *(f"drop function {function}" for function in reversed(FUNCTIONS)),
        f"set local role {GUARD}",
        *(f"revoke execute on function {f} from {STEWARD}, {KEEPER}, {WORKER}" for f in ASKED),
        "reset role",
        "drop view views.tenants",
        "alter table workbench.tenants drop column suspended_reason",
    )
    reader_view("tenants")
