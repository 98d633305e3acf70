"""JupyterHub, as `workbench hub` starts it: engineers sign in, and each has a server of his own."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from tests.support import commands, people
from tests.support.jupyter import answers, kernel
from tests.support.serving import serving
from tests.support.site import free_port
from workbench.api import app as api
from workbench.db.session import Database
from workbench.jupyter import engineers
from workbench.jupyter.engineers import Engineer, NoEngineer
from workbench.permissions import Role
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants.models import Tenant

PASSWORD = "correct horse battery"
READ = """
%load_ext workbench
import os
print(run.tenant, run.frame("select 1 as one").one.tolist(), run.api.get("auth/me").json()["email"])
print([name for name in os.environ if "SECRET" in name], os.path.basename(os.getcwd()))
"""


@pytest.fixture
async def hub(
    settings: Settings, database: Database, storage: Storage, tmp_path: Path
) -> AsyncIterator[str]:
    """The hub beside an API; its engineers share a system user, as where a test is not root."""
    port = _three_free_ports()
    async with serving(api.create(settings, database, storage)) as url:
        environment = {
            "WORKBENCH_HOME": str(settings.home),
            "WORKBENCH_PORT": url.rpartition(":")[2],
            "WORKBENCH_UNSAFE_KERNELS": "true",
            "WORKBENCH_WARM_KERNELS": "0",
        }
        arguments = ("hub", "--port", str(port), "--folder", str(tmp_path / "engineers"))
        with commands.serving(*arguments, **environment):
            hub = f"http://127.0.0.1:{port}"
            await answers(f"{hub}/hub/login")
            yield hub


@dataclass
class Somebody:
    """A member of a tenant with a password."""

    email: str
    tenant: Tenant
    membership: UUID

    @property
    def server(self) -> str:
        """Where his JupyterLab is."""
        return f"/user/{Engineer(self.email, self.tenant.slug).name}"


async def somebody(database: Database, tenant: Tenant, role: Role) -> Somebody:
    """Make one."""
    user = await people.make_user(database, password=PASSWORD)
    membership = await people.join(database, tenant.id, user.id, role)
    return Somebody(user.email, tenant, membership)


async def test_engineers_have_servers_of_their_own(
    hub: str, database: Database, tenant: Tenant, other_tenant: Tenant
) -> None:
    """Who is an engineer reads through `run` as himself; nobody else gets to his server."""
    ann = await somebody(database, tenant, Role.ENGINEER)
    ben = await somebody(database, other_tenant, Role.ENGINEER)
    analyst = await somebody(database, tenant, Role.ANALYST)

    async with visitor(hub) as client:
        refused = await signed_in(client, ann.email, "not the password")
        assert "Invalid username or password" in refused.text
        refused = await signed_in(client, analyst.email)
        assert "JupyterLab is for engineers" in refused.text

    async with visitor(hub) as client, visitor(hub) as stranger:
        await signed_in(client, ann.email)
        page = await started(client, ann)
        assert "workbench-lab" in page.text
        notebooks = (await client.get(f"{ann.server}/workbench/notebooks")).json()["items"]
        assert "shelf/tenant_report.ipynb" in {one["path"] for one in notebooks}
        async with kernel(client, ann.server) as one:
            said = (await one.execute(READ)).splitlines()
        folder = ann.server.removeprefix("/user/")
        assert said == [f"{tenant.name} [1] {ann.email}", f"[] {folder}"]

        await signed_in(stranger, f"{ben.email}~{other_tenant.slug}")
        assert ben.email in (await stranger.get("/hub/home")).text.replace("~", "@", 1)
        for path in ("/lab", "/api/contents", "/workbench/notebooks"):
            answer = await stranger.get(ann.server + path)
            assert answer.status_code in {403, 404}, (path, answer.url)

        await people.leave(database, other_tenant.id, ben.membership)
        left = await stranger.get("/hub/spawn")
        assert (left.status_code, "auth has expired" in left.text) == (403, True)


@asynccontextmanager
async def visitor(hub: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser."""
    async with httpx.AsyncClient(base_url=hub, follow_redirects=True, timeout=60) as client:
        yield client


async def signed_in(
    client: httpx.AsyncClient, name: str, password: str = PASSWORD
) -> httpx.Response:
    """What comes of the log-in form."""
    client.cookies.clear()
    await client.get("/hub/login")
    form = {"username": name, "password": password, "_xsrf": client.cookies["_xsrf"]}
    return await client.post("/hub/login?next=/hub/home", data=form)


async def started(client: httpx.AsyncClient, who: Somebody) -> httpx.Response:
    """The page of somebody's JupyterLab, once the hub has started it."""
    await client.get("/hub/spawn")
    async with asyncio.timeout(90):
        while True:
            page = await client.get(f"{who.server}/lab")
            if page.url.path == f"{who.server}/lab" and page.is_success:
                break
            await asyncio.sleep(0.3)
    marks = [one for one in client.cookies.jar if one.name == "_xsrf" and who.server in one.path]
    client.headers["X-XSRFToken"] = str(marks[0].value)
    return page


def test_a_name_is_read_as_it_is_made(tmp_path: Path) -> None:
    """Whatever an address holds; what is no name gets no folder."""
    assert Engineer.typed(" Ann@Example.com ") == Engineer("ann@example.com")
    for email in ("ann@example.com", "ann~x@example.com", "a.n+n@sub.example.com"):
        who = Engineer.typed(f"{email}~ua")
        assert who == Engineer(email, "ua") == Engineer.named(who.name)
        own = engineers.settle(tmp_path, who.name, is_apart=False)
        assert (own / "shelf" / "tenant_report.ipynb").exists()
        assert (own.stat().st_mode & 0o777, engineers.user(own)) == (0o700, None)
    for name in ("ann", "../ann~example.com~ua", ".ann~example.com~ua"):
        with pytest.raises(NoEngineer):
            engineers.settle(tmp_path, Engineer.named(name).name, is_apart=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
def test_each_engineer_is_a_system_user_of_his_own(tmp_path: Path) -> None:
    """A number is given once, and kept."""
    names = [Engineer(f"{one}@example.com", "ua").name for one in ("ann", "ben")]
    users = [engineers.user(engineers.settle(tmp_path, one, is_apart=True)) for one in names * 2]
    assert users == ["200001", "200002"] * 2


def _three_free_ports() -> int:
    while True:
        port = free_port()
        with ExitStack() as held, suppress(OSError):
            for step in range(3):
                held.enter_context(socket.socket()).bind(("127.0.0.1", port + step))
            return port
