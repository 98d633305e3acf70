"""A disposable database with two tenants, and the API in front of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from fastapi import FastAPI

from workbench.api import app as api
from workbench.db import connect, roles, sandbox
from workbench.db.embedded import Embedded
from workbench.proof import founding
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
async def stage(
    settings: Settings, migrated: Embedded, storage: Storage
) -> AsyncIterator[Stage]:
    """A sandbox of one module's own, with two tenants."""
    del migrated
    roomy = {"rate_limit": "1000000/minute", "login_limit": "1000000/minute"}
    with sandbox.disposable(None, connect.logins(settings).app) as made:
        database = made.database()
        secret = {"secret_key": made.secret}
        of_it = Settings(_env_file=None, home=settings.home, log="console", **roomy, **secret)
        with open_connection(made.urls[sandbox.WITNESS]) as witness:
            world = await founding.world(database, made.urls[roles.OWNER], witness)
            yield Stage(world, api.create(of_it, database, storage))
        await database.close()
