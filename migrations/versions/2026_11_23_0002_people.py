"""Tenants, users and their log-ins, memberships; and what keeps `live` true to them."""

from migrations.policies import (
    APP,
    KEEPER,
    definer,
    guarded_table,
    kept_table,
    reader_view,
    run,
    tenant_table,
)

revision = "0002"
down_revision = "0001"

TABLES = (
    """
    create table workbench.tenants (
        id uuid constraint pk_tenants primary key,
        slug text not null constraint ck_tenants_slug check (slug ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
        name text not null constraint ck_tenants_name check (name <> ''),
        suspended_at timestamptz,
        created_at timestamptz not null default now(),
        deleted_at timestamptz,
        deleted_by text
    )
    """,
    """
    create unique index uq_tenants_slug on workbench.tenants (slug) where deleted_at is null
    """,
    """
    create table workbench.users (
        id uuid constraint pk_users primary key,
        email text not null constraint ck_users_email check (email = lower(email)),
        name text not null,
        is_operator boolean not null default false,
        disabled_at timestamptz,
        created_at timestamptz not null default now(),
        deleted_at timestamptz,
        deleted_by text
    )
    """,
    """
    create unique index uq_users_email on workbench.users (email) where deleted_at is null
    """,
    """
    create table workbench.passwords (
        user_id uuid constraint pk_passwords primary key
            constraint fk_passwords_user_id references workbench.users,
        hash text not null,
        changed_at timestamptz not null default now()
    )
    """,
    """
    create table workbench.logins (
        id uuid constraint pk_logins primary key,
        user_id uuid not null constraint fk_logins_user_id references workbench.users,
        user_agent text not null,
        address text not null,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        ended_at timestamptz,
        deleted_at timestamptz,
        deleted_by text
    )
    """,
    "create index ix_logins_user_id on workbench.logins (user_id)",
    """
    create table workbench.refresh_tokens (
        id uuid constraint pk_refresh_tokens primary key,
        login_id uuid not null constraint fk_refresh_tokens_login_id references workbench.logins,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        used_at timestamptz
    )
    """,
    "create index ix_refresh_tokens_login_id on workbench.refresh_tokens (login_id)",
    """
    create table workbench.memberships (
        tenant_id uuid not null constraint fk_memberships_tenant_id references workbench.tenants,
        id uuid not null,
        user_id uuid not null constraint fk_memberships_user_id references workbench.users,
        role text not null constraint ck_memberships_role
            check (role in ('viewer', 'analyst', 'engineer', 'owner')),
        created_at timestamptz not null default now(),
        deleted_at timestamptz,
        deleted_by text,
        constraint pk_memberships primary key (tenant_id, id)
    )
    """,
    """
    create unique index uq_memberships_tenant_id_user_id
        on workbench.memberships (tenant_id, user_id) where deleted_at is null
    """,
)

HELD = """
create function workbench_private.held_by(member uuid, inside uuid) returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select r.permissions
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

ADMIT = """
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

REVOKE = """
create function workbench.revoke(login uuid) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    delete from workbench_private.live where sid = login
$$
"""

ACTOR_OF = """
create function workbench.actor_of(
    login uuid, inside uuid, out user_id uuid, out permissions text[]
)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select l.user_id, l.permissions
    from workbench_private.live l
    where l.sid = login and l.tenant_id is not distinct from inside
        and l.expires_at > clock_timestamp()
$$
"""

LOGIN_BY_EMAIL = """
create function workbench.login_by_email(address text)
returns table (user_id uuid, tenant_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select u.id, t.id
    from workbench.users u
    left join workbench.memberships m on m.user_id = u.id and m.deleted_at is null
    left join workbench.tenants t
        on t.id = m.tenant_id and t.suspended_at is null and t.deleted_at is null
    where u.email = lower(address) and u.disabled_at is null and u.deleted_at is null
$$
"""

TENANT_BY_SLUG = """
create function workbench.tenant_by_slug(wanted text) returns uuid
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select t.id from workbench.tenants t where t.slug = wanted and t.deleted_at is null
$$
"""

# What changes a right changes `live` in the same transaction: it holds at the next statement.
FOLLOW = """
create function workbench_private.follow() returns trigger
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
        set permissions = workbench_private.held_by(l.user_id, l.tenant_id)
        where (member is null or l.user_id = member)
            and (inside is null or l.tenant_id = inside);
    return null;
end
$$
"""

END_LOGIN = """
create function workbench_private.end_login() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    delete from workbench_private.live l where l.sid = old.id;
    return null;
end
$$
"""

FUNCTIONS = (
    "workbench.admit(uuid, uuid, uuid, timestamptz)",
    "workbench.revoke(uuid)",
    "workbench.actor_of(uuid, uuid)",
    "workbench.login_by_email(text)",
    "workbench.tenant_by_slug(text)",
)


def upgrade() -> None:
    """Make the tables of people, their policies and the functions that look across tenants."""
    run(*TABLES)
    own = "user_id = (select workbench.actor_user())"
    signing_in = "(select workbench.platform_with('user:authenticate'))"
    managing = "(select workbench.platform_with('user:manage'))"
    founding = "(select workbench.platform_with('tenant:manage'))"
    guarded_table(
        "tenants",
        select="id = (select workbench.actor_tenant()) "
        f"or (select workbench.platform_with('platform:read')) or {founding}",
        insert=founding,
        update=f"{founding} or id = (select workbench.tenant_with('tenant:manage'))",
        delete=founding,
    )
    tenant_table("memberships", read="member:read", write="member:manage")
    guarded_table(
        "users",
        select=f"id = (select workbench.actor_user()) or {managing} or {signing_in} "
        "or exists (select from workbench.memberships m where m.user_id = users.id)",
        insert=managing,
        update=managing,
    )
    guarded_table(
        "passwords",
        select=f"{own} or {signing_in}",
        insert=managing,
        update=f"{own} or {managing} or {signing_in}",
    )
    guarded_table(
        "logins",
        select=f"{own} or {signing_in}",
        insert=signing_in,
        update=f"{own} or {signing_in}",
    )
    guarded_table(
        "refresh_tokens",
        select=signing_in,
        insert=signing_in,
        update=signing_in,
        delete=signing_in,
    )
    for table in ("tenants", "users", "memberships"):
        kept_table(table)
    reader_view("tenants")
    _functions()


def _functions() -> None:
    run(HELD, ADMIT, REVOKE, ACTOR_OF, LOGIN_BY_EMAIL, TENANT_BY_SLUG, FOLLOW, END_LOGIN)
    definer("workbench_private.held_by(uuid, uuid)", KEEPER)
    for function in FUNCTIONS:
        definer(function, KEEPER, APP)
    for function in ("follow", "end_login"):
        definer(f"workbench_private.{function}()", KEEPER, "workbench_owner")
    run(
        "create trigger follow after update or delete on workbench.memberships "
        "for each row execute function workbench_private.follow()",
        "create trigger follow after update of disabled_at, deleted_at, is_operator "
        "on workbench.users for each row execute function workbench_private.follow()",
        "create trigger follow after update of suspended_at, deleted_at or delete "
        "on workbench.tenants for each row execute function workbench_private.follow()",
        "create trigger end_login after update of ended_at, deleted_at on workbench.logins "
        "for each row when (new.ended_at is not null or new.deleted_at is not null) "
        "execute function workbench_private.end_login()",
    )


def downgrade() -> None:
    """Drop what `upgrade` made, children first."""
    run(
        "drop view views.tenants",
        "drop table workbench.memberships, workbench.refresh_tokens, workbench.logins, "
        "workbench.passwords, workbench.users, workbench.tenants",
        *(f"drop function {function}" for function in FUNCTIONS),
        "drop function workbench_private.follow(), workbench_private.end_login(), "
        "workbench_private.held_by(uuid, uuid)",
    )
