"""The fixture `bench`, for tests that execute notebooks."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.kernels import Bench
from workbench.db.session import Database
from workbench.identity.tokens import Tokens
from workbench.notebooks import Shelf
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.worker.parts import Parts


@pytest.fixture
def bench(
    settings: Settings, database: Database, storage: Storage, tmp_path: Path
) -> Iterator[Bench]:
    """An empty shelf and a runner."""
    tokens = Tokens(settings.secret_keys)
    parts = Parts(settings, database, storage, Shelf(tmp_path), tokens)
    with ThreadPoolExecutor(2) as pool:
        yield Bench(parts, tmp_path, pool)
