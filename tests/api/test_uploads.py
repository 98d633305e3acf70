"""Uploads in parts over HTTP, also across connections that break."""

import asyncio
import hashlib

import httpx
import pytest
from fastapi import FastAPI

from tests.api.conftest import MakeClient, assert_problem, bearer
from tests.api.parcels import cut_off
from tests.conftest import MakeActor
from tests.support.serving import serving
from workbench.actor import Actor
from workbench.identity.tokens import Tokens
from workbench.permissions import Role
from workbench.storage import Storage
from workbench.tenants.models import Tenant

URL = "/api/v1/files/uploads"
CONTENT = bytes(range(256)) * 4000
HALF = len(CONTENT) // 2

pytestmark = pytest.mark.acts_as("engineer")


async def begin(client: httpx.AsyncClient, **more: object) -> str:
    """Begin an upload and answer its address."""
    order = {"name": "whole.bin", "size": len(CONTENT)} | more
    response = await client.post(URL, json=order)
    assert response.status_code == 201, response.text
    return response.headers["location"]


async def send(
    client: httpx.AsyncClient, url: str, start: int, end: int, **headers: str
) -> httpx.Response:
    """Send a part."""
    given = {"Upload-Offset": str(start)} | {k.replace("_", "-"): v for k, v in headers.items()}
    return await client.patch(url, content=CONTENT[start:end], headers=given)


async def test_parts_become_a_file(client: httpx.AsyncClient) -> None:
    """Each answer says where it stands; finished, it is a file under the same id."""
    digest = hashlib.sha256(CONTENT).hexdigest()
    url = await begin(client, sha256=digest)
    first = await send(client, url, 0, HALF)
    assert (first.status_code, first.content) == (204, b"")
    assert (first.headers["upload-offset"], first.headers["upload-complete"]) == (str(HALF), "?0")
    asked = await client.head(url)
    assert (asked.status_code, asked.headers["upload-offset"]) == (204, str(HALF))
    assert asked.headers["upload-length"] == str(len(CONTENT))
    assert_problem(await client.post(f"{url}/finish"), 409, "incomplete_upload")
    last = await send(client, url, HALF, len(CONTENT))
    assert last.headers["upload-complete"] == "?1"
    done = await client.post(f"{url}/finish")
    assert done.status_code == 201, done.text
    assert done.headers["location"] == f"/api/v1/files/{url.rpartition('/')[2]}"
    assert done.json()["sha256"] == digest
    assert (await client.post(f"{url}/finish")).json() == done.json()
    content = await client.get(f"{done.headers['location']}/content")
    assert content.content == CONTENT
    assert_problem(await client.get(url), 404, "not_found")


async def test_it_goes_on_where_a_connection_broke(
    app: FastAPI, client: httpx.AsyncClient, actor: Actor, tokens: Tokens, storage: Storage
) -> None:
    """What had arrived counts, and a new connection sends the rest."""
    content = CONTENT * 4
    url = await begin(client, size=len(content))
    head = (
        f"PATCH {url} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bearer(tokens, actor)}\r\n"
        f"Upload-Offset: 0\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    async with serving(app) as address:
        async with cut_off(address, head.encode() + content[: 2 * len(CONTENT)]):
            while not any(storage.sizes(actor.require_tenant()).values()):
                await asyncio.sleep(0.02)
        arrived = 0
        while not arrived:
            arrived = int((await client.head(url)).headers["upload-offset"])
            await asyncio.sleep(0.02)
        assert 0 < arrived <= 2 * len(CONTENT)
        async with httpx.AsyncClient(base_url=address, headers=client.headers) as again:
            offset = {"Upload-Offset": str(arrived)}
            await again.patch(url, content=content[arrived:], headers=offset)
            done = await again.post(f"{url}/finish")
    assert done.json()["sha256"] == hashlib.sha256(content).hexdigest()


async def test_a_wrong_place_is_a_conflict(client: httpx.AsyncClient) -> None:
    """A gap and a repetition are refused, and so is a part without a place or beyond the end."""
    url = await begin(client)
    await send(client, url, 0, HALF)
    for start in (0, HALF + 1):
        assert_problem(await send(client, url, start, len(CONTENT)), 409, "wrong_offset")
    assert_problem(await client.patch(url, content=b"x"), 422, "invalid")
    given = {"Upload-Offset": str(HALF)}
    beyond = await client.patch(url, content=CONTENT, headers=given)
    assert_problem(beyond, 413, "file_too_large")
    assert (await send(client, url, HALF, len(CONTENT))).status_code == 204


async def test_a_stale_tag_is_refused(client: httpx.AsyncClient) -> None:
    """Who has not seen the last part neither adds nor gives up; who has, does (A6)."""
    url = await begin(client)
    tag = (await client.get(url)).headers["etag"]
    await send(client, url, 0, HALF, If_Match=tag)
    assert_problem(await send(client, url, HALF, len(CONTENT), If_Match=tag), 412, "stale")
    assert_problem(await client.delete(url, headers={"If-Match": tag}), 412, "stale")
    fresh = (await client.get(url)).headers["etag"]
    assert (await client.delete(url, headers={"If-Match": fresh})).status_code == 204


async def test_giving_up_leaves_nothing(
    client: httpx.AsyncClient, storage: Storage, tenant: Tenant
) -> None:
    """Parts and room are gone, and so is the upload."""
    url = await begin(client)
    await send(client, url, 0, HALF)
    assert (await client.get("/api/v1/files/quota")).json()["used"] == len(CONTENT)
    assert (await client.delete(url)).status_code == 204
    assert list(storage.keys(tenant.id)) == []
    assert (await client.get("/api/v1/files/quota")).json()["used"] == 0
    assert_problem(await client.delete(url), 404)
    assert_problem(await send(client, url, HALF, len(CONTENT)), 404)


async def test_a_wrong_checksum_leaves_nothing(
    client: httpx.AsyncClient, storage: Storage, tenant: Tenant
) -> None:
    """What arrived is not what was meant."""
    url = await begin(client, sha256="0" * 64)
    await send(client, url, 0, len(CONTENT))
    assert_problem(await client.post(f"{url}/finish"), 422, "wrong_checksum")
    assert list(storage.keys(tenant.id)) == []
    assert_problem(await client.get(url), 404)


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ({}, 422),
        ({"size": -1}, 422),
        ({"size": 2**70}, 422),
        ({"size": 3 * 1024**3}, 413),
        ({"size": 1, "sha256": "x"}, 422),
        ({"size": 1, "name": "a\0"}, 422),
        ({"size": 1, "name": "a" * 1001}, 422),
        ({"size": 1, "id": "x"}, 422),
        ({"size": 1, "tenant_id": "x"}, 422),
    ],
)
async def test_refuses_a_wrong_order(
    client: httpx.AsyncClient, order: dict[str, object], status: int
) -> None:
    """What is missing, out of bounds or nobody's to say; a right one is taken."""
    assert_problem(await client.post(URL, json={"name": "a"} | order), status)
    assert (await client.post(URL, json={"name": "a", "size": 1})).status_code == 201


async def test_is_begun_once_under_a_key(client: httpx.AsyncClient) -> None:
    """Sent again it is the same upload, and its room is taken once (A5)."""
    order, key = {"name": "a", "size": 7}, {"Idempotency-Key": "one"}
    first, second = [await client.post(URL, json=order, headers=key) for _ in range(2)]
    assert first.json() == second.json()
    assert (await client.get("/api/v1/files/quota")).json()["used"] == 7


async def test_is_its_makers_alone(
    client: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    make_client: MakeClient,
    make_actor: MakeActor,
    tenant: Tenant,
) -> None:
    """A stranger, a colleague and an analyst find no upload; its maker goes on (A1)."""
    url = await begin(client)
    colleague = await make_client(await make_actor(tenant, Role.ENGINEER))
    analyst = await make_client(await make_actor(tenant, Role.ANALYST))
    for other, status in ((stranger, 404), (colleague, 404), (analyst, 403)):
        assert_problem(await other.get(url), status)
        assert_problem(await send(other, url, 0, HALF), status)
        assert_problem(await other.post(f"{url}/finish"), status)
        assert_problem(await other.delete(url), status)
    assert_problem(await analyst.post(URL, json={"name": "a", "size": 1}), 403)
    assert (await send(client, url, 0, HALF)).status_code == 204
