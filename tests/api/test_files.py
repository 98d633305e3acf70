"""Files over HTTP: listed, downloaded, deleted, restored."""

import hashlib
from uuid import uuid4

import httpx
import pytest

from tests.api.conftest import MakeClient, assert_problem
from tests.api.parcels import CONTENT, URL, room, send
from tests.conftest import MakeActor
from workbench.actor import Actor
from workbench.api.routers.files import attachment
from workbench.permissions import Role
from workbench.storage import Storage
from workbench.tenants.models import Tenant

pytestmark = pytest.mark.acts_as("engineer")


class TestDownload:
    """GET /files/{id}/content."""

    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (b"<!DOCTYPE html><script>alert(1)</script>", "text/html"),
            (b"<?xml version='1.0'?><svg onload='alert(1)'/>", "text/xml"),
            (bytes(range(256)), "application/octet-stream"),
        ],
    )
    async def test_is_an_attachment_that_nobody_sniffs(
        self, client: httpx.AsyncClient, content: bytes, kind: str
    ) -> None:
        """A page that is called a picture is told as what it is, saved, and runs nothing (F2)."""
        made = (await send(client, content, "Bild ü.png")).json()
        response = await client.get(f"{URL}/{made['id']}/content")
        assert response.content == content
        headers = response.headers
        assert headers["content-type"] == made["media_type"] == kind
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-disposition"] == (
            "attachment; filename=\"Bild _.png\"; filename*=UTF-8''Bild%20%C3%BC.png"
        )
        assert headers["content-length"] == str(len(content))
        assert headers["etag"] == f'"{hashlib.sha256(content).hexdigest()}"'
        assert headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert headers["cache-control"] == "no-store"
        assert headers["accept-ranges"] == "bytes"

    @pytest.mark.parametrize(
        ("wanted", "status", "content"),
        [
            ("bytes=0-3", 206, b"0123"),
            ("bytes=7-", 206, b"789"),
            ("bytes=-2", 206, b"89"),
            ("bytes=4-99", 206, b"456789"),
            ("bytes=10-", 416, None),
            ("bytes=" + "9" * 99 + "-", 416, None),
            ("bytes=" + "9" * 5000 + "-", 200, b"0123456789"),
            ("bytes=-99", 206, b"0123456789"),
            ("bytes=0-1,3-4", 200, b"0123456789"),
            ("bytes=3-2", 200, b"0123456789"),
            ("lines=0-1", 200, b"0123456789"),
            ("bytes=a-b", 200, b"0123456789"),
        ],
    )
    async def test_goes_on_where_it_was(
        self, client: httpx.AsyncClient, wanted: str, status: int, content: bytes | None
    ) -> None:
        """One range is a part, as safe as the whole; what is beyond the end says how long it is."""
        made = (await send(client, b"0123456789", "a.bin")).json()
        address = f"{URL}/{made['id']}/content"
        part = await client.get(address, headers={"Range": wanted})
        assert part.status_code == status
        if content is None:
            assert_problem(part, 416, "range_not_satisfiable")
            assert part.headers["content-range"] == "bytes */10"
            return
        assert part.content == content
        assert part.headers["content-length"] == str(len(content))
        assert part.headers["content-security-policy"].startswith("sandbox")
        if status == 206:
            start = b"0123456789".index(content)
            range_ = f"bytes {start}-{start + len(content) - 1}/10"
            assert part.headers["content-range"] == range_

    async def test_goes_on_only_with_the_same_file(self, client: httpx.AsyncClient) -> None:
        """By the ETag, which is the hash of its bytes; with another one comes all of it."""
        made = (await send(client, b"0123456789", "a.bin")).json()
        address = f"{URL}/{made['id']}/content"
        for tag, status in ((f'"{made["sha256"]}"', 206), ('"0"', 200), ("W/" + '"0"', 200)):
            answer = await client.get(address, headers={"Range": "bytes=8-", "If-Range": tag})
            assert (answer.status_code, answer.content[-2:]) == (status, b"89")

    def test_no_name_breaks_its_header(self) -> None:
        """Quotes, semicolons and percent signs stay inside (RFC 6266)."""
        assert attachment('a";x="%41.csv') == (
            "attachment; filename=\"a_;x=__41.csv\"; filename*=UTF-8''a%22%3Bx%3D%22%2541.csv"
        )
        assert (
            attachment("飛.csv") == "attachment; filename=\"_.csv\"; filename*=UTF-8''%E9%A3%9B.csv"
        )

    async def test_is_noted(
        self,
        client: httpx.AsyncClient,
        make_client: MakeClient,
        make_actor: MakeActor,
        tenant: Tenant,
        actor: Actor,
    ) -> None:
        """The audit knows who uploaded, read and deleted what."""
        made = (await send(client)).json()
        await client.get(f"{URL}/{made['id']}/content")
        await client.delete(f"{URL}/{made['id']}")
        await client.post(f"{URL}/{made['id']}/restore")
        owner = await make_client(await make_actor(tenant, Role.OWNER))
        entries = (await owner.get("/api/v1/audit", params={"subject": actor.subject})).json()
        noted = [(e["action"], e["target"]) for e in entries["items"] if "file" in e["action"]]
        target = f"file {made['id']}"
        assert noted == [
            (action, target) for action in ("file.restore", "file.delete", "file.read", "file.keep")
        ]

    async def test_bytes_that_are_gone_are_not_found(
        self, client: httpx.AsyncClient, storage: Storage, tenant: Tenant
    ) -> None:
        """It says so, and is no failure of the server."""
        made = (await send(client)).json()
        [key] = storage.keys(tenant.id)
        storage.remove(key)
        assert_problem(await client.get(f"{URL}/{made['id']}/content"), 404, "not_found")


class TestOthers:
    """Another tenant's files."""

    async def test_are_as_absent_as_none(
        self, client: httpx.AsyncClient, stranger: httpx.AsyncClient
    ) -> None:
        """A stranger sees, reads, deletes and restores nothing (A1); the tenant's own may."""
        made = (await send(client)).json()
        mine, absent = f"{URL}/{made['id']}", f"{URL}/{uuid4()}"
        for method, path in (
            ("GET", ""), ("GET", "/content"), ("DELETE", ""), ("POST", "/restore"),
        ):  # fmt: skip
            told = [
                {k: v for k, v in answer.json().items() if k != "request_id"}
                for answer in [await stranger.request(method, u + path) for u in (mine, absent)]
            ]
            assert told[0] == told[1]
            assert told[0]["status"] == 404
        assert (await stranger.get(URL)).json()["items"] == []
        assert await room(stranger) == 0
        assert (await client.get(f"{mine}/content")).content == CONTENT
        assert (await client.delete(mine)).status_code == 204


class TestDelete:
    """DELETE /files/{id} and POST /files/{id}/restore."""

    async def test_hides_it_until_it_is_restored(self, client: httpx.AsyncClient) -> None:
        """Deleted it is nowhere but among the deleted, and still takes its room (F6)."""
        made = (await send(client)).json()
        url = f"{URL}/{made['id']}"
        assert (await client.delete(url)).status_code == 204
        for path in (url, f"{url}/content"):
            assert_problem(await client.get(path), 404, "not_found")
        assert_problem(await client.delete(url), 404)
        assert (await client.get(URL)).json()["items"] == []
        [deleted] = (await client.get(URL, params={"deleted": "true"})).json()["items"]
        assert (deleted["id"], deleted["deleted_at"] is None) == (made["id"], False)
        assert await room(client) == len(CONTENT)
        assert (await client.post(f"{url}/restore")).json() == made
        assert_problem(await client.post(f"{url}/restore"), 404)
        assert (await client.get(f"{url}/content")).content == CONTENT


class TestList:
    """GET /files."""

    async def test_pages_hold_every_file_once(self, client: httpx.AsyncClient) -> None:
        """The newest first, by cursor; a kind narrows it."""
        made = [(await send(client, b"x", f"{number}.csv")).json()["id"] for number in range(5)]
        seen: list[str] = []
        params: dict[str, str | int] = {"limit": 2}
        while True:
            page = (await client.get(URL, params=params)).json()
            seen += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            params["cursor"] = page["next_cursor"]
        assert seen == made[::-1]
        assert (await client.get(URL, params={"kind": "artifact"})).json()["items"] == []
        assert_problem(await client.get(URL, params={"kind": "other"}), 422)
        assert_problem(await client.get(URL, params={"cursor": "x"}), 422)
