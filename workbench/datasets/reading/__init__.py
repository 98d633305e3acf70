"""Reading files of any kind: what is proposed for one, and its rows in typed blocks.

Nothing here knows a database, a tenant or a permission. All of it is synchronous: callers that
serve others meanwhile run it in a thread.
"""

from workbench.datasets.reading.blocks import Block as Block
from workbench.datasets.reading.blocks import Refused as Refused
from workbench.datasets.reading.blocks import Source as Source
from workbench.datasets.reading.blocks import Wanted as Wanted
from workbench.datasets.reading.opening import opened as opened
from workbench.datasets.reading.proposing import proposed as proposed
from workbench.datasets.schemas.reading import Proposal as Proposal
from workbench.datasets.schemas.reading import Reading as Reading
