"""The answer of one checked statement, as a statement for a file."""

from collections.abc import Mapping
from dataclasses import replace
from typing import LiteralString

import psycopg
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.datasets import driver, sql_settings
from workbench.datasets import sql as ad_hoc
from workbench.datasets.plain import Plain, PlainColumn
from workbench.datasets.sql import Asked
from workbench.datasets.sql_check import SqlRefused
from workbench.datasets.sql_errors import said
from workbench.permissions import Permission

FILE = "select {} from (\n{}\n) as q ({})"
# What files know: booleans, whole and binary numbers, texts, days and moments, by type's number.
KNOWN = frozenset({16, 20, 21, 23, 700, 701, 1082, 1184})
BOOLEAN, NUMERIC, LOCAL = 16, 1700, 1114


async def exported(session: AsyncSession, actor: Actor, asked: Asked) -> Plain:
    """The checked statement, each column of its answer as a type that files know."""
    actor.require(Permission.SQL_RUN)
    checked, values, datasets = await ad_hoc.checked_for(session, actor, asked)
    if checked.explain:
        raise SqlRefused("A plan is no table; run EXPLAIN without exporting it.")
    connection = await driver.of(session)
    try:
        await ad_hoc.prepare(connection, actor, asked.id, ad_hoc.LOOK)
        described = psycopg.AsyncRawCursor(connection)
        names = ad_hoc.NAMES.format(checked.text)
        await described.execute(names.encode(), values)
        columns = described.description or []
        text = checked.text
        settings: Mapping[str, str] = {}
        if values:
            known, written = await sql_settings.types(connection, names, values)
            text, settings = sql_settings.settled(text, known, written)
    except psycopg.Error as error:
        known_columns = ad_hoc.columns_of(datasets)
        raise said(error, asked.sql, checked, ad_hoc.NAMES, known_columns) from None
    finally:
        await ad_hoc.leave(session, connection)
    return replace(_plain(text, columns), settings=settings)


def _plain(text: str, columns: list[psycopg.Column]) -> Plain:
    aliases = [f"c{number}" for number in range(len(columns))]
    casts = [
        sql.SQL("{} as {}").format(_as_known(alias, column.type_code), sql.Identifier(column.name))
        for alias, column in zip(aliases, columns, strict=True)
    ]
    if not casts:
        raise SqlRefused("The answer has no columns to export.")
    return Plain(
        FILE.format(sql.SQL(", ").join(casts).as_string(), text, ", ".join(aliases)),
        tuple(
            PlainColumn(
                column.name,
                is_text=_kind(column.type_code) == "text",
                is_boolean=column.type_code == BOOLEAN,
            )
            for column in columns
        ),
    )


def _as_known(alias: str, type_number: int) -> sql.Composable:
    kind = _kind(type_number)
    column = sql.Identifier(alias)
    return column if kind is None else sql.SQL("{}::{}").format(column, sql.SQL(kind))


def _kind(type_number: int) -> LiteralString | None:
    """The type that files know in place of another; None where they know it itself."""
    if type_number in KNOWN:
        return None
    return {NUMERIC: "double precision", LOCAL: "timestamptz"}.get(type_number, "text")
