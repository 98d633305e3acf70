"""The boundary: schemas, keys, who is live, and the function that checks an actor token."""

from migrations.policies import APP, KEEPER, READERS, VIEWER, definer, run

revision = "0001"
down_revision = None

GUARD = "workbench_guard"
SCHEMAS = ("workbench_private", "views", "data", "rows", "staging")
ANYONE = (APP, READERS, VIEWER, "workbench_owner")

# Every policy asks one of four functions. They share this text rather than call one another: a
# nested definer call would cost as much as the check itself.
CHECK = """
create function workbench.{signature} returns {answer}
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp
as $$
declare
    token constant text := current_setting('workbench.actor_token', true);
    part text[];
    key record;
    claims jsonb;
    tenant uuid;
    person uuid;
    is_system boolean;
    permissions text[];
begin
    if token is null or token = '' then
        return null;
    end if;
    if current_setting('transaction_isolation') <> 'read committed' then
        raise insufficient_privilege using message = 'an actor token needs READ COMMITTED';
    end if;

    -- The header must be, byte for byte, that of a known key: no other algorithm can be named.
    part := string_to_array(token, '.');
    select k.inner_pad, k.outer_pad into key
        from workbench_private.actor_keys k where k.header = part[1];
    if not found or cardinality(part) <> 3 or part[3] is distinct from rtrim(translate(encode(
        sha256(key.outer_pad || sha256(
            key.inner_pad || convert_to(part[1] || '.' || part[2], 'UTF8'))),
        'base64'), '+/', '-_'), '=')
    then
        raise insufficient_privilege using message = 'the actor token is not valid';
    end if;

    claims := convert_from(decode(
        translate(part[2], '-_', '+/') || repeat('=', -length(part[2]) & 3), 'base64'
    ), 'UTF8')::jsonb;
    if claims ->> 'aud' is distinct from 'database' then
        raise insufficient_privilege using message = 'the actor token is not valid';
    end if;
    if coalesce((claims ->> 'exp')::float8, 0) <= extract(epoch from clock_timestamp()) then
        raise insufficient_privilege using message = 'the actor token has expired';
    end if;
    tenant := claims ->> 'tid';
    is_system := starts_with(claims ->> 'sub', 'system:');

    if starts_with(session_user::text, 'workbench_tenant_') and (
        is_system
        or session_user is distinct from 'workbench_tenant_' || replace(tenant::text, '-', '')
    ) then
        raise insufficient_privilege using message = 'the actor token belongs to another login';
    end if;

    if is_system is not true then
        person := claims ->> 'sub';
        select l.permissions into permissions
            from workbench_private.live l
            where l.sid = (claims ->> 'sid')::uuid
                and l.user_id = person
                and l.tenant_id is not distinct from tenant
                and l.expires_at > clock_timestamp();
        if not found then
            raise insufficient_privilege using message = 'the actor token has been revoked';
        end if;
    end if;
    return {result};
end
$$
"""

HELD = "claims -> 'per' ? permission and (is_system or permission = any (permissions))"
CHECKS = (
    ("tenant_with(permission text)", "uuid", f"case when {HELD} then tenant end"),
    ("platform_with(permission text)", "boolean", f"tenant is null and {HELD}"),
    ("actor_tenant()", "uuid", "tenant"),
    ("actor_user()", "uuid", "person"),
)


def upgrade() -> None:
    """Build the boundary; tables come later and lean on it."""
    run(
        *(f"create schema {schema}" for schema in SCHEMAS),
        "do $$ begin execute format("
        "'revoke temporary, create on database %I from public', current_database()); end $$",
        f"grant usage on schema workbench to {APP}, {VIEWER}, {KEEPER}, {GUARD}",
        f"grant usage on schema workbench to {READERS}",
        f"grant usage on schema workbench_private to {KEEPER}, {GUARD}",
        f"grant usage on schema views, data to {APP}, {READERS}",
        f"grant usage on schema rows to {APP}, {VIEWER}",
        f"grant create on schema views, data to {VIEWER}",
        f"grant usage on schema staging to {APP}",
        f"grant create on schema workbench, workbench_private to {KEEPER}, {GUARD}",
        """
        create table workbench_private.actor_keys (
            kid text primary key,
            header text not null unique,
            inner_pad bytea not null check (length(inner_pad) = 64),
            outer_pad bytea not null check (length(outer_pad) = 64),
            created_at timestamptz not null default now()
        )
        """,
        """
        create table workbench_private.live (
            sid uuid not null,
            user_id uuid not null,
            tenant_id uuid,
            permissions text[] not null,
            expires_at timestamptz not null,
            unique nulls not distinct (sid, tenant_id)
        )
        """,
        "create index on workbench_private.live (user_id, tenant_id)",
        "create index on workbench_private.live (tenant_id)",
        """
        create table workbench_private.system_roles (
            name text primary key,
            permissions text[] not null
        )
        """,
        f"grant select on all tables in schema workbench_private to {GUARD}, {KEEPER}",
        f"revoke all on workbench_private.actor_keys from {KEEPER}",
        f"grant insert, update, delete on workbench_private.live to {KEEPER}",
    )
    _roles()
    for signature, answer, result in CHECKS:
        run(CHECK.format(signature=signature, answer=answer, result=result))
        definer(f"workbench.{signature}", GUARD, *ANYONE)


def _roles() -> None:
    viewer = "dataset:read notebook:read row:read run:read tenant:read"
    analyst = f"{viewer} import:read run:start sql:run"
    engineer = f"{analyst} import:start row:write"
    owner = f"{engineer} audit:read member:manage member:read tenant:manage"
    operator = "dataset:share platform:read tenant:manage user:manage"
    for name, permissions in (
        ("viewer", viewer),
        ("analyst", analyst),
        ("engineer", engineer),
        ("owner", owner),
        ("operator", operator),
    ):
        run(
            "insert into workbench_private.system_roles values "
            f"('{name}', string_to_array('{permissions}', ' '))"
        )


def downgrade() -> None:
    """Take the boundary away, last of all."""
    run(
        "drop function workbench.tenant_with(text), workbench.platform_with(text), "
        "workbench.actor_tenant(), workbench.actor_user()",
        *(f"drop schema {schema} cascade" for schema in reversed(SCHEMAS)),
        "do $$ begin execute format("
        "'grant temporary on database %I to public', current_database()); end $$",
    )
