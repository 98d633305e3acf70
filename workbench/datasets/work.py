"""One attempt at an import: the file out of storage, rows into the dataset, rejects into storage.

The file that people correct and send again is read as it was first; see `rejects`.
"""

import asyncio
from contextlib import ExitStack
from typing import BinaryIO

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.datasets import loading, reading, rejects
from workbench.datasets.models import Import
from workbench.datasets.progress import Progress
from workbench.datasets.reading import Wanted
from workbench.datasets.rejects import Rejects
from workbench.datasets.schemas import Reading
from workbench.files.attached import Made
from workbench.storage import Storage

MOST_BYTES = 20 * 1024**3  # what a packed file may unpack to


class Work:
    """What one attempt does, and the rejects that it leaves."""

    def __init__(
        self,
        session: AsyncSession,
        storage: Storage,
        order: Import,
        place: str,
        progress: Progress,
        tell: loading.Tell,
    ) -> None:
        """For an import whose attempt has begun, and whose file lies at a place of storage."""
        self._session, self._storage, self._order, self._place = session, storage, order, place
        self.progress, self._tell = progress, tell
        self.made = Made(storage, order.tenant_id)
        self.is_kept = False
        self.rejects = Rejects(self.made.begin)

    async def load(self) -> tuple[int, int]:
        """Load the file; answer how many rows it brought and how many gave way to them."""
        with ExitStack() as stack:
            job = await asyncio.to_thread(self._prepared, stack)
            return await loading.load(self._session, job)

    def _prepared(self, stack: ExitStack) -> loading.Job:
        order = self._order
        columns = order.dataset.definition.columns
        wanted = [Wanted(column.name, column.type) for column in columns]
        file = stack.enter_context(self._storage.read(self._place))
        source = self._opened(stack, file, wanted)
        stack.callback(source.close)
        self.rejects.header = source.header
        self.rejects.null_text = order.reading.get("null_text", "")
        return loading.Job(order, source, self.rejects, self.progress, self._tell)

    def _opened(self, stack: ExitStack, file: BinaryIO, wanted: list[Wanted]) -> reading.Source:
        given = Reading.model_validate(self._order.reading)
        known = [name for name, _ in wanted]
        again = rejects.sent_again(file, given, known)
        if again is not None:
            file, given = again
            stack.enter_context(file)
        return reading.opened(file, self._order.file_name, given, wanted, most_bytes=MOST_BYTES)

    async def close(self, *, keep: bool) -> None:
        """End the file of rejects, and remove it unless it is to be kept."""
        await asyncio.to_thread(self.rejects.close)
        self.is_kept = keep and self.rejects.count > 0
        if not self.is_kept:
            self.rejects.listed.clear()
            await asyncio.to_thread(self.made.remove)
