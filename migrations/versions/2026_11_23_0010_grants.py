"""Roles of a tenant's own and grants on single datasets, dashboards and notebooks."""

from importlib import import_module

from migrations.policies import (
    APP,
    KEEPER,
    READERS,
    VIEWER,
    definer,
    kept_table,
    run,
    tenant_table,
)

revision = "0010"
down_revision = "0009"

GUARD, OWNER = "workbench_guard", "workbench_owner"

TABLES = (
    """
    create table workbench.roles (
        tenant_id uuid not null constraint fk_roles_tenant_id references workbench.tenants,
        id uuid not null,
        name text not null constraint ck_roles_name check (
            name ~ '^[a-z][a-z0-9-]{0,39}$'
            and name not in ('guest', 'viewer', 'analyst', 'engineer', 'owner', 'operator')),
        description text not null,
        permissions text[] not null,
        created_at timestamptz not null default now(),
        deleted_at timestamptz,
        deleted_by text,
        constraint pk_roles primary key (tenant_id, id)
    )
    """,
    """
    create unique index uq_roles_tenant_id_name
        on workbench.roles (tenant_id, name) where deleted_at is null
    """,
    """
    create table workbench.member_roles (
        tenant_id uuid not null constraint fk_member_roles_tenant_id references workbench.tenants,
        id uuid not null,
        membership_id uuid not null,
        role_id uuid not null,
        created_at timestamptz not null default now(),
        deleted_at timestamptz,
        deleted_by text,
        constraint pk_member_roles primary key (tenant_id, id),
        constraint fk_member_roles_tenant_id_membership_id
            foreign key (tenant_id, membership_id) references workbench.memberships,
        constraint fk_member_roles_tenant_id_role_id
            foreign key (tenant_id, role_id) references workbench.roles
    )
    """,
    """
    create unique index uq_member_roles_tenant_id_membership_id_role_id
        on workbench.member_roles (tenant_id, membership_id, role_id) where deleted_at is null
    """,
    """
    create table workbench.grants (
        tenant_id uuid not null constraint fk_grants_tenant_id references workbench.tenants,
        id uuid not null,
        role_id uuid,
        membership_id uuid,
        kind text not null constraint ck_grants_kind
            check (kind in ('dataset', 'dashboard', 'notebook')),
        dataset_id uuid,
        name text constraint ck_grants_name check (name ~ '^[a-z][a-z0-9_-]{0,99}$'),
        permissions text[] not null,
        filter jsonb,
        masks jsonb not null default '{}',
        created_at timestamptz not null default now(),
        deleted_at timestamptz,
        deleted_by text,
        constraint pk_grants primary key (tenant_id, id),
        constraint fk_grants_tenant_id_role_id
            foreign key (tenant_id, role_id) references workbench.roles,
        constraint fk_grants_tenant_id_membership_id
            foreign key (tenant_id, membership_id) references workbench.memberships,
        constraint fk_grants_tenant_id_dataset_id
            foreign key (tenant_id, dataset_id) references workbench.datasets,
        constraint ck_grants_holder check (num_nonnulls(role_id, membership_id) = 1),
        constraint ck_grants_target check (
            (kind = 'dataset') = (dataset_id is not null) and num_nonnulls(dataset_id, name) = 1),
        constraint ck_grants_permissions check (
            cardinality(permissions) > 0
            and array_position(permissions, null) is null
            and permissions <@ case kind
                when 'dataset' then '{dataset:read,row:read,row:write}'::text[]
                when 'dashboard' then '{dashboard:read}'
                when 'notebook' then '{notebook:read,run:read,run:start}'
            end),
        constraint ck_grants_part check (
            jsonb_typeof(masks) = 'object'
            and (filter is null and masks = '{}' or 'row:read' = any (permissions)))
    )
    """,
    """
    create unique index uq_grants_target on workbench.grants
        (tenant_id, role_id, membership_id, kind, dataset_id, name) nulls not distinct
        where deleted_at is null
    """,
)

# What a member holds by the tenant's own roles and by grants. A permission on one target reads
# `permission@target`; row:read on a part of a dataset is left to the lenses of a later revision.
GRANTED_TO = """
create function workbench_private.granted_to(inside uuid, place uuid) returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    with held as (
        select r.id, r.permissions from workbench.member_roles m
        join workbench.roles r on r.tenant_id = m.tenant_id and r.id = m.role_id
        where m.tenant_id = inside and m.membership_id = place
            and m.deleted_at is null and r.deleted_at is null
    )
    select unnest(h.permissions) from held h
    union
    select permission || '@' || coalesce(g.name, d.definition_id::text)
    from workbench.grants g
    left join workbench.datasets d
        on d.tenant_id = g.tenant_id and d.id = g.dataset_id and d.deleted_at is null
    cross join unnest(g.permissions) permission
    where g.tenant_id = inside and g.deleted_at is null
        and (g.membership_id = place or g.role_id in (select h.id from held h))
        and (permission <> 'row:read' or g.filter is null and g.masks = '{}')
        and (g.name is not null or d.definition_id is not null)
$$
"""

# As in 0001: each function holds the whole text, since a nested definer call would cost as much as
# the check itself. In a new transaction PostgreSQL prepares every expression of it anew, so that
# one statement which does much is cheaper than several.
CHECK = """
create or replace function workbench.{signature} returns {answer}
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp
as $$
declare
    token constant text := current_setting('workbench.actor_token', true);
    payload constant text := split_part(token, '.', 2);
    claims jsonb;
    answer {answer};
begin
    if token is null or token = '' then
        return {nothing};
    end if;
    if current_setting('transaction_isolation') <> 'read committed' then
        raise insufficient_privilege using message = 'an actor token needs READ COMMITTED';
    end if;

    -- The token must be, byte for byte, what a known key makes of its header and this payload: no
    -- other algorithm can be named. Claims are read of such a token only.
    select convert_from(decode(
            replace(replace(payload, '-', '+'), '_', '/') || repeat('=', -length(payload) & 3),
            'base64'
        ), 'UTF8')::jsonb
        into claims
        from workbench_private.actor_keys k
        where k.header = split_part(token, '.', 1)
            and token = k.header || '.' || payload || '.' || rtrim(replace(replace(encode(
                sha256(k.outer_pad || sha256(
                    k.inner_pad || convert_to(k.header || '.' || payload, 'UTF8'))),
                'base64'), '+', '-'), '/', '_'), '=');
    if claims ->> 'aud' is distinct from 'database' then
        raise insufficient_privilege using message = 'the actor token is not valid';
    end if;
    if coalesce((claims ->> 'exp')::float8, 0) <= date_part('epoch', clock_timestamp()) then
        raise insufficient_privilege using message = 'the actor token has expired';
    end if;
    if starts_with(session_user::text, 'workbench_tenant_') and (
        starts_with(claims ->> 'sub', 'system:')
        or session_user::text is distinct from
            'workbench_tenant_' || replace(claims ->> 'tid', '-', '')
    ) then
        raise insufficient_privilege using message = 'the actor token belongs to another login';
    end if;

    -- Equality of both columns of the unique index: one row, also where nothing was analyzed.
    select {live} into answer
        from workbench_private.live l
        where l.sid = (claims ->> 'sid')::uuid
            and l.tenant_id = (claims ->> 'tid')::uuid
            and l.user_id::text = claims ->> 'sub'
            and l.expires_at > clock_timestamp();
    if found then{refusal}
        return answer;
    end if;
    if starts_with(claims ->> 'sub', 'system:') then
        return {system};
    end if;
    if claims ->> 'tid' is null then
        select {live} into answer
            from workbench_private.live l
            where l.sid = (claims ->> 'sid')::uuid
                and l.tenant_id is null
                and l.user_id::text = claims ->> 'sub'
                and l.expires_at > clock_timestamp();
        if found then
            return answer;
        end if;
    end if;
    raise insufficient_privilege using message = 'the actor token has been revoked';
end
$$
"""

TENANT = "(claims ->> 'tid')::uuid"
TOLD = "claims -> 'per' ? permission"
HELD = "permission = any (l.permissions)"
ON_TARGET = "permission || '@' || target = any (l.permissions)"
TARGETS = (
    "array(select split_part(entry, '@', 2) from unnest(l.permissions) entry "
    "where starts_with(entry, permission || '@'))"
)
TOLD_AND_HELD = (
    "array(select told from jsonb_array_elements_text(claims -> 'per') told "
    "where told = any (l.permissions))"
)
# Part of a dataset is seen through a lens. Who names the whole of it, or a lens that is no longer
# his, must not take the silence of a policy for an answer.
ONLY_PART = """
        if answer is null and target like '%#lens%' then
            raise insufficient_privilege using message = 'what you may see has changed; begin anew';
        end if;
        if answer is null and exists (
            select from workbench_private.live l
            where l.sid = (claims ->> 'sid')::uuid and l.tenant_id = (claims ->> 'tid')::uuid
                and permission || '@' || target || '#' = any (l.permissions))
        then
            raise insufficient_privilege using
                message = 'you may see part of this dataset only: leave out its schema';
        end if;"""


def _check(
    signature: str,
    answer: str,
    live: str,
    system: str,
    *,
    nothing: str = "null",
    refusal: str = "",
) -> tuple[str, str]:
    text = CHECK.format(
        signature=signature,
        answer=answer,
        live=live,
        system=system,
        nothing=nothing,
        refusal=refusal,
    )
    return signature, text


REPLACED = (
    _check(
        "tenant_with(permission text)",
        "uuid",
        f"case when {TOLD} and {HELD} then l.tenant_id end",
        f"case when {TOLD} then {TENANT} end",
    ),
    _check(
        "platform_with(permission text)",
        "boolean",
        f"l.tenant_id is null and {TOLD} and {HELD}",
        f"claims ->> 'tid' is null and {TOLD}",
    ),
    _check("actor_tenant()", "uuid", "l.tenant_id", TENANT),
    _check("actor_user()", "uuid", "l.user_id", "null"),
)
ADDED = (
    _check(
        "tenant_with(permission text, target text)",
        "uuid",
        f"case when {TOLD} and ({HELD} or {ON_TARGET}) then l.tenant_id end",
        f"case when {TOLD} then {TENANT} end",
        refusal=ONLY_PART,
    ),
    _check(
        "granted(permission text)",
        "text[]",
        f"case when {TOLD} then {TARGETS} else '{{}}' end",
        "'{}'",
        nothing="'{}'",
    ),
    _check(
        "actor_permissions()",
        "text[]",
        TOLD_AND_HELD,
        "array(select jsonb_array_elements_text(claims -> 'per'))",
    ),
)
ANYONE = (APP, READERS, VIEWER, OWNER)

# Every table of rows learns which dataset it is; `define_rows` does the same for new ones.
ON_ROWS = """
do $$
declare
    definition uuid;
begin
    for definition in select d.id from workbench.definitions d loop
        execute format($ddl$
            alter policy reads on rows.%1$I
                using (tenant_id = (select workbench.tenant_with('row:read'{read})));
            alter policy inserts on rows.%1$I
                with check (tenant_id = (select workbench.tenant_with('row:write'{write})));
            alter policy updates on rows.%1$I
                using (tenant_id = (select workbench.tenant_with('row:write'{write})))
                with check (tenant_id = (select workbench.tenant_with('row:write'{write})));
            alter policy deletes on rows.%1$I
                using (tenant_id = (select workbench.tenant_with('row:write'{write})));
        $ddl$, 'd_' || replace(definition::text, '-', ''), definition);
    end loop;
end
$$
"""


def upgrade() -> None:
    """Make the tables, and let policies ask for a permission on one target."""
    run(*TABLES, GRANTED_TO)
    definer("workbench_private.granted_to(uuid, uuid)", KEEPER)
    _replace(*(text for _, text in REPLACED))
    for signature, text in ADDED:
        run(text)
        definer(f"workbench.{signature}", GUARD, *ANYONE)
    for table in ("roles", "member_roles", "grants"):
        tenant_table(table, read="member:read", write="role:manage")
        kept_table(table)
    kept_table("datasets")
    _nobody_raises_himself()
    _ask_for_targets()


def _nobody_raises_himself() -> None:
    """Refuse a role wider than its maker, and a role given to oneself."""
    for verb in ("insert", "update"):
        run(
            f"create policy {verb}s_within on workbench.roles as restrictive for {verb} to {APP} "
            "with check (permissions <@ (select workbench.actor_permissions()))",
            f"create policy {verb}s_to_others on workbench.member_roles as restrictive "
            f"for {verb} to {APP} with check (not exists (select from workbench.memberships m "
            "where m.tenant_id = member_roles.tenant_id and m.id = member_roles.membership_id "
            "and m.user_id = (select workbench.actor_user())))",
        )


def _ask_for_targets() -> None:
    own = "tenant_id = (select workbench.actor_tenant()) and "
    started = f"{own}notebook = any ((select workbench.granted('run:start'))::text[])"
    run(
        f"create policy granted on workbench.datasets for select to {APP}, {VIEWER} using ({own}"
        "definition_id::text = any ((select workbench.granted('dataset:read'))::text[]))",
        f"create policy granted on workbench.runs for select to {APP}, {VIEWER} using ({own}"
        "notebook = any ((select workbench.granted('run:read'))::text[]))",
        f"create policy granted_inserts on workbench.runs for insert to {APP} "
        f"with check ({started})",
        f"create policy granted_updates on workbench.runs for update to {APP} using ({started}) "
        f"with check ({started})",
        *(
            f"create policy granted on workbench.{table} for select to {APP}, {VIEWER} "
            f"using ({own} exists (select from workbench.runs r "
            f"where r.tenant_id = {table}.tenant_id and r.id = {table}.run_id))"
            for table in ("metrics", "artifacts")
        ),
        ON_ROWS.format(read=", %2$L", write=", %2$L"),
    )


def downgrade() -> None:
    """Take roles of tenants' own and grants away; who held only those holds nothing."""
    run(
        ON_ROWS.format(read="", write=""),
        *(f"drop policy granted on workbench.{t}" for t in ("datasets", "runs")),
        *(f"drop policy granted on workbench.{t}" for t in ("metrics", "artifacts")),
        "drop policy granted_inserts on workbench.runs",
        "drop policy granted_updates on workbench.runs",
        "drop policy keeper on workbench.datasets",
        f"revoke select on workbench.datasets from {KEEPER}",
        "drop function workbench_private.granted_to(uuid, uuid)",
        "drop table workbench.grants, workbench.member_roles, workbench.roles",
        *(f"drop function workbench.{signature}" for signature, _ in ADDED),
    )
    older = import_module("migrations.versions.2026_11_23_0001_boundary")
    _replace(
        *(
            older.CHECK.replace("create function", "create or replace function").format(
                signature=signature, answer=answer, result=result
            )
            for signature, answer, result in older.CHECKS
        )
    )


def _replace(*statements: str) -> None:
    run(f"set local role {GUARD}", *statements, "reset role")
