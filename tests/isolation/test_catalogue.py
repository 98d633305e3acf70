"""What the catalogue must say: of tables, views, functions, policies, roles and schemas."""

import re

import pytest

from tests.isolation.world import LOGINS, World
from workbench.db import roles
from workbench.proof import catalogue

ROLES = ("workbench_app", "workbench_reader", "workbench_worker")
PINNED = re.compile(r"^search_path=(queue, )?pg_catalog, pg_temp$")

FUNCTIONS = """
    select p.oid::regprocedure::text as name, p.prosecdef as definer, l.lanname as language,
        pg_get_userbyid(p.proowner) as owner, r.rolsuper or r.rolbypassrls as mighty,
        coalesce(p.proconfig, '{}') as settings, p.provolatile::text as volatile,
        has_function_privilege('public', p.oid, 'execute') as open
    from pg_proc p join pg_roles r on r.oid = p.proowner join pg_language l on l.oid = p.prolang
    where p.pronamespace = any (%s::regnamespace[])
"""
POLICIES = """
    select c.oid::regclass::text as table, p.polname as name, p.polcmd::text as verb,
        array(select pg_get_userbyid(r) from unnest(p.polroles) r) as roles,
        pg_get_expr(p.polqual, p.polrelid) as using,
        pg_get_expr(p.polwithcheck, p.polrelid) as check, p.polpermissive as permissive
    from pg_policy p join pg_class c on c.oid = p.polrelid
"""


class TestTables:
    """Every table is a tenant's, with forced policies, or stands in the platform's short list."""

    def test_row_security_is_enabled_and_forced(self, world: World) -> None:
        """No table of ours is open, whether it has a tenant or not (R1)."""
        found = catalogue.rows(
            world.superuser,
            "select c.oid::regclass::text as name, "
            "relrowsecurity and relforcerowsecurity as forced, "
            "(select count(*) from pg_policy p where p.polrelid = c.oid) as policies "
            "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where n.nspname in ('workbench', 'rows', 'staging') and c.relkind in ('r', 'p')",
        )
        assert len(found) > 12
        for table in found:
            if table["name"] == "workbench.alembic_version":
                continue
            assert table["forced"], table
            assert table["policies"] > 0, table

    def test_every_table_has_a_tenant_or_is_the_platforms(self, world: World) -> None:
        """A table without tenant_id is one of the short list, and the list holds no other."""
        without = {
            table.name
            for table in catalogue.tables(world.superuser)
            if "tenant_id" not in table.columns and table.schema in ("workbench", "rows")
        }
        assert without == set(catalogue.PLATFORM)

    def test_tenant_id_is_never_null(self, world: World) -> None:
        """A row without a tenant cannot be written (R39)."""
        found = catalogue.rows(
            world.superuser,
            "select attrelid::regclass::text as name, attnotnull as required from pg_attribute "
            "join pg_class c on c.oid = attrelid and relkind in ('r', 'p') "
            "where attname = 'tenant_id' and relnamespace in "
            "('workbench'::regnamespace, 'rows'::regnamespace)",
        )
        assert found
        assert [table["name"] for table in found if not table["required"]] == []

    def test_the_tenant_comes_first(self, world: World) -> None:
        """Primary keys and unique indexes of tenants' tables begin with tenant_id (R26)."""
        found = catalogue.rows(
            world.superuser,
            "select i.indexrelid::regclass::text as name, a.attname as first "
            "from pg_index i join pg_attribute a "
            "on a.attrelid = i.indrelid and a.attnum = i.indkey[0] "
            "where i.indisunique and i.indrelid = any (%s::regclass[])",
            [str(table) for table in catalogue.tenant_tables(world.superuser)],
        )
        assert len(found) >= len(catalogue.tenant_tables(world.superuser))
        assert [index for index in found if index["first"] != "tenant_id"] == []

    def test_foreign_keys_carry_the_tenant(self, world: World) -> None:
        """A key from one tenant's table to another has tenant_id first on both sides (R24)."""
        found = catalogue.rows(
            world.superuser,
            "select c.conname as name, c.conrelid::regclass::text as child, "
            "c.confrelid::regclass::text as parent, a.attname as first, b.attname as referred "
            "from pg_constraint c "
            "join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1] "
            "join pg_attribute b on b.attrelid = c.confrelid and b.attnum = c.confkey[1] "
            "where c.contype = 'f'",
        )
        tenants = {str(table) for table in catalogue.tenant_tables(world.superuser)}
        inner = [key for key in found if {key["child"], key["parent"]} <= tenants]
        assert inner
        assert [k for k in inner if (k["first"], k["referred"]) != ("tenant_id",) * 2] == []

    def test_there_are_no_children(self, world: World) -> None:
        """No table is a partition or a child, which its parent's policies would not guard (R37)."""
        assert (
            catalogue.rows(
                world.superuser,
                "select inhrelid::regclass from pg_inherits i "
                "join pg_class c on c.oid = i.inhrelid and c.relkind <> 'i'",
            )
            == []
        )
        assert {table.kind for table in catalogue.tables(world.superuser)} == {"r"}

    def test_ids_tell_no_numbers(self, world: World) -> None:
        """Entities have no sequence; the one of a dataset's rows is unreadable (R27)."""
        found = catalogue.rows(
            world.superuser,
            "select c.oid::regclass::text as name, c.relnamespace::regnamespace::text as schema, "
            "has_sequence_privilege('workbench_app', c.oid, 'usage, select') "
            "or has_sequence_privilege('workbench_readers', c.oid, 'usage, select') as readable "
            "from pg_class c where relkind = 'S' and relnamespace <> 'queue'::regnamespace",
        )
        assert {sequence["schema"] for sequence in found} == {"rows"}
        assert [sequence for sequence in found if sequence["readable"]] == []


class TestViews:
    """Readers see views that policies still filter, and nothing stored."""

    def test_their_owner_is_bound(self, world: World) -> None:
        """Every view belongs to the viewer: no superuser, no bypass, not the tables' owner (R4)."""
        found = catalogue.rows(
            world.superuser,
            "select c.oid::regclass::text as name, pg_get_userbyid(relowner) as owner, "
            "r.rolsuper or r.rolbypassrls or r.rolcanlogin as mighty, "
            "coalesce(reloptions, '{}') as options from pg_class c "
            "join pg_roles r on r.oid = relowner join pg_namespace n on n.oid = relnamespace "
            "where relkind = 'v' and nspname not in ('pg_catalog', 'information_schema')",
        )
        assert len(found) >= len(catalogue.reader_views(world.superuser))
        for view in found:
            assert (view["owner"], view["mighty"]) == ("workbench_viewer", False), view
            assert "security_invoker=true" not in view["options"], view

    def test_nothing_is_materialised(self, world: World) -> None:
        """No materialised view, foreign table or rule keeps rows beside the policies (R5)."""
        assert catalogue.relations(world.superuser, "mf") == []
        rules = "select rulename from pg_rules where schemaname not in ('pg_catalog')"
        assert catalogue.rows(world.superuser, rules) == []

    def test_readers_are_given_views_alone(self, world: World) -> None:
        """What readers may select outside the catalogue is exactly the views (R4)."""
        found = catalogue.rows(
            world.superuser,
            "select c.oid::regclass::text as name from pg_class c "
            "join pg_namespace n on n.oid = c.relnamespace "
            "where has_table_privilege('workbench_readers', c.oid, 'select') "
            "and nspname not in ('pg_catalog', 'information_schema', 'pg_toast') "
            "and c.relkind in ('r', 'p', 'v', 'm', 'f')",
        )
        views = {str(view) for view in catalogue.reader_views(world.superuser)}
        assert {relation["name"] for relation in found} == views

    def test_shown_columns_are_not_sampled(self, world: World) -> None:
        """No column that a view shows is sampled: its estimates tell nothing of others (R30)."""
        found = catalogue.rows(
            world.superuser,
            "select distinct d.refobjid::regclass::text as name, a.attname as column "
            "from pg_rewrite w join pg_class v on v.oid = w.ev_class and v.relkind = 'v' "
            "join pg_depend d on d.objid = w.oid and d.refobjsubid > 0 "
            "and d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass "
            "join pg_attribute v_column on v_column.attrelid = v.oid "
            "join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid "
            "and a.attname = v_column.attname "
            "where v.relnamespace::regnamespace::text ~ '^(data|views|workbench_tenant_.*)$' "
            "and a.attname <> 'row_id' and coalesce(a.attstattarget, -1) <> 0",
        )
        assert found == []


class TestFunctions:
    """Functions that run as their owner."""

    def test_definers_are_pinned(self, world: World) -> None:
        """Each has its search path fixed, with the temporary schema last (R6, R15b)."""
        found = catalogue.rows(world.superuser, FUNCTIONS, list(catalogue.OURS))
        definers = [f for f in found if f["definer"]]
        assert len(definers) > 10
        for function in definers:
            paths = [s for s in function["settings"] if s.startswith("search_path")]
            assert len(paths) == 1, function
            assert PINNED.match(paths[0].replace('"', "")), function
            assert not function["mighty"], function

    def test_public_may_call_none(self, world: World) -> None:
        """Nobody calls a function of ours who was not named (R6)."""
        found = catalogue.rows(world.superuser, FUNCTIONS, list(catalogue.OURS))
        assert [function["name"] for function in found if function["open"]] == []

    def test_none_of_ours_is_immutable(self, world: World) -> None:
        """A function that reads the token and called itself immutable would be folded (R36)."""
        found = catalogue.rows(world.superuser, FUNCTIONS, list(catalogue.OURS))
        assert [function["name"] for function in found if function["volatile"] == "i"] == []

    def test_readers_call_the_checks_and_no_more(self, world: World) -> None:
        """Readers may ask who they are, and nothing that looks across tenants (R6)."""
        query = (
            "select p.proname as name from pg_proc p "
            "where p.pronamespace = any (%s::regnamespace[]) "
            "and has_function_privilege('workbench_readers', p.oid, 'execute')"
        )
        found = catalogue.rows(world.superuser, query, list(catalogue.OURS))
        asked = {
            *("tenant_with", "platform_with", "actor_tenant", "actor_user"),
            *("actor_permissions", "granted"),
        }
        assert {function["name"] for function in found} == asked


class TestPolicies:
    """Every policy asks the token."""

    def test_none_is_open(self, world: World) -> None:
        """No policy is a constant, for PUBLIC, for all verbs, or made of a plain setting (R36)."""
        found = catalogue.rows(world.superuser, POLICIES)
        assert len(found) > 30
        for policy in found:
            conditions = [c for c in (policy["using"], policy["check"]) if c is not None]
            assert conditions, policy
            if policy["roles"] in (["workbench_keeper"], ["workbench_owner"]):
                is_purge = all("workbench_private.audit_purging" in c for c in conditions)
                is_own = all("workbench.actor_tenant" in c for c in conditions)
                assert policy["verb"] == "r" or is_purge or is_own, policy
                continue
            if policy["roles"] == ["workbench_steward"]:
                assert policy["verb"] in "rd", policy
                assert policy["verb"] == "r" or conditions != ["true"], policy
                continue
            assert set(policy["roles"]) <= {
                "workbench_app",
                "workbench_lens",
                "workbench_viewer",
            }, policy
            for condition in conditions:
                assert "workbench." in condition, policy
                assert "current_setting" not in condition, policy
            assert policy["verb"] in "rawd", policy

    def test_every_write_is_checked(self, world: World) -> None:
        """Who may insert or update is checked on the row that comes of it (R18)."""
        for policy in catalogue.rows(world.superuser, POLICIES):
            if policy["verb"] in "aw":
                assert policy["check"], policy
            if policy["verb"] in "rwd" and policy["permissive"]:
                assert policy["using"], policy

    def test_the_check_runs_once(self, world: World) -> None:
        """The token is checked in a subselect, once a statement and not once a row."""
        for policy in catalogue.rows(world.superuser, POLICIES):
            for condition in (policy["using"] or "", policy["check"] or ""):
                calls = re.findall(
                    r"workbench\.(?:tenant_with|platform_with|actor_\w+)\(", condition
                )
                assert condition.count("SELECT workbench.") >= len(calls), policy


class TestRoles:
    """What the roles are."""

    def test_none_sees_past_policies(self, world: World) -> None:
        """No role of ours is a superuser, bypasses policies, or reaches one that does (R3)."""
        found = catalogue.rows(
            world.superuser,
            "select r.rolname as name, r.rolsuper or r.rolbypassrls or r.rolreplication as mighty, "
            "r.rolcreaterole or r.rolcreatedb as creates, "
            "exists (select from pg_roles o where (o.rolsuper or o.rolbypassrls "
            "or o.rolreplication or o.rolname ~ '^pg_') and o.rolname <> 'pg_database_owner' "
            "and pg_has_role(r.oid, o.oid, 'member')) "
            "as reaches from pg_roles r where r.rolname ~ '^workbench'",
        )
        assert len(found) >= 10
        for role in found:
            assert not role["mighty"], role
            assert not role["reaches"], role
            assert not role["creates"] or role["name"] == "workbench_owner", role

    def test_no_login_is_the_owner(self, world: World) -> None:
        """No login is a member of the owner or of a definer's role (R3, R11)."""
        found = catalogue.rows(
            world.superuser,
            "select r.rolname as name, o.rolname as other from pg_roles r, pg_roles o "
            "where r.rolcanlogin and r.rolname ~ '^workbench' and r.rolname <> 'workbench_owner' "
            "and o.rolname = any (%s) "
            "and o.rolname <> r.rolname and pg_has_role(r.oid, o.oid, 'member')",
            [roles.OWNER, roles.WORKER, *(set(roles.GROUPS) - {roles.READERS})],
        )
        assert found == []

    def test_groups_cannot_log_in(self, world: World) -> None:
        """What owns views and functions has no password and no way in."""
        found = catalogue.rows(
            world.superuser,
            "select rolname as name from pg_roles where rolcanlogin and rolname = any (%s)",
            list(roles.GROUPS),
        )
        assert found == []

    @pytest.mark.parametrize("privilege", ["create", "temporary"])
    def test_nobody_makes_anything_in_the_database(self, world: World, privilege: str) -> None:
        """Only the owner makes schemas, and nobody temporary tables (R15b, R17, R29)."""
        found = catalogue.rows(
            world.superuser,
            "select rolname as name from pg_roles where rolname ~ '^workbench' "
            "and rolname <> 'workbench_owner' "
            "and has_database_privilege(oid, current_database(), %s)",
            privilege,
        )
        assert found == []

    def test_logins_create_in_no_schema(self, world: World) -> None:
        """No login makes a table, function or type anywhere, but the queue's own (R29)."""
        found = catalogue.rows(
            world.superuser,
            "select r.rolname as role, n.nspname as schema from pg_roles r, pg_namespace n "
            "where r.rolname ~ '^workbench' and r.rolcanlogin and r.rolname <> 'workbench_owner' "
            "and has_schema_privilege(r.oid, n.oid, 'create')",
        )
        assert found == [{"role": "workbench_worker", "schema": "queue"}]

    def test_the_private_schema_is_private(self, world: World) -> None:
        """No login reads keys, live log-ins, roles or the queue, nor enters their schemas."""
        for login in LOGINS:
            role = world.url(login, world.a).username
            found = catalogue.rows(
                world.superuser,
                "select n.nspname as name from pg_namespace n "
                "where nspname in ('workbench_private', 'queue') "
                "and has_schema_privilege(%s, n.oid, 'usage, create')",
                role,
            )
            assert found == [], role
            tables = catalogue.rows(
                world.superuser,
                "select c.relname as name from pg_class c join pg_namespace n "
                "on n.oid = c.relnamespace and nspname in ('workbench_private', 'queue') "
                "where relkind = 'r' and has_table_privilege(%s, c.oid, 'select, insert, update')",
                role,
            )
            assert tables == [], role

    def test_keys_are_the_guards_alone(self, world: World) -> None:
        """Of all roles only the one that checks tokens, and the owner, read the keys."""
        found = catalogue.rows(
            world.superuser,
            "select rolname as name from pg_roles where not rolsuper and rolname !~ '^pg_' "
            "and has_table_privilege(oid, 'workbench_private.actor_keys', 'select') order by 1",
        )
        assert [role["name"] for role in found] == ["workbench_guard", "workbench_owner"]
