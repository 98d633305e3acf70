"""API tokens, which programs sign in with; and how old the keys are that PostgreSQL accepts."""

from migrations.policies import (
    APP,
    INDEX_FOREIGN_KEYS,
    KEEPER,
    TENANT_FIRST,
    definer,
    guarded_table,
    kept_table,
    run,
)

revision = "0013"
down_revision = "0012"

GUARD = "workbench_guard"
TABLES = (
    """
    create table workbench.api_tokens (
        tenant_id uuid not null constraint fk_api_tokens_tenant_id references workbench.tenants,
        id uuid not null,
        user_id uuid not null constraint fk_api_tokens_user_id references workbench.users,
        name text not null constraint ck_api_tokens_name check (name <> ''),
        secret_hash text not null,
        scope text[] not null constraint ck_api_tokens_scope check (
            not scope && array['member:manage', 'role:manage', 'token:manage']),
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        last_used_at timestamptz,
        deleted_at timestamptz,
        deleted_by text,
        constraint pk_api_tokens primary key (tenant_id, id)
    )
    """,
    "create index ix_api_tokens_id on workbench.api_tokens (id)",
)

# Asked before anybody is known, so it looks across tenants: by id and hash together, never by one.
LOOK_UP = """
create function workbench.api_token(
    token uuid, hash text,
    out user_id uuid, out tenant_id uuid, out scope text[],
    out expires_at timestamptz, out last_used_at timestamptz
)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select t.user_id, t.tenant_id, t.scope, t.expires_at, t.last_used_at
    from workbench.api_tokens t
    where t.id = token and t.secret_hash = hash and t.deleted_at is null
        and t.expires_at > clock_timestamp()
$$
"""

# A right that changed while the token was being made is seen by no trigger, since the row in
# `live` was not committed yet. What has gone from `live` stays gone.
RENEW = """
create function workbench.renew(login uuid, inside uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    kept workbench_private.live;
begin
    select * into kept from workbench_private.live l
        where l.sid = login and l.tenant_id is not distinct from inside
        for update;
    if not found then
        return false;
    end if;
    if workbench.admit(kept.sid, kept.user_id, inside, kept.expires_at, kept.scope) is null then
        delete from workbench_private.live l
            where l.sid = login and l.tenant_id is not distinct from inside;
        return false;
    end if;
    return true;
end
$$
"""

KEY_AGES = """
create function workbench.key_ages() returns table (kid text, created_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select k.kid, k.created_at from workbench_private.actor_keys k
$$
"""


def upgrade() -> None:
    """Make the table, what looks a token up, and what tells the ages of keys."""
    run(
        *TABLES,
        TENANT_FIRST.format(table="api_tokens"),
        INDEX_FOREIGN_KEYS.format(table="api_tokens"),
    )
    managing = "tenant_id = (select workbench.tenant_with('token:manage'))"
    mine = "user_id = (select workbench.actor_user())"
    owning = "tenant_id = (select workbench.tenant_with('member:manage'))"
    signing_in = "(select workbench.platform_with('user:authenticate'))"
    guarded_table(
        "api_tokens",
        select=f"{managing} and {mine} or {owning} or {signing_in}",
        # Nobody makes a token for somebody else; tasks of Workbench itself are nobody.
        insert=f"{managing} and coalesce({mine}, true)",
        update=f"{managing} and {mine} or {owning} or {signing_in}",
        delete=owning,
    )
    kept_table("api_tokens")
    run(LOOK_UP, RENEW, KEY_AGES)
    definer("workbench.api_token(uuid, text)", KEEPER, APP)
    definer("workbench.renew(uuid, uuid)", KEEPER, APP)
    definer("workbench.key_ages()", GUARD, APP)


def downgrade() -> None:
    """Drop the tokens; who signed in with one is signed out."""
    run(
        "delete from workbench_private.live where sid in (select id from workbench.api_tokens)",
        "drop function workbench.api_token(uuid, text), workbench.renew(uuid, uuid), "
        "workbench.key_ages()",
        "drop table workbench.api_tokens",
    )
