"""Lenses that nobody looks through any more are taken down."""

from sqlalchemy import text

from workbench.actor import Actor
from workbench.db.session import Database

SYSTEM = Actor.of_system("lenses")
SWEEP = text("select workbench.sweep_lenses()")


async def sweep(database: Database) -> int:
    """Drop the views of parts that no live sign-in needs; answer how many lenses went."""
    async with database.session(SYSTEM) as session:
        return await session.scalar(SWEEP) or 0
