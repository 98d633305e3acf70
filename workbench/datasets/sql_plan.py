"""The plan of a statement as a tree, without what would tell of rows that are not the actor's.

What a plan tells: kinds of nodes, the datasets that they read, how many rows PostgreSQL expected
and found, times and blocks. Conditions stay out, since they are policies and parts of datasets, and
so do nodes on tables of ours. Expected rows come of the size of a whole table and of no value in
it: columns of datasets are not sampled. A measured plan counts rows as they are found, and with
those of an index also rows that a part of a dataset hides; so who sees parts measures nothing.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.datasets import driver, sql
from workbench.datasets.sql import Asked
from workbench.datasets.sql_check import SqlRefused
from workbench.datasets.sql_errors import said
from workbench.errors import Forbidden
from workbench.permissions import Permission

PLAIN = "explain (format json) {}"
MEASURED = "explain (format json, analyze, buffers, timing) {}"
FOUND_IN_INDEX = ("Bitmap Index Scan", "BitmapAnd", "BitmapOr")


class OnlyInPart(Forbidden):
    """You see part of a dataset, and a measured plan would tell of the rows that are hidden."""

    code = "only_in_part"


@dataclass(frozen=True, slots=True)
class Node:
    """A step of a plan; what was measured is None in a plan that only tells what would be done.

    Rows are those of one loop, times in milliseconds of all of it with what lies below.
    """

    node: str
    dataset: str | None
    join: str | None
    rows_estimated: int
    rows: float | None = None
    loops: int | None = None
    time_ms: float | None = None
    blocks_hit: int | None = None
    blocks_read: int | None = None
    below: list["Node"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a statement; `execution_ms` is what running it took, where it was run."""

    plan: Node
    planning_ms: float | None
    execution_ms: float | None
    elapsed_ms: float


async def explain(session: AsyncSession, actor: Actor, asked: Asked, *, analyze: bool) -> Plan:
    """Explain one statement in a reader's session, which is spent afterwards."""
    actor.require(Permission.SQL_RUN)
    if analyze and actor.lens is not None:
        raise OnlyInPart
    checked, values, datasets = await sql.checked_for(session, actor, asked)
    if checked.explain:
        raise SqlRefused("Leave EXPLAIN out: the statement alone is asked for here.")
    tables = {f"d_{each.definition_id.hex}": each.definition.name for each in datasets}
    wrapper = MEASURED if analyze else PLAIN
    connection = await driver.of(session)
    started = time.perf_counter()
    try:
        await sql.prepare(connection, actor, asked.id, asked.timeout)
        cursor = psycopg.AsyncRawCursor(connection)
        await cursor.execute(wrapper.format(checked.text).encode(), values)
        row = await cursor.fetchone()
    except psycopg.Error as error:
        if isinstance(error, psycopg.errors.QueryCanceled | psycopg.errors.AdminShutdown):
            raise
        raise said(error, asked.sql, checked, wrapper, sql.columns_of(datasets)) from None
    finally:
        await sql.leave(session, connection)
    found = row[0][0] if row else {}
    elapsed = round((time.perf_counter() - started) * 1000, 2)
    tree = _node(found["Plan"], tables)
    if tree is None:  # a statement that reads nothing but tables of ours: there is none
        raise SqlRefused
    return Plan(tree, found.get("Planning Time"), found.get("Execution Time"), elapsed)


def _node(found: Mapping[str, Any], tables: Mapping[str, str]) -> Node | None:
    """One step with those below it; None for a step on a table that is none of the actor's."""
    relation = found.get("Relation Name")
    if relation is not None and relation not in tables:
        return None
    below = [_node(each, tables) for each in found.get("Plans", ()) if not _is_check(each)]
    kind = found["Node Type"]
    return Node(
        kind,
        tables.get(relation or ""),
        found.get("Join Type"),
        found["Plan Rows"],
        None if kind in FOUND_IN_INDEX else found.get("Actual Rows"),
        found.get("Actual Loops"),
        found.get("Actual Total Time"),
        found.get("Shared Hit Blocks"),
        found.get("Shared Read Blocks"),
        [node for node in below if node is not None],
    )


def _is_check(found: Mapping[str, Any]) -> bool:
    """Whether a step only asks who asks: that is the policy's."""
    is_first = found.get("Parent Relationship") == "InitPlan"
    return is_first and found["Node Type"] == "Result" and "Plans" not in found
