"""Lenses: what a member sees who may see part of a dataset: some rows, some columns masked.

A lens is a schema of views that PostgreSQL makes when somebody signs in who needs one. It is named
by its content, so members who see the same share it. Readers' views are security barriers: a
condition of theirs never meets a row that the filter hides. `pane_…` holds the same without a
barrier for the application, whose typed conditions cannot tell what they met, and whose pages would
otherwise sort a whole dataset. The values of a filter are kept apart from the views: a view's text
can be read by everybody.
"""

from importlib import import_module
from pathlib import Path

from migrations.policies import APP, KEEPER, definer, run

revision = "0011"
down_revision = "0010"

LENS, OWNER = "workbench_lens", "workbench_owner"
PRIVATE = {
    "predicate(text, uuid, jsonb)": (OWNER, OWNER),
    "check_part(uuid, uuid, jsonb, jsonb)": (OWNER, KEEPER),
    "build_lens(text, uuid, jsonb)": (OWNER, KEEPER),
    "drop_lens(text)": (OWNER, KEEPER),
    "lens_spec(uuid, uuid, text[])": (KEEPER, KEEPER),
    "held_now(uuid, uuid, text[])": (KEEPER, KEEPER),
    "check_grant()": (KEEPER, OWNER),
}
PLAIN = ("masked(uuid, text, text, text)", "lens_column(uuid, text, text, text[], text[])")

HELD_BY = """
create or replace function workbench_private.held_by(member uuid, inside uuid) returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select r.permissions{granted}
    from workbench.users u
    left join workbench.memberships m
        on m.user_id = u.id and m.tenant_id = inside and m.deleted_at is null
    left join workbench.tenants t
        on t.id = m.tenant_id and t.suspended_at is null and t.deleted_at is null
    join workbench_private.system_roles r
        on r.name = case
            when inside is null and u.is_operator then 'operator'
            when t.id is not null then m.role
        end
    where u.id = member and u.disabled_at is null and u.deleted_at is null
$$
"""
GRANTED = """ || array(
        select entry from workbench_private.granted_to(m.tenant_id, m.id) entry
        where entry <> all (r.permissions))"""

ADMIT = """
create or replace function workbench.admit(
    login uuid, member uuid, inside uuid, until timestamptz, scope text[] default null
)
returns text[]
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    held constant text[] := {held};
begin
    delete from workbench_private.live
        where user_id = member and expires_at <= clock_timestamp();
    if held is not null then
        insert into workbench_private.live values (login, member, inside, held, until, scope)
        on conflict (sid, tenant_id) do update
            set permissions = excluded.permissions, expires_at = excluded.expires_at,
                scope = excluded.scope
            where live.user_id = excluded.user_id;
    end if;
    return held;
end
$$
"""

FOLLOW = """
create or replace function workbench_private.follow() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    changed constant jsonb := case when tg_op = 'INSERT' then to_jsonb(new) else to_jsonb(old) end;
    member constant uuid := case tg_table_name
        when 'memberships' then changed ->> 'user_id' when 'users' then changed ->> 'id' end;
    inside constant uuid := case tg_table_name
        when 'users' then null when 'tenants' then changed ->> 'id'
        else changed ->> 'tenant_id' end;
begin
    delete from workbench_private.live l
        where (member is null or l.user_id = member)
            and (inside is null or l.tenant_id = inside)
            and {kept} is null;
    update workbench_private.live l
        set permissions = {held}
        where (member is null or l.user_id = member)
            and (inside is null or l.tenant_id = inside);
    return null;
end
$$
"""
FOLLOWED = ("roles", "member_roles", "grants")

# Every table of rows lets lenses look at it.
ON_ROWS = """
do $$
declare
    definition uuid;
begin
    for definition in select d.id from workbench.definitions d loop
        execute format({statements},
            'd_' || replace(definition::text, '-', ''), definition);
    end loop;
end
$$
"""
PARTS = """$ddl$
    grant select on rows.%1$I to workbench_lens;
    create policy parts on rows.%1$I for select to workbench_lens
        using (tenant_id = (select workbench.tenant_with('row:read', %2$L || '#')));
$ddl$"""
NO_PARTS = """$ddl$
    drop policy parts on rows.%1$I;
    revoke select on rows.%1$I from workbench_lens;
$ddl$"""
DROP_ALL = """
do $$
declare
    made name;
begin
    for made in select n.nspname from pg_namespace n where n.nspname ~ '^(lens|pane)_[0-9a-f]{32}$'
    loop
        execute format('drop schema %I cascade', made);
    end loop;
end
$$
"""


def upgrade() -> None:
    """Let a grant show part of a dataset, and make lenses as they are needed."""
    run(
        (Path(__file__).parent / "2026_11_23_0011_lenses.sql").read_text(),
        f"grant usage on schema workbench_private to {LENS}",
        f"grant select on workbench_private.lens_values, workbench_private.salts to {LENS}",
        ON_ROWS.format(statements=PARTS),
    )
    for signature, (owner, caller) in PRIVATE.items():
        run(f"revoke all on function workbench_private.{signature} from public")
        if owner == OWNER:
            run(f"grant execute on function workbench_private.{signature} to {caller}")
        else:
            definer(f"workbench_private.{signature}", owner, caller)
    for signature in PLAIN:
        run(f"revoke all on function workbench_private.{signature} from public")
    definer("workbench.sweep_lenses()", KEEPER, APP)
    _replace(
        HELD_BY.format(granted=GRANTED),
        ADMIT.format(held="workbench_private.held_now(member, inside, scope)"),
        FOLLOW.format(
            kept="workbench_private.held_by(l.user_id, l.tenant_id)",
            held="workbench_private.held_now(l.user_id, l.tenant_id, l.scope)",
        ),
    )
    run(
        "create trigger check_grant before insert or update of filter, masks, dataset_id "
        "on workbench.grants for each row execute function workbench_private.check_grant()",
        *(
            f"create trigger follow after insert or update or delete on workbench.{table} "
            "for each row execute function workbench_private.follow()"
            for table in FOLLOWED
        ),
    )


def _replace(*statements: str) -> None:
    run(f"set local role {KEEPER}", *statements, "reset role")


def downgrade() -> None:
    """Let a grant show a whole dataset or nothing; a member who saw a part sees none of it."""
    older = {
        number: import_module(f"migrations.versions.2026_11_23_{number}")
        for number in ("0002_people", "0004_datasets", "0009_scopes")
    }
    _replace(
        older["0002_people"].HELD.replace("create function", "create or replace function"),
        older["0009_scopes"].ADMIT.replace("create function", "create or replace function"),
        older["0009_scopes"].FOLLOW.format(
            held="workbench_private.narrowed(workbench_private.held_by(l.user_id, l.tenant_id), "
            "l.scope)"
        ),
    )
    run(
        *(f"drop trigger follow on workbench.{table}" for table in FOLLOWED),
        "drop trigger check_grant on workbench.grants",
        DROP_ALL,
        ON_ROWS.format(statements=NO_PARTS),
        "drop function workbench.sweep_lenses()",
        *(f"drop function workbench_private.{signature}" for signature in (*PRIVATE, *PLAIN)),
        "drop table workbench_private.lens_values, workbench_private.salts",
        f"revoke usage on schema workbench_private from {LENS}",
        older["0004_datasets"].DEFINE_ROWS.replace("create function", "create or replace function"),
    )
