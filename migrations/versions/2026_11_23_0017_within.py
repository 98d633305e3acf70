"""Nobody gives what he does not hold: neither a role, nor a grant, nor a place in the tenant."""

from migrations.policies import APP, definer, run

revision = "0017"
down_revision = "0016"

GUARD = "workbench_guard"

# Workbench's own tasks, which have no user, seat people on behalf of the platform.
MAY_GIVE = """
create function workbench.may_give(role text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select workbench.actor_user() is null or r.permissions <@ workbench.actor_permissions()
    from workbench_private.system_roles r where r.name = may_give.role
$$
"""
HOLDS = """
create function workbench.holds(permissions text[], target text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select coalesce(bool_and(workbench.tenant_with(permission) is not null
        or coalesce(target = any (workbench.granted(permission)), false)), false)
    from unnest(permissions) permission
$$
"""
FUNCTIONS = ("may_give(text)", "holds(text[], text)")

TARGET = """coalesce({grants}.name, (
    select d.definition_id::text from workbench.datasets d
    where d.tenant_id = {grants}.tenant_id and d.id = {grants}.dataset_id))"""
OWN = """exists (select from workbench.memberships m
    where m.tenant_id = {table}.tenant_id and m.deleted_at is null
        and m.user_id = (select workbench.actor_user()) and {condition})"""
HELD = """(m.id = grants.membership_id or exists (select from workbench.member_roles h
    where h.tenant_id = m.tenant_id and h.membership_id = m.id and h.role_id = grants.role_id
        and h.deleted_at is null))"""
# Who may not see members and roles would find nothing that speaks against what he gives.
SEES = "(select workbench.tenant_with('member:read')) is not null and "
# A parent that is not there is left to its foreign key. A row that is being deleted gives nothing,
# so whoever may delete it need not hold it.
WITHIN = {
    ("memberships", "within"): "workbench.may_give(role)",
    ("member_roles", "within"): f"{SEES}not exists (select from workbench.roles r "
    "where r.tenant_id = member_roles.tenant_id and r.id = member_roles.role_id "
    "and not r.permissions <@ (select workbench.actor_permissions())) "
    "and not exists (select from workbench.grants g "
    "where g.tenant_id = member_roles.tenant_id and g.role_id = member_roles.role_id "
    "and g.deleted_at is null "
    f"and not workbench.holds(g.permissions, {TARGET.format(grants='g')}))",
    ("grants", "within"): f"workbench.holds(permissions, {TARGET.format(grants='grants')})",
    ("grants", "to_others"): f"{SEES}not " + OWN.format(table="grants", condition=HELD),
}


def upgrade() -> None:
    """Ask of every role, grant and place that is given whether the giver holds it."""
    run(MAY_GIVE, HOLDS)
    for function in FUNCTIONS:
        definer(f"workbench.{function}", GUARD, APP)
    run(
        *(
            f"create policy {verb}s_{name} on workbench.{table} as restrictive for {verb} "
            f"to {APP} with check (deleted_at is not null or {condition})"
            for (table, name), condition in WITHIN.items()
            for verb in ("insert", "update")
        )
    )


def downgrade() -> None:
    """Leave it to the application again."""
    run(
        *(
            f"drop policy {verb}s_{name} on workbench.{table}"
            for table, name in WITHIN
            for verb in ("insert", "update")
        ),
        *(f"drop function workbench.{function}" for function in FUNCTIONS),
    )
