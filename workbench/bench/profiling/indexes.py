"""Foreign keys that no index serves, so that a change of a parent reads all of its children."""

import asyncio
from dataclasses import dataclass

from workbench.bench import plain
from workbench.bench.figures import Figure
from workbench.bench.profiling.profile import Profile
from workbench.bench.world import World

SECTION = "indexes"
SCHEMAS = ["workbench", "rows", "workbench_private"]
# An index serves a key when it begins with the key's columns, in whatever order.
BARE = """
    select c.conname, c.conrelid::regclass::text, c.confrelid::regclass::text,
        array(select a.attname::text from unnest(c.conkey) with ordinality k (number, place)
            join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.number order by place),
        coalesce((select bool_or(i.indkey[0] = any (c.conkey)) from pg_index i
            where i.indrelid = c.conrelid), false)
    from pg_constraint c join pg_namespace n on n.oid = c.connamespace
    where c.contype = 'f' and n.nspname = any (%s)
        and not exists (select from pg_index i
            where i.indrelid = c.conrelid and i.indisvalid and i.indpred is null
            and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)
    order by 2, 1
"""
KEYS = """
    select count(*) from pg_constraint c join pg_namespace n on n.oid = c.connamespace
    where c.contype = 'f' and n.nspname = any (%s)
"""


@dataclass(frozen=True, slots=True)
class Bare:
    """A foreign key that no index serves; `is_begun` where one begins with one of its columns."""

    name: str
    table: str
    parent: str
    columns: tuple[str, ...]
    is_begun: bool


@dataclass(frozen=True, slots=True)
class Keys:
    """How many foreign keys there are, and those that no index serves."""

    count: int
    bare: list[Bare]


async def measure(world: World, profile: Profile) -> tuple[Keys, list[Figure]]:
    """Ask the catalogue; it says the same however many rows there are."""
    del profile
    keys = await asyncio.to_thread(_keys, world)
    unserved = [key for key in keys.bare if not key.is_begun]
    title = "Foreign keys without any index that begins with one of their columns"
    return keys, [
        Figure(SECTION, "foreign_keys", "Foreign keys", keys.count, ""),
        Figure(SECTION, "partly_indexed", "Served in part", len(keys.bare) - len(unserved), ""),
        Figure(SECTION, "unindexed", title, len(unserved), "", 0),
    ]


def _keys(world: World) -> Keys:
    with plain.connected(world) as connection:
        (count,) = connection.execute(KEYS, [SCHEMAS]).fetchone() or (0,)
        found = connection.execute(BARE, [SCHEMAS]).fetchall()
    return Keys(count, [Bare(n, t, p, tuple(c), b) for n, t, p, c, b in found])
