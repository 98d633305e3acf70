"""What is tried on a table or a view: every form of reading, changing and reaching round it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from workbench.proof import planting
from workbench.proof.catalogue import Relation
from workbench.proof.planting import Row
from workbench.proof.world import Seen, Side, attempt

TOUCHED_A_CHILD = "23503"  # so the row itself was within reach
MET_ITS_EQUAL = "23505"
REFUSED = "42501"
WAITED = ("55P03", "57014")  # the right was there, the lock was not

Look = Callable[[psycopg.Connection, Relation], Seen]


@dataclass(frozen=True, slots=True)
class Aim:
    """Who tries something, and whose row he is after."""

    who: Side
    target: Side

    def row(self, relation: Relation) -> Row:
        """The target's row."""
        return self.target.planted[str(relation)]

    def own(self, relation: Relation) -> Row:
        """The row of who tries."""
        return self.who.planted[str(relation)]


Try = Callable[[psycopg.Connection, Relation, Aim], Seen]


@dataclass(frozen=True, slots=True)
class Verb:
    """One form of an attempt: its name, the right that it needs, and how it is tried.

    What `needs` nothing is what nobody may do at all. `twin` names the verb that shows, with
    one's own row, that the way is open; it is the same verb wherever that can succeed.
    """

    name: str
    needs: str
    try_: Try
    twin: str | None = None

    @property
    def is_read(self) -> bool:
        """Whether it shows rows and changes none."""
        return self.needs == "select"

    def reached(self, seen: Seen, side: Side, *, is_target: bool) -> bool:
        """Whether the attempt saw or touched anything of a tenant."""
        if side in seen or not is_target:
            return side in seen
        if not self.needs:
            return seen.error in (None, *WAITED)
        if self.is_read:
            return False
        if self.needs in ("insert", "delete") and seen.error in (TOUCHED_A_CHILD, MET_ITS_EQUAL):
            return True
        return seen.error is None and seen.count > 0


def copy_to(connection: psycopg.Connection, relation: Relation) -> Seen:
    """COPY TO, through a query."""
    query = sql.SQL("copy (select * from {}) to stdout").format(relation.sql)
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        return Seen(None, rows=[bytes(part).decode() for part in copy])


def cursor(connection: psycopg.Connection, relation: Relation) -> Seen:
    """A cursor that scrolls."""
    with connection.transaction():
        query = sql.SQL("declare looking scroll cursor for select * from {}")
        connection.execute(query.format(relation.sql))
        rows = connection.execute("fetch all from looking").fetchall()
        return Seen(
            None, rows=rows + connection.execute("fetch absolute 1 from looking").fetchall()
        )


def prepared(connection: psycopg.Connection, relation: Relation) -> Seen:
    """A statement that is prepared first."""
    connection.execute("deallocate all")
    connection.execute(sql.SQL("prepare looking as select * from {}").format(relation.sql))
    return Seen(None, rows=connection.execute("execute looking").fetchall())


SELECTS = {
    "select": "select * from {0}",
    "or_true": "select * from {0} r where true or r is null",
    "self_join": "select * from {0} l cross join {0} r",
    "cte": "with looked as materialized (select * from {0}) select * from looked",
    "aggregate": "select json_agg(r) from {0} r",
    "lateral": "select * from generate_series(1, 2) n, lateral (select n, r from {0} r) s",
    "sampled": "select * from {0} order by random()",
}


def _select(form: str) -> Look:
    def look(connection: psycopg.Connection, relation: Relation) -> Seen:
        return attempt(connection, sql.SQL(form).format(relation.sql))

    return look


LOOKS: dict[str, Look] = {
    **{name: _select(form) for name, form in SELECTS.items()},
    "copy_to": copy_to,
    "cursor": cursor,
    "prepared": prepared,
}


def key_of(relation: Relation) -> sql.Composed:
    """The condition that names one row by its key."""
    terms = [sql.SQL("{} = %s").format(sql.Identifier(name)) for name in relation.key]
    return sql.SQL(" and ").join(terms)


def at(relation: Relation, row: Row) -> list[Any]:
    """The values of a row's key."""
    return [row[name] for name in relation.key]


def _looking(look: Look) -> Try:
    def look_at(connection: psycopg.Connection, relation: Relation, _: Aim) -> Seen:
        try:
            return look(connection, relation)
        except psycopg.Error as error:
            return Seen(error.sqlstate)

    return look_at


def _keyed(form: str, *before: str) -> Try:
    """A statement on the target's key; `before` names whose tenant is written first."""

    def act(connection: psycopg.Connection, relation: Relation, aim: Aim) -> Seen:
        tenants = [getattr(aim, name).tenant_id for name in before]
        column = next((c for c in relation.columns if c not in relation.key), relation.key[0])
        query = sql.SQL(form).format(relation.sql, key_of(relation), sql.Identifier(column))
        return attempt(connection, query, *tenants, *at(relation, aim.row(relation)))

    return act


def _inserting(ending: str) -> Try:
    def act(connection: psycopg.Connection, relation: Relation, aim: Aim) -> Seen:
        row, key = aim.row(relation), sql.SQL(", ").join(map(sql.Identifier, relation.key))
        first = sql.Identifier(relation.key[0])
        query = planting.insert(relation, row) + sql.SQL(ending).format(key, first)
        return attempt(connection, query, *row.values())

    return act


def _moved(connection: psycopg.Connection, relation: Relation, aim: Aim) -> Seen:
    row = aim.own(relation) | {"tenant_id": aim.target.tenant_id}
    return attempt(connection, planting.insert(relation, row), *row.values())


def _given_away(connection: psycopg.Connection, relation: Relation, aim: Aim) -> Seen:
    query = sql.SQL("update {} set tenant_id = %s where {}").format(relation.sql, key_of(relation))
    own = at(relation, aim.own(relation))
    return attempt(connection, query, aim.target.tenant_id, *own)


def _blind(form: str) -> Try:
    """A change without a condition; more rows than one's own are somebody else's."""

    def act(connection: psycopg.Connection, relation: Relation, aim: Aim) -> Seen:
        own = attempt(connection, sql.SQL("select from {}").format(relation.sql)).count
        seen = attempt(connection, sql.SQL(form).format(relation.sql))
        if aim.who is aim.target:
            return seen
        if seen.error is not None:  # also when one's own row has a child that holds it
            return Seen(REFUSED)
        return Seen(None, max(seen.count - own, 0))

    return act


def _counted(connection: psycopg.Connection, relation: Relation, aim: Aim) -> Seen:
    """EXPLAIN ANALYZE; rows beyond those that SELECT shows are somebody else's."""
    query = sql.SQL("explain (analyze, format json) select * from {}").format(relation.sql)
    plan = attempt(connection, query)
    own = attempt(connection, sql.SQL("select from {}").format(relation.sql)).count
    if plan.error is not None:
        return plan
    found = int(plan.rows[0][0][0]["Plan"]["Actual Rows"])
    other = found > own if aim.who is not aim.target else found > 0
    return Seen(None, found, [aim.target.mark] if other else [])


def _plain(form: str) -> Try:
    def act(connection: psycopg.Connection, relation: Relation, _: Aim) -> Seen:
        column = sql.Identifier(relation.columns[-1])
        return attempt(connection, sql.SQL(form).format(relation.sql, column))

    return act


def _after(first: str, then: str = "select * from {0}") -> Try:
    """A statement that is to open the way, and a look at what it opened."""

    def act(connection: psycopg.Connection, relation: Relation, _: Aim) -> Seen:
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(sql.SQL(first).format(relation.sql))
                found = connection.execute(sql.SQL(then).format(relation.sql))
                return Seen(None, found.rowcount, found.fetchall())
        except psycopg.Error as error:
            return Seen(error.sqlstate)

    return act


READS = (
    *(Verb(name, "select", _looking(look)) for name, look in LOOKS.items()),
    Verb("explain analyze", "select", _counted),
    Verb("row_security off", "select", _after("set local row_security = off"), "select"),
)
KEYED_READS = (
    Verb("select by key", "select", _keyed("select * from {0} where {1}")),
    Verb("select for update", "update", _keyed("select * from {0} where {1} for update")),
    Verb("select for share", "update", _keyed("select * from {0} where {1} for share")),
)
CHANGES = (
    Verb("insert", "insert", _inserting("")),
    Verb("insert quietly", "insert", _inserting(" on conflict do nothing"), "insert"),
    Verb("upsert", "update", _inserting(" on conflict ({0}) do update set {1} = excluded.{1}")),
    Verb("update", "update", _keyed("update {0} set {2} = {2} where {1}")),
    Verb("update returning", "update", _keyed("update {0} set {2} = {2} where {1} returning *")),
    Verb("update everything", "update", _blind("update {0} set tenant_id = tenant_id")),
    Verb("steal", "update", _keyed("update {0} set tenant_id = %s where {1}", "who")),
    Verb("give away", "update", _given_away),
    Verb("insert for another", "insert", _moved),
    Verb("delete", "delete", _keyed("delete from {0} where {1}")),
    Verb("delete everything", "delete", _blind("delete from {0}")),
    Verb(
        "merge",
        "update",
        _keyed(
            "merge into {0} t using (select 1) s on {1} when matched then update set {2} = t.{2}"
        ),
    ),
)
NEVER = tuple(
    Verb(name, "", _plain(form), "select")
    for name, form in {
        "truncate": "truncate {0}",
        "copy from": "copy {0} from stdin",
        "create an index": "create index on {0} ({1})",
        "create a view": "create view data.mine as select * from {0}",
        "create a copy": "create table data.mine as select * from {0}",
        "temporary copy": "create temporary table mine as select * from {0}",
        "foreign key": "create table data.mine (a text references {0})",
        "rewrite rule": "create rule mine as on select to {0} do instead select 1",
        "drop": "drop view {0}",
        "change the owner": "alter table {0} owner to current_user",
        "disable policies": "alter table {0} disable row level security",
        "policy of one's own": "create policy mine on {0} using (true)",
    }.items()
)
ROUNDABOUT = (
    Verb("become the owner", "", _after("set local role workbench_owner"), "select"),
    Verb("become the keeper", "", _after("set local role workbench_keeper"), "select"),
    Verb("become a superuser", "", _after("set session authorization postgres"), "select"),
)
WRITES_ON_VIEWS = tuple(
    Verb(name, "", _plain(form), "select")
    for name, form in {
        "insert": "insert into {0} default values",
        "update": "update {0} set {1} = {1}",
        "delete": "delete from {0}",
        "select for update": "select * from {0} for update",
        "delete in a CTE": "with gone as (delete from {0} returning *) select * from gone",
        "select into": "select * into data.mine from {0}",
        "lock": "lock table {0} in row exclusive mode",
    }.items()
)


def for_tables(relation: Relation) -> tuple[Verb, ...]:
    """What is tried on a table."""
    is_private = relation.schema == "workbench_private"  # where nothing is planted
    if is_private or not relation.key or "tenant_id" not in relation.columns:
        return (*READS, *NEVER, *ROUNDABOUT)
    return (*READS, *KEYED_READS, *CHANGES, *NEVER, *ROUNDABOUT)


def for_views() -> tuple[Verb, ...]:
    """What is tried on a view."""
    return (*READS, *WRITES_ON_VIEWS, *NEVER, *ROUNDABOUT)
