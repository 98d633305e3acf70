"""Operations over HTTP: the operator gets figures, and no member of a tenant does."""

import httpx
import pytest

from tests.api.conftest import assert_problem
from tests.operations.conftest import failed_job
from workbench.tenants.models import Tenant

__all__ = ["failed_job"]
URL = "/api/v1/operations"
LISTS = ("/tenants", "/rows", "/days", "/failed-runs", "/failed-jobs")


@pytest.mark.acts_as("owner")
async def test_the_operator_alone_sees_and_retries(
    client: httpx.AsyncClient, operating: httpx.AsyncClient, tenant: Tenant, failed_job: int
) -> None:
    """Every address answers the operator; an owner is refused each, and retries nothing."""
    retry = f"{URL}/failed-jobs/{failed_job}/retry"
    for path in ("", *LISTS):
        assert_problem(await client.get(URL + path), 403, "forbidden")
    assert_problem(await client.post(retry), 403, "forbidden")

    found = (await operating.get(URL)).json()
    assert {check["name"] for check in found["checks"]} >= {"Database", "Migrations", "Files"}
    assert found["database"]["revision"] == found["database"]["head"]
    lists = {path: (await operating.get(URL + path)).json()["items"] for path in LISTS}
    [mine] = [each for each in lists["/tenants"] if each["id"] == str(tenant.id)]
    assert (mine["slug"], mine["members"]) == (tenant.slug, 1)
    assert failed_job in {job["id"] for job in lists["/failed-jobs"]}
    assert (await operating.post(retry)).json()["tenant_id"] == str(tenant.id)
    assert_problem(await operating.post(retry), 404)
