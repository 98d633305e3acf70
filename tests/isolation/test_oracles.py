"""What errors, keys and plans could give away of rows that nobody shows (R24 to R28, R19)."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.isolation.world import APP, LOGINS, READER, World, attempt, tell
from workbench.actor import Actor
from workbench.permissions import Permission
from workbench.proof import catalogue, planting
from workbench.proof.catalogue import Relation
from workbench.proof.planting import PARENTS

DENIED = "42501"
NO_PARENT = "23503"


def children(world: World) -> list[tuple[Relation, dict[str, Any]]]:
    """Tables whose rows hang on another row of the same tenant, with that foreign key."""
    return [
        (table, key)
        for table in catalogue.tenant_tables(world.superuser)
        for key in catalogue.rows(world.superuser, PARENTS, str(table))
        if "tenant_id" in key["columns"] and len(key["columns"]) > 1
    ]


def _told(connection: psycopg.Connection, query: Any, values: list[Any]) -> tuple[str | None, str]:
    """The SQLSTATE and the message that a statement is answered with."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(query, values)
    except psycopg.Error as error:
        return error.sqlstate, str(error.diag.message_primary)
    return None, ""


class TestForeignKeys:
    """A child of A hangs on parents of A alone (R24, R25)."""

    def test_another_tenants_parent_is_as_absent_as_none(self, world: World) -> None:
        """B's id and an id that nobody has are refused in the same words; A's own is taken."""
        found = children(world)
        assert len(found) >= 4
        with world.connect(APP, world.a) as connection:
            for table, key in found:
                column = next(c for c in key["columns"] if c != "tenant_id")
                if world.a.planted[str(table)][column] is None:  # the row hangs on another parent
                    continue
                query = sql.SQL("update {} set {} = %s").format(table.sql, sql.Identifier(column))
                parents = [s.planted[key["parent"]]["id"] for s in (world.a, world.b)]
                own, foreign, absent = (
                    _told(connection, query, [value]) for value in (*parents, uuid4())
                )
                if own[0] == DENIED:  # no verb of the application changes this table
                    continue
                assert own[0] is None, str(table)
                assert foreign[0] == NO_PARENT, str(table)
                assert foreign == absent, str(table)

    def test_a_row_of_another_tenant_is_as_absent_as_none(self, world: World) -> None:
        """Writing B's key and writing a key of B that does not exist end alike (R20, R25)."""
        with world.connect(APP, world.a) as connection:
            for table in catalogue.tenant_tables(world.superuser):
                row = world.b.planted[str(table)]
                other = row | {c: uuid4() for c in table.key if c == "id"}
                for ending in ("", " on conflict do nothing"):
                    query = planting.insert(table, row) + sql.SQL(ending)
                    told = _told(connection, query, [*row.values()])
                    assert told[0] == DENIED, str(table)
                    assert told == _told(connection, query, [*other.values()]), str(table)


# How columns end of which a tenant has each value once, so that its own planted row is in the way.
OWN = ("_id", "slot")


class TestUniqueKeys:
    """A name that B uses is free for A (R26)."""

    def test_a_key_of_another_tenant_is_free(self, world: World) -> None:
        """A row with all of B's values but the tenant is let in, where parents do not forbid it."""
        tried = 0
        with world.connect(APP, world.a) as connection:
            for table in catalogue.tenant_tables(world.superuser):
                row = world.b.planted[str(table)] | {"tenant_id": world.a.tenant_id}
                for key in catalogue.rows(world.superuser, PARENTS, str(table)):
                    for column, referred in zip(key["columns"], key["referred"], strict=True):
                        if row[column] is not None:
                            row[column] = world.a.planted[key["parent"]][referred]
                told = _told(connection, planting.insert(table, row), [*row.values()])
                unique = [c for c in row if c not in ("tenant_id", "id") and c.endswith(OWN)]
                if told[0] == "23505":  # A's own parent, or A itself, has such a row already
                    assert unique or table.key == ("tenant_id",), str(table)
                    continue
                tried += told[0] is None
                assert told[0] in (None, DENIED), (str(table), told)
        assert tried >= 5


class TestBatches:
    """Many rows at once (R19)."""

    def test_one_foreign_row_refuses_all(self, world: World) -> None:
        """Of 100,000 rows one of B refuses every one; without it all are written."""
        table = next(t for t in catalogue.tenant_tables(world.superuser) if t.schema == "rows")
        fill = sql.SQL(
            "insert into {} (tenant_id, import_id, a_integer) "
            "select case when n = %s then %s::uuid else %s::uuid end, %s::uuid, n "
            "from generate_series(1, 100000) n"
        ).format(table.sql)
        run = uuid4()
        with world.connect(APP, world.a) as connection:
            mixed = attempt(connection, fill, 99_999, world.b.tenant_id, world.a.tenant_id, run)
            assert mixed.error == DENIED
            left = attempt(
                world.superuser,
                sql.SQL("select * from {} where import_id = %s").format(table.sql),
                run,
            )
            assert left.count == 0
            whole = attempt(connection, fill, 0, world.b.tenant_id, world.a.tenant_id, run)
            assert (whole.error, whole.count) == (None, 100_000)


POISON = (
    "1 / (case when a_text like 'of %%' then a_integer - 1 else 1 end) > 0",
    "a_text::integer > 0",
    "(a_text || '}}')::jsonb is not null",
    "cast(a_text as uuid) is not null",
    "a_text::date > now()",
    "pg_sleep(case when a_text like '%%{0}%%' then 5 else 0 end) is null",
    "set_config('probe.seen', a_text, false) is null",
    "query_to_xml('select ' || quote_literal(a_text), true, true, '') is null",
    "regexp_count(a_text, '(a+)+$') > 100",
)


class TestLeaks:
    """Conditions that raise, tell or wait run after the policy, never before it (R28)."""

    @pytest.mark.parametrize("login", LOGINS)
    @pytest.mark.parametrize("condition", POISON)
    def test_a_condition_meets_own_rows_alone(
        self, world: World, login: str, condition: str
    ) -> None:
        """Whatever a condition does with the rows that it is shown, none of them is B's."""
        text = condition.replace("{0}", world.b.mark)
        query = sql.SQL(f"select count(*) from data.secrets where {text}")
        heard: list[str] = []
        with world.connect(login, world.a) as connection:
            connection.add_notice_handler(lambda d: heard.append(str(d.message_primary)))
            connection.execute("set statement_timeout = 2000")
            try:
                connection.execute(query, ())
            except psycopg.errors.QueryCanceled:
                pytest.fail("a row of B was waited for")
            except psycopg.Error as error:
                heard.append(str(error))
            seen = connection.execute("select current_setting('probe.seen', true)").fetchone()
        assert world.b.mark not in str(heard) + str(seen)

    def test_a_poisoned_row_is_met_by_its_own_tenant(self, world: World) -> None:
        """The twin: the same cast does fail on A's own row, in A's own words."""
        with world.connect(APP, world.a) as connection:
            told = _told(connection, "select count(*) from data.secrets where a_text::int > 0", [])
        assert told[0] == "22P02"
        assert world.a.mark in told[1]

    @pytest.mark.parametrize("login", [APP, READER])
    def test_a_deleted_row_is_not_met(self, world: World, login: str) -> None:
        """A cast that a deleted row would break does not break (R41)."""
        table = next(t for t in catalogue.tenant_tables(world.superuser) if t.schema == "rows")
        tenant = uuid4()
        reads = Actor.of_system("test", Permission.ROW_READ, tenant_id=tenant)
        plant = sql.SQL(
            "insert into {} (tenant_id, import_id, a_text, deleted_at) values "
            "(%s, %s, '1', null), (%s, %s, 'deleted secret', now())"
        ).format(table.sql)
        world.superuser.execute(plant, [tenant, tenant, tenant, tenant])
        try:
            with world.connect(login, world.a, world.database.key.mint(reads)) as connection:
                told = _told(connection, "select * from data.secrets where a_text::int > 0", [])
            assert told == (None, "")
        finally:
            gone = sql.SQL("delete from {} where tenant_id = %s").format(table.sql)
            world.superuser.execute(gone, [tenant])


class TestHijack:
    """Functions and types named like those that the checks use (R15b, R17)."""

    @pytest.mark.parametrize(
        "name", ["pg_temp", "data", "views", "public", "workbench", "workbench_private"]
    )
    @pytest.mark.parametrize("login", LOGINS)
    def test_no_stand_in_can_be_made(self, world: World, login: str, name: str) -> None:
        """Nobody puts a type, table or function where a definer function could find it."""
        stand_ins = (
            "create type {}.uuid as (a int)",
            "create table {}.actor_keys (kid text)",
            "create function {}.sha256(bytea) returns bytea language sql as 'select $1'",
            "create domain {}.text as varchar",
        )
        with world.connect(login, world.a) as connection:
            for form in stand_ins:
                query = sql.SQL(form).format(sql.Identifier(name))
                assert attempt(connection, query).error in (DENIED, "3F000"), form
            connection.execute("set search_path = pg_temp, public, pg_catalog, data, views")
            seen = attempt(connection, "select * from data.secrets")
            assert world.a in seen
            assert world.b not in seen

    def test_even_a_stand_in_changes_nothing(self, world: World) -> None:
        """Were a temporary type there after all, the check would not look at it (R15b)."""
        with world.superuser.transaction(force_rollback=True):
            world.superuser.execute("create type pg_temp.uuid as enum ('stolen')")
            world.superuser.execute("create domain pg_temp.record_of as text")
            world.superuser.execute("set local search_path = pg_temp, pg_catalog")
            tell(world.superuser, world.token(APP, world.a))
            found = world.superuser.execute("select workbench.tenant_with('row:read')::text")
            assert found.fetchone() == (world.a.mark,)
        tell(world.superuser, "")
