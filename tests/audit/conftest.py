"""Fixtures of the audit's tests."""

import pytest

from tests.conftest import MakeActor
from workbench.actor import Actor
from workbench.permissions import Role
from workbench.tenants.models import Tenant


@pytest.fixture
async def owner(make_actor: MakeActor, tenant: Tenant) -> Actor:
    """An owner of the tenant, whose chain holds what happened so far."""
    return await make_actor(tenant, Role.OWNER)
