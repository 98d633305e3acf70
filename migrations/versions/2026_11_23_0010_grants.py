"""Roles of a tenant's own and grants on single datasets, dashboards and notebooks."""

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
# the check itself.
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
    {conclusion}
end
$$
"""

HELD = "claims -> 'per' ? permission and (is_system or permission = any (permissions)"
# Part of a dataset is seen through a lens. Who names the whole of it, or a lens that is no longer
# his, must not take the silence of a policy for an answer.
ON_TARGET = f"""if {HELD} or permission || '@' || target = any (permissions)) then
        return tenant;
    end if;
    if target like '%#lens%' then
        raise insufficient_privilege using message = 'what you may see has changed; begin anew';
    end if;
    if claims -> 'per' ? permission and permission || '@' || target || '#' = any (permissions) then
        raise insufficient_privilege
            using message = 'you may see part of this dataset only: leave out its schema';
    end if;
    return null;"""
GRANTED = """return array(
        select split_part(entry, '@', 2) from unnest(permissions) entry
        where starts_with(entry, permission || '@') and claims -> 'per' ? permission
    );"""
OWN = """return array(
        select entry from jsonb_array_elements_text(claims -> 'per') entry
        where is_system or entry = any (permissions)
    );"""
CHECKS = (
    ("tenant_with(permission text, target text)", "uuid", ON_TARGET),
    ("granted(permission text)", "text[]", GRANTED),
    ("actor_permissions()", "text[]", OWN),
)
SIGNATURES = ("tenant_with(text, text)", "granted(text)", "actor_permissions()")
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
    for signature, answer, conclusion in CHECKS:
        run(CHECK.format(signature=signature, answer=answer, conclusion=conclusion))
    for signature in SIGNATURES:
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
        *(f"drop function workbench.{signature}" for signature in SIGNATURES),
    )
