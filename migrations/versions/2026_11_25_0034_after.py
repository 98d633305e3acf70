"""Runs wait for others, whoever sees a part reads his own runs, and old records are forgotten."""

from importlib import import_module

from migrations.policies import APP, KEEPER, VIEWER, definer, reader_view, run, unforced

revision = "0034"
down_revision = "0033"

OLDER = import_module("migrations.versions.2026_11_24_0030_turns").NEXT
STATUS = "status in ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'timed_out'{more})"
SKIPPED = ", 'skipped'"
# A run that is purged is waited for by nobody: what it came to was known long before.
WAITS = """
            and (r.after = '{}' or not exists (
                select from workbench.runs u
                where u.tenant_id = r.tenant_id and u.id = any (r.after)
                    and u.status <> 'succeeded'))
"""
NEXT = OLDER.replace("and r.id <> all (passed)\n", f"and r.id <> all (passed){WAITS}")
BARRED = """
create function workbench.runs_barred(most integer) returns table (tenant_id uuid, id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select r.tenant_id, r.id from workbench.runs r
    where r.status = 'queued' and r.after <> '{}' and r.deleted_at is null and exists (
        select from workbench.runs u
        where u.tenant_id = r.tenant_id and u.id = any (r.after)
            and u.status in ('failed', 'cancelled', 'timed_out', 'skipped'))
    limit most
$$
"""
# A run, its error and what it left show what the one who ordered it may see.
SEES_ALL = """
(select not exists (
    select from unnest(workbench.granted('row:read')) target where target like '%#%'))
"""
OWN_RUN = f"{SEES_ALL} or requested_by = (select workbench.actor_user())"
OWN = f"""
{SEES_ALL} or exists (
    select from workbench.runs r
    where r.tenant_id = {{table}}.tenant_id and r.id = {{table}}.run_id
        and r.requested_by = (select workbench.actor_user()))
"""
SHOWN = {"runs": OWN_RUN} | {
    table: OWN.format(table=table) for table in ("artifacts", "attempts", "metrics", "run_logs")
}
PLATFORM = (
    "(select workbench.actor_user()) is null and (select workbench.platform_with('platform:read'))"
)


def upgrade() -> None:
    """Let runs wait, keep what a run shows from who sees less, and let old records go."""
    _next(NEXT, SKIPPED, "add column after uuid[] not null default '{}'")
    run(
        """
        create index ix_runs_after on workbench.runs (tenant_id, id)
            where status = 'queued' and after <> '{}'
        """,
        BARRED,
    )
    definer("workbench.runs_barred(integer)", KEEPER, APP)
    run(
        *(
            f"create policy own_parts on workbench.{table} as restrictive for select "
            f"to {APP}, {VIEWER} using ({own})"
            for table, own in SHOWN.items()
        ),
        f"grant delete on workbench.outbox_messages to {APP}",
        f"create policy deletes on workbench.outbox_messages for delete to {APP} "
        "using (tenant_id = (select workbench.tenant_with('tenant:manage')))",
        *(
            f"create policy forgotten_{verb} on workbench.operator_keys for {verb} to {APP} "
            f"using ({PLATFORM})"
            for verb in ("select", "delete")
        ),
    )


def downgrade() -> None:
    """Take it back; a run that was skipped counts as cancelled."""
    run(
        *(f"drop policy own_parts on workbench.{table}" for table in SHOWN),
        "drop policy deletes on workbench.outbox_messages",
        f"revoke delete on workbench.outbox_messages from {APP}",
        "drop policy forgotten_select on workbench.operator_keys",
        "drop policy forgotten_delete on workbench.operator_keys",
        "drop function workbench.runs_barred(integer)",
        "drop index workbench.ix_runs_after",
    )
    unforced("runs", "update workbench.runs set status = 'cancelled' where status = 'skipped'")
    _next(OLDER, "", "drop column after")


def _next(function: str, more: str, column: str) -> None:
    """Say anew which runs come next, and what a run can be."""
    run(
        "drop function workbench.runs_next(text[], integer, uuid[])",
        "drop view views.runs",
        "alter table workbench.runs drop constraint ck_runs_status, "
        f"add constraint ck_runs_status check ({STATUS.format(more=more)}), {column}",
        function,
    )
    definer("workbench.runs_next(text[], integer, uuid[])", KEEPER, APP)
    reader_view("runs")
