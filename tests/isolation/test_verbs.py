"""Every verb on every table and view: what A may do with its own rows, it cannot do with B's."""

import pytest
from psycopg import sql

from tests.isolation.world import APP, LOGINS, READER, TENANT, Side, World, attempt, tell
from workbench.proof import catalogue, planting
from workbench.proof.catalogue import Relation
from workbench.proof.verbs import LOOKS

DENIED = "42501"
NOT_WITH_POLICIES = "0A000"
TOUCHED_A_CHILD = "23503"  # so the row itself was within reach
MET_ITS_EQUAL = "23505"


def relations(world: World, login: str, side: Side) -> list[Relation]:
    """What a login can name: the application tables and views, the others views alone.

    A kernel names views of its tenant alone; there are rows of both tenants behind each view.
    """
    views = catalogue.reader_views(world.superuser) + catalogue.private_views(world.superuser)
    if login == TENANT:
        return [view for view in views if view.is_near(side.tenant_id)]
    if login != APP:
        return views
    return catalogue.tenant_tables(world.superuser) + [v for v in views if v.is_of_dataset]


def owned(relation: Relation) -> bool:
    """Whether a view shows rows of tenants; definitions are the same for all who adopted them."""
    return str(relation) not in catalogue.SHARED


class TestReading:
    """SELECT in every form (R21)."""

    @pytest.mark.parametrize("login", LOGINS)
    @pytest.mark.parametrize("look", LOOKS)
    def test_it_shows_the_rows_of_one_tenant(self, world: World, login: str, look: str) -> None:
        """A's rows are there, and none of B's; the same the other way round."""
        for mine, other in ((world.a, world.b), (world.b, world.a)):
            with world.connect(login, mine) as connection:
                for relation in relations(world, login, mine):
                    seen = LOOKS[look](connection, relation)
                    assert seen.error is None, (str(relation), seen.error)
                    assert seen.rows, str(relation)
                    if owned(relation):
                        assert mine in seen, str(relation)
                    assert other not in seen, str(relation)

    def test_every_row_is_there(self, world: World) -> None:
        """The superuser, whom no policy binds, sees rows of both tenants in every table (R3)."""
        for table in catalogue.tenant_tables(world.superuser):
            seen = attempt(world.superuser, sql.SQL("select * from {}").format(table.sql))
            assert world.a in seen, str(table)
            assert world.b in seen, str(table)

    @pytest.mark.parametrize("login", [APP, READER])
    def test_a_prepared_statement_follows_the_token(self, world: World, login: str) -> None:
        """One backend runs one plan for A, then for B, and each sees its own (R31)."""
        with world.connect(login, world.a) as connection:
            for number, relation in enumerate(relations(world, login, world.a)):
                if not owned(relation):
                    continue
                query = sql.SQL("prepare {} as select * from {}")
                name = sql.Identifier(f"plan_{number}")
                connection.execute(query.format(name, relation.sql))
                for mine, other in [(world.a, world.b), (world.b, world.a)] * 7:
                    tell(connection, world.token(login, mine))
                    seen = attempt(connection, sql.SQL("execute {}").format(name))
                    assert mine in seen, str(relation)
                    assert other not in seen, str(relation)

    @pytest.mark.parametrize("login", LOGINS)
    def test_explain_analyze_counts_own_rows(self, world: World, login: str) -> None:
        """The plan that was run returned as many rows as A has, and not B's too (R21)."""
        with world.connect(login, world.a) as connection:
            for relation in relations(world, login, world.a):
                query = sql.SQL("explain (analyze, format json) select * from {}")
                plan = attempt(connection, query.format(relation.sql)).rows[0][0][0]["Plan"]
                own = attempt(connection, sql.SQL("select * from {}").format(relation.sql)).count
                assert plan["Actual Rows"] == own, str(relation)

    def test_for_update_locks_own_rows(self, world: World) -> None:
        """Locking rows finds A's alone, where the application may change rows at all (R21)."""
        with world.connect(APP, world.a) as connection:
            for table in _updatable(world):
                seen = attempt(connection, sql.SQL("select * from {} for update").format(table.sql))
                assert world.a in seen, str(table)
                assert world.b not in seen, str(table)

    @pytest.mark.parametrize("login", [READER, TENANT])
    def test_base_tables_are_out_of_reach(self, world: World, login: str) -> None:
        """Readers reach no table, with or without a tenant: views are all they have."""
        with world.connect(login, world.a) as connection:
            for table in catalogue.tables(world.superuser):
                seen = attempt(connection, sql.SQL("select * from {}").format(table.sql))
                assert seen.error == DENIED, str(table)


def _may(world: World, table: Relation, privilege: str) -> bool:
    query = "select has_table_privilege('workbench_app', %s, %s)"
    return bool(world.superuser.execute(query, [str(table), privilege]).fetchone()[0])  # type: ignore[index]


def _updatable(world: World) -> list[Relation]:
    return [t for t in catalogue.tenant_tables(world.superuser) if _may(world, t, "update")]


def _key(table: Relation) -> sql.Composed:
    terms = [sql.SQL("{} = %s").format(sql.Identifier(name)) for name in table.key]
    return sql.SQL(" and ").join(terms)


class TestWriting:
    """INSERT, UPDATE, DELETE, upsert, MERGE and COPY as the application, and as nobody else."""

    def test_insert(self, world: World) -> None:
        """A row for A is let in, the same row for B is not, nor both in one batch (R18, R19)."""
        with world.connect(APP, world.a) as connection:
            for table in catalogue.tenant_tables(world.superuser):
                mine, theirs = (side.planted[str(table)] for side in (world.a, world.b))
                allowed = (
                    _may(world, table, "insert") and table.name not in catalogue.WRITTEN_OUTSIDE
                )
                into = planting.insert(table, mine)
                own = attempt(connection, into, *mine.values())
                assert own.error == (MET_ITS_EQUAL if allowed else DENIED), str(table)
                assert attempt(connection, into, *theirs.values()).error == DENIED, str(table)
                moved = mine | {"tenant_id": world.b.tenant_id}
                assert attempt(connection, into, *moved.values()).error == DENIED, str(table)

    def test_update(self, world: World) -> None:
        """Changing values touches A's row and never B's; nor can A's row be given away (R18)."""
        query = sql.SQL("update {} set tenant_id = %s where {}")
        with world.connect(APP, world.a) as connection:
            for table in _updatable(world):
                mine, theirs = (_at(table, s.planted) for s in (world.a, world.b))
                change = query.format(table.sql, _key(table))
                own = attempt(connection, change, world.a.tenant_id, *mine)
                assert (own.error, own.count) == (None, 1), str(table)
                other = attempt(connection, change, world.b.tenant_id, *theirs)
                assert (other.error, other.count) == (None, 0), str(table)
                stolen = attempt(connection, change, world.a.tenant_id, *theirs)
                assert (stolen.error, stolen.count) == (None, 0), str(table)
                assert attempt(connection, change, world.b.tenant_id, *mine).error == DENIED

    def test_update_without_a_condition(self, world: World) -> None:
        """An UPDATE of everything is one of A's rows, and RETURNING shows no other (R21)."""
        with world.connect(APP, world.a) as connection:
            for table in _updatable(world):
                query = sql.SQL("update {} set tenant_id = tenant_id returning *")
                seen = attempt(connection, query.format(table.sql))
                assert world.a in seen, str(table)
                assert world.b not in seen, str(table)

    def test_a_blind_change_reaches_own_rows_alone(self, world: World) -> None:
        """Without a condition, and so without reading, no row of B is stolen or removed (R21)."""
        with world.connect(APP, world.a) as connection:
            for table in _updatable(world):
                count = sql.SQL("select from {}").format(table.sql)
                own = attempt(connection, count).count
                steal = sql.SQL("update {} set tenant_id = %s").format(table.sql)
                stolen = attempt(connection, steal, world.a.tenant_id)
                assert (stolen.error, stolen.count) == (None, own), str(table)
                gone = attempt(connection, sql.SQL("delete from {}").format(table.sql))
                assert gone.count in (0, own), str(table)

    def test_delete(self, world: World) -> None:
        """Deleting reaches A's row where the application may delete, and never B's."""
        with world.connect(APP, world.a) as connection:
            for table in catalogue.tenant_tables(world.superuser):
                query = sql.SQL("delete from {} where {} returning *").format(
                    table.sql, _key(table)
                )
                own = attempt(connection, query, *_at(table, world.a.planted))
                other = attempt(connection, query, *_at(table, world.b.planted))
                if _may(world, table, "delete"):
                    assert own.count == 1 or own.error == TOUCHED_A_CHILD, str(table)
                    assert (other.error, other.count) == (None, 0), str(table)
                else:
                    assert (own.error, other.error) == (DENIED, DENIED), str(table)

    def test_upsert(self, world: World) -> None:
        """ON CONFLICT meets A's own row; B's is refused before it is looked for (R20)."""
        ending = " on conflict ({}) do update set tenant_id = excluded.tenant_id returning *"
        with world.connect(APP, world.a) as connection:
            for table in _updatable(world):
                mine, theirs = (side.planted[str(table)] for side in (world.a, world.b))
                key = sql.SQL(", ").join(map(sql.Identifier, table.key))
                query = planting.insert(table, mine) + sql.SQL(ending).format(key)
                own = attempt(connection, query, *mine.values())
                met = (DENIED, 0) if table.name in catalogue.WRITTEN_OUTSIDE else (None, 1)
                assert (own.error, own.count) == met, str(table)
                assert attempt(connection, query, *theirs.values()).error == DENIED, str(table)
                quiet = planting.insert(table, mine) + sql.SQL(" on conflict do nothing")
                assert attempt(connection, quiet, *theirs.values()).error == DENIED, str(table)

    def test_merge(self, world: World) -> None:
        """MERGE matches A's row and none of B's (R21)."""
        form = "merge into {0} t using (select 1) s on {1} when matched then update set {2} = t.{2}"
        with world.connect(APP, world.a) as connection:
            for table in _updatable(world):
                column = next(c for c in table.columns if c not in table.key)
                query = sql.SQL(form).format(table.sql, _key(table), sql.Identifier(column))
                own = attempt(connection, query, *_at(table, world.a.planted))
                assert (own.error, own.count) == (None, 1), str(table)
                other = attempt(connection, query, *_at(table, world.b.planted))
                assert (other.error, other.count) == (None, 0), str(table)

    def test_copy_from_is_refused(self, world: World) -> None:
        """COPY would go round the check, so PostgreSQL refuses it; staging takes it (R22)."""
        with world.connect(APP, world.a) as connection:
            for table in catalogue.tenant_tables(world.superuser):
                query = sql.SQL("copy {} from stdin").format(table.sql)
                expected = NOT_WITH_POLICIES if _may(world, table, "insert") else DENIED
                assert attempt(connection, query).error == expected, str(table)

    @pytest.mark.parametrize("login", LOGINS)
    def test_what_policies_do_not_cover(self, world: World, login: str) -> None:
        """Nobody may TRUNCATE, refer to, put a trigger on or maintain a table (R23)."""
        role = str(world.url(login, world.a).username)
        query = "select has_table_privilege(%s, %s, 'truncate, references, trigger')"
        with world.connect(login, world.a) as connection:
            for table in catalogue.tables(world.superuser):
                if table.schema == "staging":
                    continue
                refused = world.superuser.execute(query, [role, str(table)]).fetchone()
                assert refused == (False,), str(table)
                seen = attempt(connection, sql.SQL("truncate {}").format(table.sql))
                assert seen.error == DENIED, str(table)

    @pytest.mark.parametrize("login", [READER, TENANT])
    @pytest.mark.parametrize(
        "form",
        [
            "insert into {0} default values",
            "update {0} set {1} = {1}",
            "delete from {0}",
            "select * from {0} for update",
            "lock table {0} in access exclusive mode",
            "lock table {0} in row exclusive mode",
            "truncate {0}",
            "copy {0} from stdin",
            "create index on {0} ({1})",
            "create view data.mine as select * from {0}",
            "create materialized view data.mine as select * from {0}",
            "create table data.mine as select * from {0}",
            "create temporary table mine as select * from {0}",
            "select * into data.mine from {0}",
            "with gone as (delete from {0} returning *) select * from gone",
            "alter view {0} owner to workbench_reader",
            "drop view {0}",
            "create rule mine as on select to {0} do instead select 1",
        ],
    )
    def test_readers_change_nothing(self, world: World, login: str, form: str) -> None:
        """What would change or lock something is refused, by grants and not by a flag (R21)."""
        with world.connect(login, world.a) as connection:
            attempt(connection, "set default_transaction_read_only = off")
            for view in relations(world, login, world.a):
                column = sql.Identifier(view.columns[-1])
                query = sql.SQL(form).format(view.sql, column)
                seen = attempt(connection, query)
                assert seen.error in (DENIED, "42809", "55000"), (str(view), seen.error)
                assert attempt(connection, sql.SQL("table {}").format(view.sql)).rows


def _at(table: Relation, planted: dict[str, planting.Row]) -> list[object]:
    return [planted[str(table)][name] for name in table.key]
