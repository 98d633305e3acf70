"""A file that Workbench itself writes beside other work, such as the rows that an import refuses.

It is reserved nowhere: nobody knows how long it gets, and what it tells of was done already. Until
`commands.keep_made` it is bytes without a row, which the sweep removes after a day.
"""

from dataclasses import dataclass, field
from typing import BinaryIO
from uuid import UUID

from workbench.db.ids import new_id
from workbench.files.arrivals import key_of
from workbench.files.writing import Passing, Written
from workbench.storage import Storage


@dataclass(slots=True)
class Made:
    """One such file of a tenant; nothing of it is there before `begin`."""

    storage: Storage
    tenant_id: UUID
    id: UUID = field(default_factory=new_id)
    storage_key: str = ""
    written: Written = field(default_factory=Written)

    def begin(self) -> BinaryIO:
        """Open it for writing; it is there once it is closed."""
        self.storage_key = key_of(self.tenant_id, self.id)
        return Passing(self.storage.write(self.storage_key), self.written)

    def remove(self) -> None:
        """Remove what was written, if anything was."""
        if self.storage_key:
            self.storage.remove(self.storage_key)
