"""Parameters of a statement for a file, which COPY takes none of: each a setting of the session.

A value is bound to `set_config` and read by `current_setting`, so it never becomes part of the
text; its type is the one that PostgreSQL gives to the parameter in its place.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from pglast import scan
from psycopg.adapt import PyFormat, Transformer

NAME = "workbench.parameter_{}"
KNOWN = """
select string_agg(case oid when 0 then 'unknown' else oid::regtype::text end, ', ' order by place)
from unnest(%s::oid[]) with ordinality as t (oid, place)
"""
PREPARE = "prepare workbench_export ({}) as {}"
FOUND = """
select parameter_types::text[] from pg_prepared_statements where name = 'workbench_export'
"""
FORGET = "deallocate workbench_export"


async def types(
    connection: psycopg.AsyncConnection[Any], text: str, values: Sequence[Any]
) -> tuple[list[str], list[str | None]]:
    """The type of each parameter, by its name, and each value as PostgreSQL reads that type."""
    transformer = Transformer(connection)
    sent = transformer.dump_sequence(values, [PyFormat.TEXT] * len(values))
    oids = list(transformer.types or ())
    known = await (await connection.execute(KNOWN, [oids])).fetchone()
    await connection.execute(PREPARE.format(known and known[0], text).encode())
    found = await (await connection.execute(FOUND)).fetchone()
    await connection.execute(FORGET)
    written = [None if value is None else bytes(value).decode() for value in sent]
    return (list(found[0]) if found else []), written


def settled(
    text: str, types: Sequence[str], values: Sequence[str | None]
) -> tuple[str, Mapping[str, str]]:
    """The statement that reads its parameters from settings, and the settings to make."""
    for token in reversed(list(scan(text))):
        if token.name == "PARAM":
            place = int(text[token.start + 1 : token.end + 1])
            known = types[place - 1]
            read = "null" if values[place - 1] is None else f"current_setting('{_name(place)}')"
            text = f"{text[: token.start]}({read}::{known}){text[token.end + 1 :]}"
    return text, {_name(place): value for place, value in enumerate(values, 1) if value is not None}


def _name(place: int) -> str:
    return NAME.format(place)
