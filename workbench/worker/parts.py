"""What the worker works with, made once from the settings."""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime

from workbench.db import connect
from workbench.db.session import Database
from workbench.files.schemas import Bounds
from workbench.identity.tokens import Tokens
from workbench.notebooks import Shelf
from workbench.settings import ROOT, Settings
from workbench.storage import Storage
from workbench.worker import kernel
from workbench.worker.limits import Limits


@dataclass(frozen=True, slots=True)
class Parts:
    """The database, the storage, the shelf of notebooks and what signs."""

    settings: Settings
    database: Database
    storage: Storage
    shelf: Shelf
    tokens: Tokens
    python: str = sys.executable

    @property
    def files(self) -> Bounds:
        """How large a file may be, and how much room tenants have."""
        return Bounds(self.settings.file_limit, self.settings.file_quota)

    @property
    def may_start_kernels(self) -> bool:
        """Whether notebooks are kept apart from the worker, or may run as its own user."""
        settings = self.settings
        return bool(settings.kernel_user) or settings.is_embedded or settings.unsafe_kernels

    def place(self) -> kernel.Place:
        """Make a place for a kernel."""
        return kernel.settle(self.settings.kernel_user, self.python, Limits.of(self.settings))


def make(settings: Settings) -> Parts:
    """Prepare the parts; raise Unavailable when kernels cannot be started as they should."""
    kernel.check_user(settings.kernel_user, sys.executable)
    kernel.check_groups(settings.control_groups)
    return Parts(
        settings,
        connect.database(settings),
        Storage(settings.storage),
        Shelf(ROOT / "notebooks"),
        Tokens(settings.secret_keys),
    )


def now() -> datetime:
    """The time that the worker passes to rooms."""
    return datetime.now(UTC)
