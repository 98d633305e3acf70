"""What ad-hoc SQL refuses, told from the parse tree and again by PostgreSQL's own grants."""

from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from workbench.actor import Actor
from workbench.datasets import commands, sql_places
from workbench.datasets.sql_check import SqlRefused, check
from workbench.db.session import Database
from workbench.errors import Invalid
from workbench.tenants.models import Tenant

DATASETS = {"sample_trips", "sample_carriers"}

HOSTILE = [
    # several statements, and none
    "select 1; select 2",
    "select 1; commit; drop table rows.x",
    "",
    ";",
    "-- nothing",
    # what is no SELECT
    "insert into sample_trips (carrier) values ('x')",
    "update sample_trips set delay = 0",
    "delete from sample_trips",
    "merge into sample_trips t using sample_carriers c on true when matched then delete",
    "truncate sample_trips",
    "drop view data.sample_trips",
    "create table mine (x int)",
    "create temp table mine as select 1",
    "create function f() returns int language sql as 'select 1'",
    "create or replace view data.sample_trips as select 1",
    "alter role workbench_reader password 'x'",
    "grant select on sample_trips to public",
    "copy sample_trips to stdout",
    "copy (select 1) to program 'id'",
    "copy sample_trips from '/etc/passwd'",
    "do $$ begin perform pg_sleep(1); end $$",
    "call something()",
    "begin",
    "commit",
    "rollback",
    "set statement_timeout = 0",
    "set local workbench.actor_token = 'x'",
    "set transaction read write",
    "set role workbench_app",
    "set session authorization workbench_app",
    "reset role",
    "reset all",
    "show workbench.actor_token",
    "discard all",
    "deallocate all",
    "prepare p as select 1",
    "execute p",
    "declare c cursor for select 1",
    "fetch all from ad_hoc",
    "close all",
    "listen workbench_events",
    "notify workbench_events, 'x'",
    "lock table sample_trips",
    "vacuum",
    "analyze sample_trips",
    "explain analyze delete from sample_trips",
    "explain analyze select * from sample_trips",
    "explain (analyze, buffers) select 1",
    "explain verbose select * from sample_trips",
    "explain insert into sample_trips (carrier) values ('x')",
    "explain create table x as select 1",
    "explain select set_config('a.b', 'c', false)",
    # SELECT that writes or locks
    "select * into mine from sample_trips",
    "select * into temp mine from sample_trips",
    "select * from sample_trips for update",
    "select * from sample_trips for share nowait",
    "with gone as (delete from sample_trips returning *) select * from gone",
    "with new as (insert into sample_carriers values ('x') returning *) select * from new",
    "with x as (update sample_trips set delay = 1 returning 1) select 1",
    # functions that act or tell
    "select set_config('workbench.actor_token', 'x', false)",
    "select pg_catalog.set_config('workbench.actor_token', 'x', false)",
    "select \"set_config\"('workbench.actor_token', 'x', false)",
    "select SET_CONFIG('statement_timeout', '0', false)",
    "select current_setting('workbench.actor_token')",
    "with a as (select set_config('a.b', 'c', false)) select * from a",
    "select (select set_config('a.b', 'c', false))",
    "select 1 where set_config('a.b', 'c', false) = 'c'",
    "select 1 order by set_config('a.b', 'c', false)",
    "select 1 limit set_config('a.b', '1', false)::int",
    "select count(*) filter (where set_config('a.b', 'c', false) = 'c') from sample_trips",
    "select sum(1) over (order by set_config('a.b', 'c', false)) from sample_trips",
    "select case when true then set_config('a.b', 'c', false) end",
    "select array[set_config('a.b', 'c', false)]",
    "select row(set_config('a.b', 'c', false))",
    "select coalesce(null, set_config('a.b', 'c', false))",
    "select * from set_config('a.b', 'c', false)",
    "select * from rows from (set_config('a.b', 'c', false))",
    "select * from sample_trips, lateral set_config('a.b', carrier, false)",
    "values (set_config('a.b', 'c', false))",
    "select 1 group by set_config('a.b', 'c', false)",
    "select 1 having set_config('a.b', 'c', false) = 'c'",
    "select 1 union select length(set_config('a.b', 'c', false))",
    "select pg_sleep(10)",
    "select pg_sleep_for('1 min')",
    "select pg_terminate_backend(1)",
    "select pg_cancel_backend(1)",
    "select pg_notify('workbench_events', 'x')",
    "select pg_advisory_lock(1)",
    "select pg_try_advisory_xact_lock(1)",
    "select pg_read_file('/etc/passwd')",
    "select pg_ls_dir('/')",
    "select pg_stat_file('/etc/passwd')",
    "select lo_import('/etc/passwd')",
    "select lo_create(0)",
    "select lo_get(1)",
    "select query_to_xml('select 1', true, true, '')",
    "select table_to_xml('pg_class', true, true, '')",
    "select database_to_xml(true, true, '')",
    "select cursor_to_xml('c', 1, true, true, '')",
    "select ts_stat('select 1')",
    "select dblink('', 'select 1')",
    "select nextval('x')",
    "select txid_current()",
    "select pg_export_snapshot()",
    "select pg_reload_conf()",
    "select pg_logical_emit_message(true, 'a', 'b')",
    "select has_table_privilege('pg_authid', 'select')",
    "select version()",
    "select inet_server_addr()",
    "select pg_get_viewdef('data.sample_trips')",
    "select pg_get_functiondef(1)",
    "select workbench.tenant_with('row:read')",
    "select workbench.actor_user()",
    "select to_regclass('pg_authid')",
    "select current_user",
    "select session_user, current_role, user",
    "select current_catalog, current_schema",
    "select repeat('x', 1000000000)",
    "select lpad('x', 1000000000)",
    "select lpad('x', 1000 * 1000)",
    "select rpad('x', (select 1000000000))",
    "select format('%1000000000s', 'x')",
    "select array_fill(0, array[100000000])",
    "select setseed(0.1)",
    'select U&"pg\\005fsleep"(1)',
    "select pg_input_is_valid('workbench_owner', 'regrole')",
    "select pg_typeof(1)",
    # relations that are no datasets of the tenant
    "select * from pg_class",
    "select * from pg_catalog.pg_roles",
    "select * from pg_stat_activity",
    "select * from pg_settings",
    "select * from pg_stats",
    "select * from pg_authid",
    "select * from information_schema.tables",
    "select * from views.tenants",
    "select * from views.runs",
    "select * from workbench.tenants",
    "select * from workbench_private.live",
    "select * from rows.d_1",
    "select * from queue.procrastinate_jobs",
    "select * from no_such_dataset",
    "select * from workbench.data.sample_trips",
    'select * from "SAMPLE_TRIPS"',
    "table pg_class",
    "select (table pg_class)",
    "select * from (select * from pg_class) sample_trips",
    "select exists (select from pg_class)",
    "select 1 from sample_trips where carrier in (select relname from pg_class)",
    # names of WITH in the wrong place
    "with pg_class as (select 1) select * from pg_catalog.pg_class",
    "with pg_class as (select * from pg_class) select * from pg_class",
    "with a as (select * from b), b as (select 1) select * from a",
    "select * from (with pg_class as (select 1) select 1) x, pg_class",
    "with a as (with pg_class as (select 1) select 1) select * from pg_class",
    "(with pg_class as (select 1) select 1) union select relnatts from pg_class",
    # columns, types, operators
    "select ctid from sample_trips",
    "select t.xmin from sample_trips t",
    "select tableoid from sample_trips",
    "select 'pg_class'::regclass",
    "select cast('pg_authid' as regclass)",
    "select regclass 'pg_class'",
    "select 1::regproc",
    "select '{pg_class}'::regclass[]",
    "select * from json_to_record('{}') as r(a regclass)",
    "select * from json_table('[]', '$[*]' columns (a int))",
    "select * from xmltable('/a' passing '<a/>' columns b int)",
    "select 'set_config(text,text,bool)'::regprocedure",
    "select 1::oid",
    "select 'x'::pg_catalog.regrole",
    "select null::sample_trips",
    "select json_populate_record(null::sample_trips, '{}')",
    "select '<a/>'::xml",
    "select xmlelement(name a)",
    "select $1",
    "select 1 operator(workbench.+) 2",
    "select * from sample_trips tablesample system (10)",
    "select default",
    # too much
    "select " + "(" * 20_000 + "1",
    "select 1" + "+1" * 9_999 + "+",
    "select '" + "x" * 20_000 + "'",
    "select '\0'",
    "select '\ud800'",
]


@pytest.fixture
def tenant(world: tuple[Tenant, Tenant]) -> Tenant:
    """The tenant of six trips."""
    return world[0]


class TestCheck:
    """The parse tree says what a statement would do."""

    @pytest.mark.parametrize("statement", HOSTILE, ids=range(len(HOSTILE)))
    def test_it_refuses(self, statement: str) -> None:
        """Whatever is not plainly a question to the tenant's datasets."""
        with pytest.raises(SqlRefused):
            check(statement, DATASETS)

    @pytest.mark.parametrize(
        ("statement", "message"),
        [
            ("select 1,\n  pg_sleep(1)", r"pg_sleep is not available here \(line 2, column 3\)"),
            ("select 'é', x from pg_class", r"no dataset pg_class \(line 1, column 20\)"),
            ("select 1::regclass", r"type regclass"),
            ("select 1 frm x y", r"syntax error .*\(line 1, column \d+\)"),
        ],
    )
    def test_it_points_at_the_place(self, statement: str, message: str) -> None:
        """The error says what is refused and where it stands."""
        with pytest.raises(SqlRefused, match=message) as caught:
            check(statement, DATASETS)
        assert caught.value.details[0].place.startswith("line ")

    def test_it_keeps_the_text_of_one_statement(self) -> None:
        """What follows a semicolon is not passed on."""
        checked = check("  select 1 ; -- the end", DATASETS)
        assert checked.text.strip() == "select 1"
        assert not checked.explain

    def test_it_takes_explain_apart(self) -> None:
        """The words before the statement are left out."""
        checked = check("/* é */ explain select 1", DATASETS)
        assert (checked.text, checked.explain) == (" select 1", True)

    def test_deep_but_short_statements_are_checked(self) -> None:
        """A long chain is walked without recursion."""
        assert check("select 1" + "+1" * 5000, DATASETS).start == 0
        with pytest.raises(SqlRefused, match="pg_sleep"):
            check("select 1" + "+1" * 5000 + "+pg_sleep(1)", DATASETS)

    def test_a_place_is_counted_as_people_do(self) -> None:
        """Lines and columns begin at one."""
        assert sql_places.at("ab\ncd", 4) == "line 2, column 2"
        assert sql_places.at("ab", 0) == "line 1, column 1"


class TestRefusedByTheHouse:
    """The same statements through the whole path."""

    @pytest.mark.parametrize("statement", HOSTILE[:-5:9], ids=range(len(HOSTILE[:-5:9])))
    async def test_they_are_invalid_and_harmless(
        self, database: Database, actor: Actor, tenant: Tenant, statement: str
    ) -> None:
        """Each gets an error of ours, and the tenant's rows are as they were."""
        del tenant
        with pytest.raises(Invalid):
            await commands.run_sql(database, actor, statement, timeout=timedelta(seconds=5))
        count = await commands.run_sql(database, actor, "select count(*) from sample_trips")
        assert count.rows == [[6]]


class TestGrants:
    """The second gate: what the reader's role itself cannot do."""

    @pytest.mark.parametrize(
        "statement",
        [
            "insert into sample_trips (carrier) values ('x')",
            "update sample_trips set delay = 0",
            "delete from data.sample_trips",
            "truncate workbench.tenants",
            "drop view data.sample_trips",
            "create table data.mine (x int)",
            "create table public.mine (x int)",
            "create temp table mine (x int)",
            "create function data.f() returns int language sql as 'select 1'",
            "select * from workbench.tenants",
            "select * from workbench.audit_entries",
            "select * from workbench_private.live",
            "select * from workbench_private.actor_keys",
            "select * from queue.procrastinate_jobs",
            "select * from pg_authid",
            "select workbench.admit(null, null, null, null)",
            "select workbench.define_rows(null)",
            "set role workbench_app",
            "set role workbench_viewer",
            "set session authorization workbench_owner",
            "select pg_read_file('/etc/passwd')",
            "select pg_ls_dir('/')",
            "copy (select 1) to program 'id'",
            "copy (select 1) to '/tmp/x'",
        ],
    )
    async def test_the_reader_is_refused(
        self, database: Database, actor: Actor, statement: str
    ) -> None:
        """Without any check of ours, on a connection that reads the tenant's rows."""
        async with database.reading(actor) as session:
            assert await session.scalar(text("select count(*) from sample_trips")) == 6
            with pytest.raises(DBAPIError) as caught:
                await session.execute(text(statement))
            await session.rollback()
        assert isinstance(caught.value.orig, psycopg.Error)
        assert caught.value.orig.sqlstate in {"42501", "55000", "42P01", "42883"}

    async def test_another_token_shows_nothing(self, database: Database, actor: Actor) -> None:
        """No token shows no rows, a forged one is an error."""
        told = text("select set_config('workbench.actor_token', :token, true)")
        count = text("select count(*) from sample_trips")
        async with database.reading(actor) as session:
            assert await session.scalar(count) == 6
            await session.execute(told, {"token": ""})
            assert await session.scalar(count) == 0
            await session.execute(told, {"token": "eyJhbGciOiJub25lIn0.e30."})
            with pytest.raises(DBAPIError, match="actor token"):
                await session.scalar(count)
            await session.rollback()
