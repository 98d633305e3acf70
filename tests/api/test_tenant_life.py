"""Archives, deletion, purges and usage over HTTP."""

import io
import sys
import zipfile
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import MakeClient, assert_problem
from tests.conftest import MakeActor
from tests.support import samples
from workbench.actor import Actor
from workbench.datasets import commands as datasets
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.identity.tokens import Tokens
from workbench.notebooks import Shelf
from workbench.permissions import MEMBER_ROLES, Role
from workbench.settings import ROOT, Settings
from workbench.storage import Storage
from workbench.tenants.models import Tenant
from workbench.worker import exporting, purging
from workbench.worker.parts import Parts

TRIPS = "sample_trips"
FORMULA = "carrier,dest,delay\n=1+1,@x,-5\n"


@pytest.fixture
def parts(settings: Settings, database: Database, storage: Storage) -> Parts:
    """What a worker works with."""
    shelf = Shelf(ROOT / "notebooks")
    return Parts(settings, database, storage, shelf, Tokens(settings.secret_keys), sys.executable)


@pytest.fixture
async def owning(
    make_client: MakeClient, make_actor: MakeActor, tenant: Tenant
) -> httpx.AsyncClient:
    """A client signed in as an owner of the tenant."""
    return await make_client(await make_actor(tenant, Role.OWNER))


@pytest.fixture
async def filled(database: Database, storage: Storage, tenant: Tenant) -> Tenant:
    """The tenant with rows, one of which looks like a formula."""
    await samples.shared(database, samples.TRIPS)
    sharer = samples.SHARER
    async with database.session(sharer) as session:
        await datasets.adopt(session, sharer, tenant.id)
    for content in (samples.TRIPS_CSV, FORMULA):
        await samples.fill(database, storage, tenant.id, TRIPS, content)
    return tenant


async def made(owning: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> str:
    """Order an archive and have it made; answer its address."""
    ordered = await owning.post(f"/api/v1/tenants/{tenant.slug}/exports")
    assert ordered.status_code == 202, ordered.text
    await exporting.export(parts, tenant.id, UUID(ordered.json()["id"]))
    return str(ordered.headers["location"])


class TestExport:
    """/tenants/{slug}/exports."""

    @pytest.mark.parametrize("role", [role for role in MEMBER_ROLES if role != Role.OWNER])
    async def test_owners_alone_take_everything_along(
        self, make_client: MakeClient, make_actor: MakeActor, tenant: Tenant, role: Role
    ) -> None:
        """No other role orders or lists archives."""
        client = await make_client(await make_actor(tenant, role))
        url = f"/api/v1/tenants/{tenant.slug}/exports"
        assert_problem(await client.post(url), 403, "forbidden")
        assert_problem(await client.get(url), 403, "forbidden")

    async def test_another_tenants_archive_is_as_absent_as_none(
        self,
        owning: httpx.AsyncClient,
        stranger: httpx.AsyncClient,
        anonymous: httpx.AsyncClient,
        operating: httpx.AsyncClient,
        parts: Parts,
        tenant: Tenant,
    ) -> None:
        """Its id under the own slug and under the foreign one is not found; operators have none."""
        url = await made(owning, parts, tenant)
        own = (await stranger.get("/api/v1/tenants")).json()["items"][0]["slug"]
        export_id = url.rpartition("/")[2]
        for path in (url, f"/api/v1/tenants/{own}/exports/{export_id}"):
            for answer in (
                await stranger.get(path),
                await stranger.get(f"{path}/file"),
                await stranger.delete(path),
            ):
                assert_problem(answer, 404)
        assert_problem(await anonymous.get(f"{url}/file"), 401)
        assert_problem(await operating.get(f"{url}/file"), 403)
        assert (await owning.get(f"{url}/file")).status_code == 200

    async def test_it_is_made_downloaded_and_deleted(
        self, owning: httpx.AsyncClient, parts: Parts, storage: Storage, filled: Tenant
    ) -> None:
        """An attachment that nobody sniffs, with every row; deleted, its bytes are gone."""
        url = await made(owning, parts, filled)
        view = (await owning.get(url)).json()
        assert (view["status"], view["progress"], view["error"]) == ("succeeded", 1.0, None)
        answer = await owning.get(f"{url}/file")
        assert answer.headers["content-disposition"].startswith("attachment; filename=")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"] == "application/zip"
        assert int(answer.headers["content-length"]) == len(answer.content) == view["size"]
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            lines = archive.read(f"datasets/rows/{TRIPS}.csv").decode().splitlines()
            raw = archive.read(f"datasets/rows/{TRIPS}.jsonl").decode()
            files = [n for n in archive.namelist() if n.startswith("files/imports/")]
            contents = {archive.read(name).decode() for name in files}
        assert len(lines) == 8
        assert "'=1+1,'@x,-5," in lines[-1]
        assert '"carrier":"=1+1"' in raw
        assert contents == {samples.TRIPS_CSV, FORMULA}
        assert (await owning.delete(url)).status_code == 204
        assert_problem(await owning.get(url), 404)
        assert [k for k in storage.keys(filled.id) if "exports" in k] == []
        actions = [e["action"] for e in (await owning.get("/api/v1/audit")).json()["items"]]
        assert actions[:4] == ["export.delete", "export.download", "export.finish", "export.order"]

    async def test_one_is_made_at_a_time(
        self, owning: httpx.AsyncClient, parts: Parts, tenant: Tenant
    ) -> None:
        """A second order waits for the first to end; what is not ready is not downloaded."""
        url = f"/api/v1/tenants/{tenant.slug}/exports"
        first = (await owning.post(url)).json()["id"]
        assert_problem(await owning.post(url), 409, "export_underway")
        assert_problem(await owning.get(f"{url}/{first}/file"), 409, "not_ready")
        assert_problem(await owning.delete(f"{url}/{first}"), 409, "export_underway")
        await exporting.export(parts, tenant.id, UUID(first))
        assert (await owning.post(url)).status_code == 202

    async def test_who_is_no_owner_any_more_gets_none(
        self, owning: httpx.AsyncClient, operating: httpx.AsyncClient, parts: Parts, tenant: Tenant
    ) -> None:
        """The rights that are held when the archive is made decide."""
        ordered = (await owning.post(f"/api/v1/tenants/{tenant.slug}/exports")).json()
        await operating.post(f"/api/v1/tenants/{tenant.slug}/suspend")
        await exporting.export(parts, tenant.id, UUID(ordered["id"]))
        assert list(parts.storage.keys(tenant.id)) == []


class TestDelete:
    """DELETE /tenants/{slug}, and what follows."""

    async def test_it_is_the_operators(
        self, owning: httpx.AsyncClient, anonymous: httpx.AsyncClient, tenant: Tenant
    ) -> None:
        """No owner deletes its tenant, or sees purges and deleted tenants."""
        assert_problem(await anonymous.delete(f"/api/v1/tenants/{tenant.slug}"), 401)
        assert_problem(await owning.delete(f"/api/v1/tenants/{tenant.slug}"), 403)
        for path in ("purges", "deleted-tenants", f"tenants/{tenant.slug}/usage"):
            assert_problem(await owning.get(f"/api/v1/{path}"), 403)
        answer = await owning.post("/api/v1/purges", json={"tenant_id": str(tenant.id)})
        assert_problem(answer, 403)

    async def test_access_ends_at_once_and_comes_back(
        self, owning: httpx.AsyncClient, operating: httpx.AsyncClient, tenant: Tenant
    ) -> None:
        """Deleted, nobody is in and the slug is not found; restored, the tenant is there."""
        url = f"/api/v1/tenants/{tenant.slug}"
        stale = await operating.delete(url, headers={"If-Match": '"old"'})
        assert_problem(stale, 412)
        assert (await operating.delete(url, params={"reason": "left"})).status_code == 204
        assert_problem(await owning.get("/api/v1/auth/me"), 401, "signed_out")
        assert_problem(await operating.get(url), 404)
        assert_problem(await operating.delete(url), 404)
        deleted = (await operating.get("/api/v1/deleted-tenants", params={"limit": 1000})).json()
        assert str(tenant.id) in [t["id"] for t in deleted["items"]]
        back = f"/api/v1/deleted-tenants/{tenant.id}/restore"
        assert (await operating.post(back)).status_code == 204
        assert (await operating.get(url)).status_code == 200

    async def test_a_purge_leaves_a_record(
        self, operating: httpx.AsyncClient, parts: Parts, filled: Tenant
    ) -> None:
        """A living tenant is not purged; a deleted one is, once, with a proof of zeros."""
        order = {"tenant_id": str(filled.id)}
        assert_problem(await operating.post("/api/v1/purges", json=order), 409, "not_deleted")
        unknown = {"tenant_id": str(new_id())}
        assert_problem(await operating.post("/api/v1/purges", json=unknown), 404)
        await operating.delete(f"/api/v1/tenants/{filled.slug}")
        begun = await operating.post("/api/v1/purges", json=order)
        assert begun.status_code == 202
        again = await operating.post("/api/v1/purges", json=order)
        assert again.json()["id"] == begun.json()["id"]
        back = await operating.post(f"/api/v1/deleted-tenants/{filled.id}/restore")
        assert_problem(back, 409, "purge_begun")

        await purging.purge(parts.database, parts.storage, UUID(begun.json()["id"]))

        record = (await operating.get(begun.headers["location"])).json()
        assert record["slug"] == filled.slug
        assert record["finished_at"] is not None
        assert set(record["proof"].values()) == {0}
        assert sum(n for place, n in record["removed"].items() if place.startswith("rows.")) == 7
        assert_problem(await operating.post("/api/v1/purges", json=order), 404)
        records = (await operating.get("/api/v1/purges")).json()["items"]
        assert record in records


class TestUsage:
    """GET /tenants/{slug}/usage."""

    async def test_it_counts_one_tenant(
        self,
        operating: httpx.AsyncClient,
        owning: httpx.AsyncClient,
        filled: Tenant,
        other_tenant: Tenant,
    ) -> None:
        """Rows, bytes, files, imports, members of this tenant; another has none."""
        del owning
        used = (await operating.get(f"/api/v1/tenants/{filled.slug}/usage")).json()
        assert (used["rows"], used["imports"], used["members"]) == (7, 2, 3)
        assert used["files"] == 2
        assert used["file_bytes"] == len(samples.TRIPS_CSV) + len(FORMULA)
        assert 7 * 50 < used["row_bytes"] < 7 * 500
        assert used["last_activity"] is not None
        empty = (await operating.get(f"/api/v1/tenants/{other_tenant.slug}/usage")).json()
        assert (empty["rows"], empty["row_bytes"], empty["files"], empty["members"]) == (0, 0, 0, 0)

    async def test_a_suspension_tells_why(
        self, operating: httpx.AsyncClient, operator: Actor, tenant: Tenant
    ) -> None:
        """The reason stands with the tenant until it is resumed."""
        del operator
        url = f"/api/v1/tenants/{tenant.slug}"
        suspended = await operating.post(f"{url}/suspend", json={"reason": "unpaid"})
        assert suspended.json()["suspended_reason"] == "unpaid"
        assert (await operating.post(f"{url}/resume")).json()["suspended_reason"] is None
