"""What a login can learn of others and do to them: activity, channels, locks, large objects."""

import contextlib
import time
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from tests.isolation.world import (
    APP,
    LOGINS,
    READER,
    TENANT,
    World,
    attempt,
    connect,
)
from workbench.db import roles
from workbench.proof import catalogue
from workbench.queue import commands as queue
from workbench.tenants import logins

DENIED = "42501"
READERS = [READER, TENANT]


class TestOtherLogins:
    """A tenant's login reaches no other role and no other's work (R15d)."""

    @pytest.mark.parametrize(
        "form",
        [
            "alter role {} password 'mine now'",
            "alter role {} set search_path = pg_catalog",
            "alter role {} set workbench.actor_token = 'mine'",
            "alter role {} rename to mine",
            "alter role {} valid until 'infinity'",
            "alter role all set search_path = pg_catalog",
            "drop role {}",
            "grant {} to current_user",
            "create role mine",
            "alter database isolation set search_path = pg_catalog",
        ],
    )
    def test_no_role_is_altered(self, world: World, form: str) -> None:
        """Every change to every other role is refused; one's own search path may be set."""
        with world.connect(TENANT, world.a) as connection:
            own = str(world.url(TENANT, world.a).username)
            for found in catalogue.rows(
                world.superuser, "select rolname as name from pg_roles where rolname ~ '^workbench'"
            ):
                if found["name"] == own:
                    continue
                query = sql.SQL(form).format(sql.Identifier(found["name"]))
                assert attempt(connection, query).error == DENIED, found
            change = sql.SQL("alter role {} set search_path = data").format(sql.Identifier(own))
            assert attempt(connection, change).error is None

    async def test_what_a_login_set_for_itself_is_reset(self, world: World) -> None:
        """A kernel's settings for its own login do not reach the next kernel."""
        own = sql.Identifier(roles.tenant_login(world.a.tenant_id))
        level = "alter role {} set default_transaction_isolation = serializable"
        here = "alter role {} in database isolation set statement_timeout = 1"
        with world.connect(TENANT, world.a) as connection:
            for form in (level, here):
                connection.execute(sql.SQL(form).format(own))
        async with world.database.session(world.a.system) as session:
            await logins.ensure(session, world.a.system, world.a.password)
        with world.connect(TENANT, world.a) as connection:
            assert attempt(connection, "show search_path").rows == [('"$user", data, views',)]
            assert attempt(connection, "show statement_timeout").rows == [("0",)]
            assert world.a in attempt(connection, "select * from data.secrets")

    def test_another_tenants_login_is_not_given(self, world: World) -> None:
        """A's actor sets the password of A's login, and of no other; nor does one without."""
        verifier = "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy"
        query = "select workbench.set_tenant_login(%s, %s)"
        with world.connect(APP, world.a) as connection:
            assert attempt(connection, query, world.b.tenant_id, verifier).error == DENIED
            assert attempt(connection, query, world.a.tenant_id, "plain").error == "22023"
            assert attempt(connection, query, world.a.tenant_id, None).error == "22023"
            assert attempt(connection, query, world.a.tenant_id, verifier).error is None
        with world.connect(APP, world.a, "") as connection:
            assert attempt(connection, query, world.a.tenant_id, verifier).error == DENIED

    @pytest.mark.parametrize("login", READERS)
    def test_nobody_is_stopped(self, world: World, login: str) -> None:
        """Neither another tenant's backend nor the application's can be cancelled or ended."""
        with contextlib.ExitStack() as stack:
            pids = [
                stack.enter_context(world.connect(other, side)).info.backend_pid
                for other, side in ((TENANT, world.b), (READER, world.b), (APP, world.a))
            ]
            connection = stack.enter_context(world.connect(login, world.a))
            for pid in pids:
                for function in ("pg_cancel_backend", "pg_terminate_backend"):
                    query = sql.SQL("select {}(%s)").format(sql.Identifier(function))
                    assert attempt(connection, query, pid).error == DENIED
            app = stack.enter_context(world.connect(APP, world.a))
            assert attempt(app, "select pg_cancel_backend(%s)", pids[1]).rows == [(True,)]

    @pytest.mark.parametrize("login", READERS)
    def test_nobodys_sql_is_seen(self, world: World, login: str) -> None:
        """What others run is out of sight, under the same role as well (R32)."""
        looks = (
            "select * from pg_stat_activity",
            "select * from pg_stat_get_activity(null)",
            "select pg_stat_get_backend_activity(1)",
            "select * from pg_stat_get_backend_idset()",
        )
        with world.connect(login, world.a) as connection, world.connect(login, world.b) as other:
            other.execute("select 'of B' as secret")
            for look in looks:
                assert attempt(connection, look).error == DENIED, look
        with world.connect(APP, world.a) as connection:
            seen = attempt(connection, "select count(*) > 0 from pg_stat_activity")
            assert seen.rows == [(True,)]

    def test_nobody_takes_a_token_from_the_activity(self, world: World) -> None:
        """Even the superuser sees no token in what runs: it travels as a bound value."""
        with world.connect(APP, world.a) as connection:
            connection.execute(
                "select set_config('workbench.actor_token', %s, false)",
                [world.token(APP, world.a)],
            )
            seen = attempt(world.superuser, "select query from pg_stat_activity")
            assert "set_config" in str(seen.rows)
            assert world.token(APP, world.a)[:40] not in str(seen.rows)


class TestOtherDatabases:
    """The server holds more than one database."""

    @pytest.mark.parametrize("login", LOGINS)
    @pytest.mark.parametrize("name", ["postgres", "template1"])
    def test_they_cannot_be_entered(self, world: World, login: str, name: str) -> None:
        """Nobody goes where everybody may make temporary tables; ours lets its logins in."""
        url = world.url(login, world.a)
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            connect(url.set(database=name)).__enter__()
        with connect(url) as connection:
            assert attempt(connection, "select 1").rows == [(1,)]

    @pytest.mark.parametrize("login", LOGINS)
    def test_nobody_replicates(self, world: World, login: str) -> None:
        """No login of the application's network can copy the database (R45)."""
        for mode in ("database", "true"):
            with (
                pytest.raises(psycopg.OperationalError, match=r"(?i)replication|wal sender"),
                connect(world.url(login, world.a), replication=mode) as connection,
            ):
                connection.execute("IDENTIFY_SYSTEM")

    def test_there_is_no_backup_role_to_log_in_as(self, world: World) -> None:
        """Nobody replicates or bypasses policies but the bootstrap user, by peer alone (R45)."""
        found = catalogue.rows(
            world.superuser,
            "select rolname as name from pg_roles where rolcanlogin "
            "and (rolreplication or rolbypassrls or rolsuper)",
        )
        assert found == [{"name": "postgres"}]
        superuser = world.owner.set(username="postgres", password="postgres")
        with pytest.raises(psycopg.OperationalError, match="authentication"):
            connect(superuser, require_auth="password,scram-sha-256").__enter__()


class TestTakenFromPublic:
    """What PostgreSQL lets everybody do, and the hardening takes away."""

    @pytest.mark.parametrize("login", READERS)
    @pytest.mark.parametrize(
        "statement",
        [
            "select pg_advisory_lock(7302026)",
            "select pg_try_advisory_lock(1, 2)",
            "select pg_advisory_xact_lock_shared(1)",
            "select lo_create(0)",
            "select lo_creat(-1)",
            "select lo_from_bytea(0, 'x')",
            "select lo_get(1)",
            "select lo_unlink(1)",
            "select lo_import('/etc/passwd')",
            "select lo_export(1, 'file')",
            "select loread(1, 1)",
            "select lowrite(1, 'x')",
            "select pg_notify('a', 'b')",
            "do $$ begin perform 1; end $$",
            "do language plpgsql 'begin end'",
            "create function data.mine() returns int language sql as 'select 1'",
            "create function pg_temp.mine() returns int language plpgsql as 'begin end'",
            "create type pg_temp.mine as (a int)",
            "create temporary table mine (a int)",
            "create operator data.=== (leftarg = text, rightarg = text, function = texteq)",
            "create aggregate data.mine (int) (sfunc = int4pl, stype = int)",
            "create cast (text as int) with inout",
            "create collation data.mine (locale = 'C')",
            "create language plperl",
            "create extension plpgsql",
            "create extension vector",
            "create schema mine",
            "create table public.mine (a int)",
            "create publication mine",
            "create subscription mine connection '' publication mine",
            "create event trigger mine on ddl_command_start execute function now()",
            "create foreign data wrapper mine",
            "create statistics data.mine on row_id, a_text from data.secrets",
            "alter system set log_statement = 'all'",
            "set session_replication_role = replica",
            "set log_statement = 'all'",
            "load 'auto_explain'",
            "checkpoint",
            "vacuum workbench.users",
            "copy (select 1) to program 'id'",
            "copy (select 1) to '/tmp/mine'",
            "select pg_read_file('/etc/passwd')",
            "select pg_ls_dir('.')",
            "select pg_stat_file('.')",
            "select pg_reload_conf()",
            "select pg_rotate_logfile()",
            "select pg_create_restore_point('a')",
            "select pg_logical_emit_message(true, 'a', 'b')",
            "select pg_create_logical_replication_slot('a', 'pgoutput')",
            "select * from pg_authid",
            "select * from pg_shadow",
            "select * from pg_hba_file_rules",
            "select * from pg_file_settings",
            "select * from pg_statistic",
            "select * from pg_statistic_ext_data",
            "select * from pg_largeobject",
            "select * from pg_user_mapping",
            "select * from pg_subscription",
            "select pg_get_backend_memory_contexts()",
            "select pg_log_backend_memory_contexts(1)",
        ],
    )
    def test_it_is_refused(self, world: World, login: str, statement: str) -> None:
        """Locks, large objects, files, DDL, DO, the server's affairs (R15b, R29, R34, R35)."""
        with world.connect(login, world.a) as connection:
            seen = attempt(connection, statement)
            refused = (DENIED, "42P17", "42710", "55000", "0A000", "25001", "42809", "42883")
            assert seen.error in refused, seen
            assert world.a in attempt(connection, "select * from data.secrets")

    def test_the_application_keeps_what_it_needs(self, world: World) -> None:
        """Locks, messages and cancelling stay with those whose work they are."""
        with world.connect(APP, world.a) as connection:
            assert attempt(connection, "select pg_advisory_xact_lock(1)").error is None
            assert attempt(connection, "select pg_notify('a', 'b')").error is None
        with connect(world.owner) as connection:
            assert attempt(connection, "do $$ begin perform 1; end $$").error is None

    def test_a_held_lock_blocks_no_other_tenant(self, world: World) -> None:
        """A kernel that opens a transaction on all it sees keeps nobody waiting (R34)."""
        with world.connect(TENANT, world.a) as holder, holder.transaction():
            for view in catalogue.reader_views(world.superuser):
                holder.execute(sql.SQL("select * from {}").format(view.sql))
            with world.connect(APP, world.b) as other:
                other.execute("set lock_timeout = 200")
                for table in catalogue.tenant_tables(world.superuser):
                    query = sql.SQL("update {} set tenant_id = tenant_id").format(table.sql)
                    assert attempt(other, query).error in (None, DENIED), str(table)


class TestCatalogue:
    """What a kernel may read in pg_catalog (R30, S7)."""

    @pytest.mark.parametrize("login", LOGINS)
    def test_no_statistics_of_others(self, world: World, login: str) -> None:
        """After ANALYZE the statistics that PostgreSQL shows hold nothing of forced tables."""
        world.superuser.execute("analyze")
        views = ("pg_stats", "pg_stats_ext", "pg_stats_ext_exprs")
        with world.connect(login, world.a) as connection:
            for view in views:
                seen = attempt(
                    connection,
                    sql.SQL(
                        "select * from {} "
                        "where schemaname = any (%s) and tablename <> 'alembic_version'"
                    ).format(sql.Identifier(view)),
                    ["workbench", "rows", "data", "views", "workbench_private"],
                )
                assert (seen.error, seen.count) == (None, 0), view
        kept = attempt(world.superuser, "select * from pg_stats where schemaname = 'workbench'")
        assert kept.count > 0

    @pytest.mark.parametrize("login", READERS)
    def test_estimates_tell_nothing_of_others(self, world: World, login: str) -> None:
        """EXPLAIN expects as many rows for a value of B as for one that nobody has (R30)."""
        table = next(t for t in catalogue.tenant_tables(world.superuser) if t.schema == "rows")
        fill = sql.SQL(
            "insert into {} (tenant_id, import_id, a_text, a_integer) "
            "select %s, %s, 'common in B', 7 from generate_series(1, 2000)"
        )
        other = world.b.tenant_id
        world.superuser.execute(fill.format(table.sql), [other, other])
        try:
            world.superuser.execute(sql.SQL("analyze {}").format(table.sql))
            with world.connect(login, world.a) as connection:
                for column, common, unknown in (
                    ("a_text", "common in B", "in nobody"),
                    ("a_integer", 7, 8),
                ):
                    query = sql.SQL("explain select * from data.secrets where {} = %s")
                    plan = query.format(sql.Identifier(column))
                    estimates = [
                        attempt(connection, plan, value).rows[0][0].split("rows=")[1]
                        for value in (common, unknown)
                    ]
                    assert estimates[0] == estimates[1]
        finally:
            gone = sql.SQL("delete from {} where a_text = 'common in B'").format(table.sql)
            world.superuser.execute(gone)

    @pytest.mark.parametrize("login", READERS)
    def test_no_secret_stands_in_the_catalogue(self, world: World, login: str) -> None:
        """Settings, functions, views and remarks name no tenant and hold no key (S7).

        The schema of private views has a tenant's id in its name, as its login has: everybody sees
        that there is one, and the readers' own login which columns its views have.
        """
        looks = (
            "select * from pg_settings",
            "select prosrc from pg_proc where prosecdef",
            "select definition from pg_views",
            "select * from pg_policies",
            "select description from pg_description",
            "select setconfig from pg_db_role_setting",
            "select * from information_schema.columns where table_schema <> 'pg_catalog'",
            "select relname from pg_class",
            "select nspname from pg_namespace",
        )
        naming_schemas = looks[-1:] if login == TENANT else (looks[-1], looks[-3])
        home = roles.tenant_login(world.b.tenant_id)
        secret = world.database.key
        with world.connect(login, world.a) as connection:
            for look in looks:
                seen = attempt(connection, look)
                assert seen.error is None, look
                if look in naming_schemas:
                    shown = [str(row).replace(home, "") for row in seen.rows]
                    seen = replace(seen, rows=shown)
                assert world.b not in seen, look
                for hidden in (secret.secret, secret.kid, secret.key.hex(), world.b.password):
                    assert hidden not in str(seen.rows), look


class TestChannels:
    """LISTEN has no access control (R33)."""

    async def test_messages_hold_ids_only(self, world: World) -> None:
        """Whoever listens to every channel of the queue learns ids, and no word of the work."""
        with world.connect(TENANT, world.a) as listener:
            listener.execute("listen procrastinate_any_queue_v1")
            async with world.database.session(world.b.system) as session:
                run = world.b.planted["workbench.runs"]["id"]
                await queue.enqueue(session, "runs.execute", queue="runs", run_id=run)
            heard = [n.payload for n in listener.notifies(timeout=1, stop_after=1)]
        assert len(heard) == 1
        assert world.b.mark not in heard[0]
        assert str(run) not in heard[0]

    def test_the_queue_is_out_of_sight(self, world: World) -> None:
        """No login but the worker's reads a job; the application counts them."""
        for login in LOGINS:
            with world.connect(login, world.a) as connection:
                seen = attempt(connection, "select * from queue.procrastinate_jobs")
                assert seen.error == DENIED
        with world.connect(APP, world.a) as connection:
            assert attempt(connection, "select * from workbench.queue_state()").count == 1
        with connect(world.database.logins.worker) as connection:
            assert attempt(connection, "select * from queue.procrastinate_jobs").error is None
            for table in catalogue.tenant_tables(world.superuser):
                query = sql.SQL("select * from {}").format(table.sql)
                assert attempt(connection, query).error == DENIED, str(table)


def test_a_watch_does_not_wait(world: World) -> None:
    """A listener without news ends in time, so that the test above proves something."""
    with world.connect(TENANT, world.a) as listener:
        started = time.monotonic()
        listener.execute("listen silence")
        assert list(listener.notifies(timeout=0.1, stop_after=1)) == []
        assert time.monotonic() - started < 5
