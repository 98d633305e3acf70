"""The world of these tests: that of the proof, on the server of the test process."""

from dataclasses import dataclass

from workbench.db.embedded import Embedded
from workbench.proof import world
from workbench.proof.world import APP as APP
from workbench.proof.world import LOGINS as LOGINS
from workbench.proof.world import READER as READER
from workbench.proof.world import TENANT as TENANT
from workbench.proof.world import Seen as Seen
from workbench.proof.world import Side as Side
from workbench.proof.world import attempt as attempt
from workbench.proof.world import connect as connect
from workbench.proof.world import tell as tell


@dataclass(slots=True, kw_only=True)
class World(world.World):
    """A database with two tenants, and the server where it lies."""

    server: Embedded
