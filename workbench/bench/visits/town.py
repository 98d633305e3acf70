"""Several tenants in a disposable database, each with an engineer who has a password, and rows."""

import asyncio
import secrets
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from workbench.bench import flights, path, plain
from workbench.bench.visits.crowd import Crowd
from workbench.bench.world import World
from workbench.cli import tenants, users
from workbench.permissions import Role

COPIED = sql.SQL(
    "insert into {table} (tenant_id, import_id, {columns}) "
    "select {tenant}, import_id, {columns} from {table} where tenant_id = {first}"
)
SIGNED = sql.SQL("update {table} set carrier = {slug} where tenant_id = {tenant}")
TRIGGER = sql.SQL("alter table {} {} trigger note_change")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in, as the list of the demo's people names them."""

    email: str
    password: str
    tenant: str


@dataclass(frozen=True, slots=True)
class Town:
    """The people, one for each tenant, and the ids of their tenants by slug."""

    people: list[Person]
    tenants: dict[str, str]


async def found(world: World, crowd: Crowd) -> Town:
    """Found the tenants; in the rows of each, the carrier is the tenant's slug."""
    first = str(world.actor.tenant_id)
    made = {f"tenant-{number}": "" for number in range(1, crowd.tenants + 1)}
    people = []
    for slug in made:
        made[slug] = str((await tenants.found(world.database, slug, slug)).id)
        person = Person(f"engineer@{slug}.example", secrets.token_urlsafe(), slug)
        await users.enrol(world.database, person.email, slug, person.password, slug, Role.ENGINEER)
        people.append(person)
    file = await asyncio.to_thread(flights.write, world.folder / "rows.csv", crowd.rows)
    await path.load(world, file)
    await asyncio.to_thread(_copy, world, first, made)
    return Town(people, made)


def sample(folder: Path, slug: str, rows: int) -> str:
    """A small CSV whose flights bear the tenant's slug."""
    file = flights.write(folder / "sample.csv", rows)
    header, *lines = file.read_text().splitlines()
    place = header.split(",").index("carrier")
    cells = [line.split(",") for line in lines]
    signed = [",".join([*row[:place], slug, *row[place + 1 :]]) for row in cells]
    return "\n".join([header, *signed]) + "\n"


def _copy(world: World, first: str, made: dict[str, str]) -> None:
    table = sql.Identifier(*world.table.split("."))
    with plain.connected(world) as connection:
        # It counts changes for the tenant of a token, and a witness has none.
        connection.execute(TRIGGER.format(table, sql.SQL("disable")))
        for slug, tenant in made.items():
            names = {"table": table, "tenant": sql.Literal(tenant), "first": sql.Literal(first)}
            connection.execute(COPIED.format(**names, columns=plain.columns()))
            connection.execute(SIGNED.format(**names, slug=sql.Literal(slug)))
        connection.execute(TRIGGER.format(table, sql.SQL("enable")))
        connection.execute(sql.SQL("vacuum analyze {}").format(table))
