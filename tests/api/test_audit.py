"""The audit over HTTP."""

import httpx
import pytest

from tests.api.conftest import assert_problem
from tests.conftest import MakeActor
from workbench.permissions import Role
from workbench.tenants.models import Tenant

URL = "/api/v1/audit"


class TestList:
    """GET /audit."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """The audit is for the signed-in."""
        assert_problem(await anonymous.get(URL), 401, "unauthenticated")

    async def test_refuses_an_analyst(self, client: httpx.AsyncClient) -> None:
        """The audit is for owners."""
        assert_problem(await client.get(URL), 403, "forbidden")

    @pytest.mark.acts_as("owner")
    async def test_tells_what_happened_here(
        self,
        client: httpx.AsyncClient,
        stranger: httpx.AsyncClient,
        make_actor: MakeActor,
        tenant: Tenant,
    ) -> None:
        """An owner reads its tenant's audit, newest first and page by page; a stranger its own."""
        joined = await make_actor(tenant, Role.VIEWER)
        first = (await client.get(URL, params={"limit": 1})).json()
        assert first["items"][0]["action"] == "member.add"
        assert first["items"][0]["target"] == str(joined.user_id)
        rest = (await client.get(URL, params={"cursor": first["next_cursor"]})).json()
        ids = [item["id"] for item in first["items"] + rest["items"]]
        assert ids == sorted(ids, reverse=True)
        assert str(joined.user_id) not in (await stranger.get(URL)).text
