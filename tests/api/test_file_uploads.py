"""Files over HTTP: how they arrive in one go, and what leaves nothing."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from tests.api.conftest import MakeClient, assert_problem, bearer
from tests.api.parcels import CONTENT, URL, cut_off, room, send
from tests.conftest import MakeActor
from tests.support.serving import serving
from workbench.access import queries as access
from workbench.actor import Actor
from workbench.api import app as api
from workbench.db.embedded import Embedded
from workbench.db.session import Database
from workbench.identity.tokens import Tokens
from workbench.permissions import Permission, Role
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants.models import Tenant

# A constraint that PostgreSQL checks when the transaction commits.
REFUSE_AT_COMMIT = """
create function public.refuse_file() returns trigger language plpgsql as $$
begin raise check_violation; end $$;
create constraint trigger refuse_file after insert on workbench.files
    deferrable initially deferred for each row
    when (new.name = 'refused.csv') execute function public.refuse_file();
"""
SIGNING_IN = Actor.of_system("login", Permission.USER_AUTHENTICATE)

pytestmark = pytest.mark.acts_as("engineer")


def small(settings: Settings, database: Database, storage: Storage, **more: int) -> FastAPI:
    """The API of an installation whose files are small."""
    return api.create(settings.model_copy(update=more), database, storage)


class TestUpload:
    """POST /files."""

    async def test_keeps_what_came(self, client: httpx.AsyncClient) -> None:
        """Size, hash and kind are found, not believed; the answer names its address."""
        response = await send(client)
        assert response.status_code == 201, response.text
        view = response.json()
        assert response.headers["location"] == f"{URL}/{view['id']}"
        assert (view["name"], view["size"]) == ("flights.csv", len(CONTENT))
        assert view["sha256"] == hashlib.sha256(CONTENT).hexdigest()
        assert (view["media_type"], view["kind"]) == ("text/plain", "upload")
        assert "storage_key" not in view
        assert await room(client) == len(CONTENT)
        assert (await client.get(f"{URL}/{view['id']}")).json() == view

    async def test_refuses_nobody_and_an_analyst(
        self,
        anonymous: httpx.AsyncClient,
        make_client: MakeClient,
        make_actor: MakeActor,
        tenant: Tenant,
        client: httpx.AsyncClient,
    ) -> None:
        """An analyst reads what an engineer uploads, and uploads nothing."""
        analyst = await make_client(await make_actor(tenant, Role.ANALYST))
        viewer = await make_client(await make_actor(tenant, Role.VIEWER))
        assert_problem(await send(anonymous), 401, "unauthenticated")
        assert_problem(await send(analyst), 403, "forbidden")
        made = (await send(client)).json()
        assert (await analyst.get(f"{URL}/{made['id']}/content")).content == CONTENT
        assert_problem(await viewer.get(f"{URL}/{made['id']}/content"), 403, "forbidden")
        assert_problem(await viewer.get(URL), 403, "forbidden")

    async def test_checks_the_checksum(
        self, client: httpx.AsyncClient, storage: Storage, tenant: Tenant
    ) -> None:
        """The right one is taken, before and after the file; a wrong one leaves nothing."""
        right = hashlib.sha256(CONTENT).hexdigest()
        assert (await send(client, sha256=right.upper())).status_code == 201
        after = [("file", ("a", CONTENT)), ("sha256", (None, right.encode()))]
        assert (await client.post(URL, files=after)).status_code == 201
        before = list(storage.keys(tenant.id))
        assert_problem(await send(client, sha256="0" * 64), 422, "wrong_checksum")
        assert_problem(await send(client, sha256="not one"), 422, "invalid")
        assert list(storage.keys(tenant.id)) == before
        assert await room(client) == 2 * len(CONTENT)

    @pytest.mark.parametrize("chunked", [True, False])
    async def test_refuses_what_is_too_large(
        self,
        settings: Settings,
        database: Database,
        storage: Storage,
        tokens: Tokens,
        actor: Actor,
        *,
        chunked: bool,
    ) -> None:
        """With a length it is refused before it is read, without one where the limit is."""
        app = small(settings, database, storage, file_limit=1_000_000)
        sent = 0

        async def body() -> AsyncIterator[bytes]:
            nonlocal sent
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            while True:
                sent += 100_000
                yield b"a" * 100_000

        headers = {
            "Authorization": f"Bearer {bearer(tokens, actor)}",
            "Content-Type": "multipart/form-data; boundary=x",
        }
        if not chunked:
            headers["Content-Length"] = "1100000"
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            response = await client.post(URL, content=body(), headers=headers)
            assert_problem(response, 413, "file_too_large")
            assert sent <= (1_200_000 if chunked else 100_000)
            signed_in = {"Authorization": headers["Authorization"]}
            made = await send(client, b"a" * 1_000_000, headers=signed_in)
            assert made.status_code == 201

    async def test_keeps_to_the_quota(
        self,
        settings: Settings,
        database: Database,
        storage: Storage,
        make_client: MakeClient,
        tokens: Tokens,
        actor: Actor,
        tenant: Tenant,
    ) -> None:
        """Of many at once no more are kept than there is room, and the others say so (F5)."""
        del make_client
        app = small(settings, database, storage, file_quota=3 * len(CONTENT))
        headers = {"Authorization": f"Bearer {bearer(tokens, actor)}"}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            answers = await asyncio.gather(*(send(client, headers=headers) for _ in range(9)))
            kept = [answer for answer in answers if answer.status_code == 201]
            for answer in answers:
                if answer not in kept:
                    assert_problem(answer, 409, "quota_exceeded")
            assert 1 <= len(kept) <= 3
            assert sum(storage.sizes(tenant.id).values()) == len(kept) * len(CONTENT)
            shown = (await client.get(f"{URL}/quota", headers=headers)).json()
            assert shown["used"] == len(kept) * len(CONTENT)
            assert shown["quota"] == 3 * len(CONTENT)

    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            ({"content": b"abc"}, None),
            ({"json": {}}, None),
            ({"data": {"file": "text"}}, None),
            ({"files": {"other": ("a", b"x")}}, None),
            ({"files": [("file", ("a", b"x")), ("file", ("b", b"y"))]}, None),
            ({"files": {"file": ("a", b"x")}, "data": {"tenant_id": "x"}}, None),
            ({"files": {"file": ("a", b"x")}, "data": {"sha256": "a" * 2000}}, None),
            ({"files": {"sha256": (None, "0" * 64)}}, None),
            ({"content": b"--x\r\n\r\n"}, "multipart/form-data; boundary=x"),
            ({"content": b"--x\r\nA: b"}, "multipart/form-data; boundary=x"),
            ({"content": b"\0\0\0"}, "multipart/form-data; boundary=x"),
            ({"content": b"--x--"}, "multipart/form-data"),
            ({"content": b"--x--\r\n"}, "multipart/form-data; boundary=x"),
            ({"content": b"--x--"}, "multipart/form-data; boundary=" + "x" * 1000),
        ],
    )
    async def test_refuses_what_is_no_such_form(
        self,
        client: httpx.AsyncClient,
        storage: Storage,
        tenant: Tenant,
        content: dict[str, object],
        kind: str | None,
    ) -> None:
        """Other fields (A2), no file, two files, half a form: refused, and nothing is left."""
        headers = {"Content-Type": kind} if kind else {}
        response = await client.post(URL, **content, headers=headers)  # type: ignore[arg-type]
        assert response.status_code == 422, response.text
        assert_problem(response, 422)
        assert list(storage.keys(tenant.id)) == []
        assert await room(client) == 0

    async def test_is_done_once_under_a_key(
        self, client: httpx.AsyncClient, storage: Storage, tenant: Tenant
    ) -> None:
        """Sent again it is the same file; another file under the key is refused (A5)."""
        key = {"Idempotency-Key": uuid4().hex}
        first, second = await send(client, headers=key), await send(client, headers=key)
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json() == second.json()
        assert second.headers["idempotency-replayed"] == "true"
        assert_problem(await send(client, b"other", headers=key), 409, "idempotency_key_reused")
        assert len(list(storage.keys(tenant.id))) == 1
        assert await room(client) == len(CONTENT)

    @pytest.mark.parametrize(
        ("given", "shown"),
        [
            ("../../etc/passwd", "passwd"),
            ("C:\\x\\aux.csv", "aux_.csv"),
            ("a\u202evsc.exe", "avsc.exe"),
            ("x" * 300 + ".csv", "x" * 196 + ".csv"),
        ],
    )
    async def test_a_name_is_shown_and_leads_nowhere(
        self, client: httpx.AsyncClient, storage: Storage, tenant: Tenant, given: str, shown: str
    ) -> None:
        """It is stored under a generated key (F1)."""
        assert (await send(client, name=given)).json()["name"] == shown
        [key] = storage.keys(tenant.id)
        assert set(key) <= set("0123456789abcdef/-files content")


class TestCutOff:
    """A connection that ends in the middle."""

    async def test_leaves_nothing_and_is_clear(
        self,
        app: FastAPI,
        actor: Actor,
        tokens: Tokens,
        storage: Storage,
        client: httpx.AsyncClient,
    ) -> None:
        """Neither bytes nor row nor room; the server goes on, and the file can be sent again."""
        head = (
            f"POST {URL} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bearer(tokens, actor)}\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 5000000\r\n\r\n"
            '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        )
        async with serving(app) as address:
            async with cut_off(address, head.encode() + b"a" * 3_000_000):
                while not any(storage.sizes(actor.require_tenant()).values()):
                    await asyncio.sleep(0.02)
                assert await room(client) > 0
            while await room(client):
                await asyncio.sleep(0.02)
            while list(storage.keys(actor.require_tenant())):
                await asyncio.sleep(0.02)
            assert (await client.get(URL)).json()["items"] == []
            async with httpx.AsyncClient(base_url=address, headers=client.headers) as again:
                assert (await send(again, b"a" * 3_000_000)).status_code == 201
        assert await room(client) == 3_000_000

    async def test_so_does_access_that_ends_meanwhile(
        self, database: Database, actor: Actor, client: httpx.AsyncClient, storage: Storage
    ) -> None:
        """Who is signed out while the file arrives keeps nothing."""

        async def body() -> AsyncIterator[bytes]:
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            yield b"a" * 2_000_000
            async with database.session(SIGNING_IN) as session:
                assert actor.sid is not None
                await access.revoke(session, actor.sid)
            yield b"a\r\n--x--\r\n"

        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        assert_problem(await client.post(URL, content=body(), headers=kind), 401)
        assert list(storage.keys(actor.require_tenant())) == []

    async def test_so_does_a_commit_that_fails(
        self, client: httpx.AsyncClient, migrated: Embedded, storage: Storage, tenant: Tenant
    ) -> None:
        """PostgreSQL refuses the row at the very end: no bytes stay and no room (F6)."""
        with migrated.superuser("workbench") as connection:
            connection.execute(REFUSE_AT_COMMIT)
        try:
            assert_problem(await send(client, name="refused.csv"), 422)
            assert list(storage.keys(tenant.id)) == []
            assert await room(client) == 0
            assert (await send(client, name="taken.csv")).status_code == 201
        finally:
            with migrated.superuser("workbench") as connection:
                connection.execute("drop function public.refuse_file() cascade")

    async def test_a_body_that_ends_early_is_told(
        self, client: httpx.AsyncClient, storage: Storage, actor: Actor
    ) -> None:
        """A form without its end is half a file, and is answered so."""
        half = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        assert_problem(await client.post(URL, content=half, headers=kind), 422, "cut_off")
        assert list(storage.keys(actor.require_tenant())) == []
        whole = half + b"\r\n--x--\r\n"
        assert (await client.post(URL, content=whole, headers=kind)).json()["size"] == 3
