"""The proof itself: a sample of everything that can be tried, each attempt with its control."""

import io
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import httpx
import psycopg
from fastapi import FastAPI
from psycopg import sql
from pydantic import SecretStr

from workbench.api import app as api
from workbench.db import roles, schema
from workbench.db.sandbox import WITNESS, Sandbox
from workbench.proof import asked, calls, catalogue, founding, logins
from workbench.proof.asked import Question
from workbench.proof.calls import Call
from workbench.proof.findings import Finding
from workbench.proof.logins import Case
from workbench.proof.world import World, connect
from workbench.settings import Settings
from workbench.storage import Storage

ADDRESS = "http://proof.test"
BOUNDLESS = "100000000/minute"  # a rate limit would refuse what policies must refuse
STEP = 50  # attempts between two words about the progress

Tell = Callable[[int, int], None]


class Grouped(Protocol):
    """What can be tried, and what it shares with its like."""

    @property
    def group(self) -> str:
        """The name of what is alike."""
        ...


T = TypeVar("T", bound=Grouped)


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of all attempts, and where they were made.

    `is_untouched` tells whether the attacked tenant's rows are afterwards, byte for byte, what
    they were before.
    """

    findings: list[Finding]
    possible: int
    is_untouched: bool
    tables: int
    views: int
    server: str
    revision: str | None

    @property
    def leaks(self) -> list[Finding]:
        """The attempts that reached something."""
        return [finding for finding in self.findings if finding.is_leak]

    @property
    def uncontrolled(self) -> list[Finding]:
        """The attempts whose control failed, so that they prove nothing."""
        return [finding for finding in self.findings if not finding.is_controlled]

    @property
    def holds(self) -> bool:
        """Whether nothing was reached, every control succeeded and no row was changed."""
        return not self.leaks and not self.uncontrolled and self.is_untouched


async def in_sandbox(
    sandbox: Sandbox, folder: Path, *, attempts: int, seed: int, tell: Tell | None = None
) -> Proof:
    """Found two tenants in a disposable database, and play the first against the second."""
    database = sandbox.database()
    settings = Settings(
        _env_file=None,
        home=folder,
        database_url=SecretStr(database.logins.app.render_as_string(hide_password=False)),
        secret_key=SecretStr(sandbox.secret),
        rate_limit=BOUNDLESS,
        login_limit=BOUNDLESS,
    )
    app = api.create(settings, database, Storage((folder / "files").as_uri()))
    try:
        # The API's log is not what a report is for.
        with connect(sandbox.urls[WITNESS]) as witness, redirect_stdout(io.StringIO()):
            world = await founding.world(database, sandbox.urls[roles.OWNER], witness)
            return await prove(world, app, attempts=attempts, seed=seed, tell=tell)
    finally:
        await database.close()


async def prove(
    world: World, app: FastAPI, *, attempts: int, seed: int, tell: Tell | None = None
) -> Proof:
    """Make so many attempts, chosen by the seed among all that there are."""
    before = fingerprint(world)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    with ExitStack() as stack:
        attacker, asker = logins.Attacker(world, stack), asked.Asker(world)
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
            caller = calls.Caller(world, app, client)
            every: list[Case | Question | Call] = [
                *attacker.cases(),
                *asker.cases(),
                *caller.cases(),
            ]
            findings = []
            for number, case in enumerate(sample(every, attempts, seed), 1):
                findings.append(await _tried(case, attacker, asker, caller))
                if tell is not None and (number % STEP == 0 or number == attempts):
                    tell(number, attempts)
    return Proof(
        findings,
        len(every),
        fingerprint(world) == before,
        len(attacker.tables),
        len(attacker.views),
        str(world.superuser.execute("show server_version").fetchone()[0]),  # type: ignore[index]
        schema.head(),
    )


async def _tried(
    case: Case | Question | Call,
    attacker: logins.Attacker,
    asker: asked.Asker,
    caller: calls.Caller,
) -> Finding:
    if isinstance(case, Case):
        return attacker.try_(case)
    if isinstance(case, Question):
        return await asker.try_(case)
    return await caller.try_(case)


def sample(every: Iterable[T], count: int, seed: int) -> Iterator[T]:
    """So many cases, some of each group; all of them before any is tried again."""
    chance = random.Random(seed)  # noqa: S311 (a sample, not a secret)
    groups: dict[str, list[T]] = defaultdict(list)
    for case in every:
        groups[case.group].append(case)
    piles = list(groups.values())
    for pile in piles:
        chance.shuffle(pile)
    chance.shuffle(piles)
    ordered = [pile[turn] for turn in range(max(map(len, piles))) for pile in _with(piles, turn)]
    for number in range(count):
        yield ordered[number % len(ordered)]


def _with(piles: list[list[T]], turn: int) -> Iterator[list[T]]:
    return (pile for pile in piles if turn < len(pile))


def fingerprint(world: World) -> dict[str, str]:
    """A digest of the attacked tenant's rows in each table, as the witness sees them."""
    form = "select md5(string_agg(r::text, '' order by r::text)) from {} r where tenant_id = %s"
    return {
        str(table): _digest(world.superuser, sql.SQL(form).format(table.sql), world)
        for table in catalogue.tenant_tables(world.superuser)
    }


def _digest(connection: psycopg.Connection, query: sql.Composed, world: World) -> str:
    return str(connection.execute(query, [world.b.tenant_id]).fetchone())
