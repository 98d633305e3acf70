"""Verifying the chain of a tenant as it stands in the database."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import chain, queries
from workbench.audit.chain import Checker, Line
from workbench.audit.models import AuditSeal
from workbench.db.session import Database

PAGE = 1000  # links that are read at once, each in a short transaction
MOST_WAITING = 100_000
WAITING = text("select id from workbench.audit_waiting(:tenant, :most)")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found: how far the chain is sound, and the first place where it is not."""

    position: int
    hash: bytes
    checked: int
    waiting: int
    wrong: str | None

    @property
    def head(self) -> str:
        """The last sound place, to be compared with one that was noted elsewhere."""
        return f"{self.position}:{self.hash.hex()}"


async def verify(
    database: Database, actor: Actor, *, last: int | None = None, with_beside: bool = True
) -> Verdict:
    """Check a tenant's chain, or its `last` entries alone, and that no entry stands beside it.

    Whether one stands beside it is asked of every entry, which takes long where there are many.
    """
    async with database.session(actor) as session:
        checker = await _anchor(session, actor, last)
        seal = await session.scalar(queries.last_seal(actor))
    async for row in links(database, actor, after=checker.position):
        checker.wrong = _gone(row)
        if checker.wrong is not None or not checker.read(line_of(row, checker.hash)):
            break
    beside, waiting = None, 0
    if with_beside:
        async with database.session(actor) as session:
            beside, waiting = await _beside(session, actor)
    wrong = checker.wrong or _tail(checker, seal) or beside
    return Verdict(checker.position, checker.hash, checker.checked, waiting, wrong)


async def links(
    database: Database, actor: Actor, *, after: int = 0, upto: int | None = None
) -> AsyncIterator[Mapping[Any, Any]]:
    """The links of a chain with their entries, page by page; no page holds a connection."""
    while True:
        async with database.session(actor) as session:
            found = await session.execute(queries.sealed(actor, after=after, limit=PAGE))
            page = found.mappings().all()
        for row in page:
            if upto is not None and row["position"] > upto:
                return
            yield row
        if len(page) < PAGE:
            return
        after = page[-1]["position"]


def line_of(row: Mapping[Any, Any], previous: bytes) -> Line:
    """A row of the chain as a line that follows the hash before it."""
    return Line(row["position"], previous, row["hash"], chain.fields_of(row))


async def _anchor(session: AsyncSession, actor: Actor, last: int | None) -> Checker:
    """Begin after what was purged, or at an older link when only the last entries are wanted."""
    purged = await session.scalar(queries.last_purge(actor))
    start = Checker(purged.position, purged.hash) if purged else Checker()
    seal = await session.scalar(queries.last_seal(actor)) if last is not None else None
    if seal is None or last is None or seal.position - last <= start.position:
        return start
    anchor = await session.scalar(queries.link_at(actor, seal.position - last))
    return start if anchor is None else Checker(anchor.position, anchor.hash)


def _gone(row: Mapping[Any, Any]) -> str | None:
    if row["id"] is None:
        return f"position {row['position']}: the entry is missing"
    if row["seal"] not in (None, row["hash"]):
        return f"position {row['position']}: the seal has another hash"
    return None


def _tail(checker: Checker, seal: AuditSeal | None) -> str | None:
    if seal is not None and seal.position > checker.position:
        return f"position {checker.position + 1}: the chain was sealed up to {seal.position}"
    return None


async def _beside(session: AsyncSession, actor: Actor) -> tuple[str | None, int]:
    """An entry that is neither in the chain nor waits for it, and how many wait."""
    statement = queries.unsealed(actor).limit(MOST_WAITING)
    before = (await session.scalars(statement)).all()
    values = {"tenant": actor.require_tenant(), "most": MOST_WAITING}
    waiting = set((await session.scalars(WAITING, values)).all())
    # Asked again: what a sealer took meanwhile waits no more, and is in the chain.
    after = set((await session.scalars(statement)).all()) if set(before) - waiting else set()
    beside = next((entry for entry in before if entry in after - waiting), None)
    return (f"entry {beside}: it was never sealed" if beside else None), len(waiting)
