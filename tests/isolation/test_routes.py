"""Every route of the API with another tenant's ids, headers and fields (A1, A2, T3)."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from tests.isolation.world import Side, World
from workbench.api import app as api
from workbench.proof import calls, proving
from workbench.proof.calls import Caller
from workbench.settings import Settings
from workbench.storage import Storage

SAID = ("status", "code", "title", "detail", "errors")


@pytest.fixture(scope="module")
def app(world: World, settings: Settings, storage: Storage) -> FastAPI:
    """The API in front of the world's database."""
    roomy = {"rate_limit": proving.BOUNDLESS, "login_limit": proving.BOUNDLESS}
    return api.create(settings.model_copy(update=roomy), world.database, storage)


@pytest.fixture
async def caller(world: World, app: FastAPI) -> AsyncIterator[Caller]:
    """Somebody of tenant A who calls every route."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=proving.ADDRESS) as client:
        yield Caller(world, app, client)


def nobody(side: Side) -> Side:
    """A tenant like another, with ids that nobody has."""
    planted = {
        table: {
            name: uuid4() if isinstance(value, UUID) else 2**60 if name == "row_id" else value
            for name, value in row.items()
        }
        for table, row in side.planted.items()
    }
    return Side(uuid4(), side.member, "", planted)


async def test_another_tenants_id_is_as_absent_as_none(world: World, caller: Caller) -> None:
    """B's id and an id that nobody has are answered in the same words; A's own is there (A1)."""
    token = caller.access(world.a.member)
    tried = found = 0
    for route, operations in caller.paths.items():
        theirs, names_one = caller.filled(route, world.b)
        absent, _ = caller.filled(route, nobody(world.b))
        own, _ = caller.filled(route, world.a)
        if not names_one or not route.startswith(calls.PREFIX):
            continue
        for method in operations:
            answers = [await caller.request(method, path, token) for path in (theirs, absent)]
            bodies = [answer.json() if method != "head" else {} for answer in answers]
            told = [[body.get(name) for name in SAID] for body in bodies]
            assert told[0] == told[1], (method, route)
            assert answers[0].status_code == answers[1].status_code, (method, route)
            assert answers[0].status_code in (403, 404, 405, 412, 422, 428), (method, route)
            tried += 1
            if method == "get":
                found += (await caller.request("get", own, token)).is_success
    assert tried >= 10
    assert found >= 3


@pytest.mark.parametrize(
    "header", ["X-Tenant", "X-Tenant-ID", "X-Workbench-Tenant", "Tenant", "X-Forwarded-Tenant"]
)
async def test_a_header_chooses_no_tenant(world: World, caller: Caller, header: str) -> None:
    """The tenant is the token's, whatever a header says (T3)."""
    token = caller.access(world.a.member)
    for path in ("datasets/secrets/rows", "runs", "members", "imports", "audit"):
        answer = await caller.client.get(
            f"{calls.PREFIX}{path}?tenant_id={world.b.mark}",
            headers={"Authorization": f"Bearer {token}", header: world.b.mark},
        )
        assert world.b.mark not in answer.text
        assert world.b.tenant_id.hex not in answer.text
    answer = await caller.request("get", f"{calls.PREFIX}auth/me", token)
    assert world.a.mark in answer.text


@pytest.mark.parametrize("field", ["tenant_id", "row_id", "import_id", "deleted_at", "deleted_by"])
async def test_a_row_names_no_field_of_ours(world: World, caller: Caller, field: str) -> None:
    """What is not a column of the dataset is refused; a row without it is taken (A2)."""
    token = caller.access(world.a.member)
    path = f"{calls.PREFIX}datasets/secrets/rows"
    plain = {"a_text": "mine"}
    bad = {"rows": [plain | {field: world.b.mark}]}
    assert (await caller.request("post", path, token, bad)).status_code == 422
    added = await caller.request("post", path, token, {"rows": [plain]})
    assert added.status_code == 201
    row_id = added.json()["row_ids"][0]
    assert (await caller.request("delete", f"{path}/{row_id}", token)).status_code == 204
