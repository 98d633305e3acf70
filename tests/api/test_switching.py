"""Going from one tenant to another without a password."""

import httpx
import pytest

from tests.api.conftest import assert_problem
from tests.support import people
from workbench.db.session import Database
from workbench.identity.models import User
from workbench.permissions import Role
from workbench.tenants.models import Tenant

PASSWORD = "correct horse battery staple"
SWITCH = "/api/v1/auth/switch"


@pytest.fixture
async def user(database: Database, tenant: Tenant) -> User:
    """An analyst of the tenant with a password."""
    user = await people.make_user(database, password=PASSWORD)
    await people.join(database, tenant.id, user.id, Role.ANALYST)
    return user


async def test_one_goes_from_tenant_to_tenant_without_a_password(
    client: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    database: Database,
    user: User,
    tenant: Tenant,
    other_tenant: Tenant,
) -> None:
    """To those one belongs to, and no other; the log-in of before ends, and a stranger stays."""
    assert_problem(await anonymous.post(f"{SWITCH}", json={"tenant": tenant.slug}), 401)
    signed_in = (
        await anonymous.post("/api/v1/auth/login", json={"email": user.email, "password": PASSWORD})
    ).json()
    before = {"Authorization": f"Bearer {signed_in['access_token']}"}
    refused = await anonymous.post(SWITCH, json={"tenant": other_tenant.slug}, headers=before)
    assert_problem(refused, 404, "not_found")
    assert (
        refused.json()["detail"]
        == (await anonymous.post(SWITCH, json={"tenant": "no-such-tenant"}, headers=before)).json()[
            "detail"
        ]
    )
    await people.join(database, other_tenant.id, user.id, Role.VIEWER)

    places = (await anonymous.get("/api/v1/auth/tenants", headers=before)).json()["items"]
    assert {place["slug"] for place in places} == {tenant.slug, other_tenant.slug}
    answer = await anonymous.post(SWITCH, json={"tenant": other_tenant.slug}, headers=before)
    assert answer.status_code == 200, answer.text
    there = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    me = (await anonymous.get("/api/v1/auth/me", headers=there)).json()
    assert (me["id"], me["tenant"]["slug"]) == (str(user.id), other_tenant.slug)
    assert_problem(await anonymous.get("/api/v1/auth/me", headers=before), 401)
    assert (await client.get("/api/v1/auth/me")).status_code == 200
