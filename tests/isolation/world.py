"""The world of these tests: that of the proof, on the server of the test process."""

from dataclasses import dataclass

from workbench.db.embedded import Embedded
from workbench.proof import world
from workbench.proof.world import (
    APP,
    LOGINS,
    READER,
    TENANT,
    Seen,
    Side,
    attempt,
    connect,
    tell,
)

__all__ = [
    "APP",
    "LOGINS",
    "READER",
    "TENANT",
    "Seen",
    "Side",
    "World",
    "attempt",
    "connect",
    "tell",
]


@dataclass(slots=True, kw_only=True)
class World(world.World):
    """A database with two tenants, and the server where it lies."""

    server: Embedded
