"""A disposable database with two tenants, and the API in front of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from workbench.api import app as api
from workbench.db import connect, roles, sandbox
from workbench.db.embedded import Embedded
from workbench.proof import founding, proving
from workbench.proof.world import World
from workbench.proof.world import connect as open_connection
from workbench.settings import Settings
from workbench.storage import Storage


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a proof is made."""

    world: World
    app: FastAPI


@pytest.fixture(scope="module")
async def stage(settings: Settings, migrated: Embedded, storage: Storage) -> AsyncIterator[Stage]:
    """A sandbox of one module's own, with two tenants."""
    del migrated
    with sandbox.disposable(None, connect.logins(settings).app) as made:
        database = made.database()
        of_it = Settings(
            _env_file=None,
            home=settings.home,
            secret_key=SecretStr(made.secret),
            rate_limit=proving.BOUNDLESS,
            login_limit=proving.BOUNDLESS,
        )
        with open_connection(made.urls[sandbox.WITNESS]) as witness:
            world = await founding.world(database, made.urls[roles.OWNER], witness)
            yield Stage(world, api.create(of_it, database, storage))
        await database.close()
