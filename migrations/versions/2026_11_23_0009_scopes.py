"""Guests, more permissions, and live sign-ins that hold no more than a scope."""

from migrations.policies import APP, KEEPER, definer, run, unforced

revision = "0009"
down_revision = "0008"

ADDED = {
    "guest": "tenant:read",
    "viewer": "dashboard:read",
    "analyst": "dashboard:read",
    "engineer": "dashboard:read sandbox:run token:manage",
    "owner": "dashboard:read role:manage sandbox:run tenant:export token:manage",
    "operator": "sandbox:run tenant:enter tenant:purge",
}

NARROWED = """
create function workbench_private.narrowed(held text[], scope text[]) returns text[]
language sql stable parallel safe set search_path = pg_catalog, pg_temp
as $$
    select case when held is not null and scope is not null then array(
        select entry from unnest(held) entry where split_part(entry, '@', 1) = any (scope)
    ) else held end
$$
"""

ADMIT = """
create function workbench.admit(
    login uuid, member uuid, inside uuid, until timestamptz, scope text[] default null
)
returns text[]
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    held constant text[] := workbench_private.narrowed(
        workbench_private.held_by(member, inside), scope);
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
ADMIT_BEFORE = """
create function workbench.admit(login uuid, member uuid, inside uuid, until timestamptz)
returns text[]
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    held constant text[] := workbench_private.held_by(member, inside);
begin
    delete from workbench_private.live
        where user_id = member and expires_at <= clock_timestamp();
    if held is not null then
        insert into workbench_private.live values (login, member, inside, held, until)
        on conflict (sid, tenant_id) do update
            set permissions = excluded.permissions, expires_at = excluded.expires_at
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
    member uuid;
    inside uuid;
begin
    if tg_table_name = 'memberships' then
        member := old.user_id;
        inside := old.tenant_id;
    elsif tg_table_name = 'users' then
        member := old.id;
    else
        inside := old.id;
    end if;
    delete from workbench_private.live l
        where (member is null or l.user_id = member)
            and (inside is null or l.tenant_id = inside)
            and workbench_private.held_by(l.user_id, l.tenant_id) is null;
    update workbench_private.live l
        set permissions = {held}
        where (member is null or l.user_id = member)
            and (inside is null or l.tenant_id = inside);
    return null;
end
$$
"""
HELD = "workbench_private.held_by(l.user_id, l.tenant_id)"


def upgrade() -> None:
    """Let a sign-in be narrower than its user, and a member hold nothing but what is granted."""
    run(
        "alter table workbench.memberships drop constraint ck_memberships_role",
        "alter table workbench.memberships add constraint ck_memberships_role "
        "check (role in ('guest', 'viewer', 'analyst', 'engineer', 'owner'))",
        "alter table workbench_private.live add column scope text[]",
        *(
            f"insert into workbench_private.system_roles values ('{name}', '{{}}') "
            "on conflict do nothing"
            for name in ADDED
        ),
        *(
            "update workbench_private.system_roles set permissions = array(select distinct p from "
            f"unnest(permissions || string_to_array('{added}', ' ')) p order by p) "
            f"where name = '{name}'"
            for name, added in ADDED.items()
        ),
        "drop function workbench.admit(uuid, uuid, uuid, timestamptz)",
        NARROWED,
        ADMIT,
    )
    definer("workbench_private.narrowed(text[], text[])", KEEPER)
    definer("workbench.admit(uuid, uuid, uuid, timestamptz, text[])", KEEPER, APP)
    _follow(f"workbench_private.narrowed({HELD}, l.scope)")


def downgrade() -> None:
    """Make every sign-in as wide as its user again; guests become viewers of what all may see."""
    unforced("memberships", "update workbench.memberships set role = 'viewer' where role = 'guest'")
    run(
        "alter table workbench.memberships drop constraint ck_memberships_role",
        "alter table workbench.memberships add constraint ck_memberships_role "
        "check (role in ('viewer', 'analyst', 'engineer', 'owner'))",
        "drop function workbench.admit(uuid, uuid, uuid, timestamptz, text[])",
        ADMIT_BEFORE,
        "delete from workbench_private.system_roles where name = 'guest'",
        *(
            "update workbench_private.system_roles set permissions = array(select p from "
            f"unnest(permissions) p where p <> all (string_to_array('{added}', ' '))) "
            f"where name = '{name}'"
            for name, added in ADDED.items()
        ),
    )
    definer("workbench.admit(uuid, uuid, uuid, timestamptz)", KEEPER, APP)
    _follow(HELD)
    run(
        "drop function workbench_private.narrowed(text[], text[])",
        "alter table workbench_private.live drop column scope",
    )


def _follow(held: str) -> None:
    run(f"set local role {KEEPER}", FOLLOW.format(held=held), "reset role")
