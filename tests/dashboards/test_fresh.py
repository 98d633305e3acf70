"""A dashboard that was made by the shell holds to the rules, and serves a page."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import dashboards
from dashboards import app as mounting
from dashboards import fresh
from tests.dashboards.conftest import Site
from tests.dashboards.test_pages import visit_of
from tests.support import flights
from tests.support.serving import serving
from workbench.actor import Actor
from workbench.api import app as api
from workbench.db.session import Database
from workbench.identity.tokens import Tokens
from workbench.settings import ROOT, Settings
from workbench.storage import Storage
from workbench.tenants.models import Tenant

NAME = "stock_levels"
PATH = f"/dashboards/{NAME}"
LONGEST = 150  # lines


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A copy of the dashboards that Python finds beside the real ones."""
    copied = tmp_path / "dashboards"
    shutil.copytree(ROOT / "dashboards", copied, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    dashboards.__path__.append(str(copied))
    yield copied
    dashboards.__path__.remove(str(copied))


def check_style(folder: Path) -> None:
    """Let the linter look at the dashboards of a folder, by the house's rules."""
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", folder.name]
        done = subprocess.run(ruff, cwd=folder.parent, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


async def test_it_holds_to_the_rules_and_serves(
    folder: Path,
    settings: Settings,
    database: Database,
    storage: Storage,
    actor: Actor,
    tenant: Tenant,
) -> None:
    """The linter finds nothing, the navigation has it, a name is taken once, and a page comes."""
    made = fresh.write(folder, NAME, "Stock levels")
    check_style(folder)
    assert all(len(path.read_text().splitlines()) < LONGEST for path in made)
    assert f'Link("{PATH}", "Stock levels"' in (folder / "components" / "shell.py").read_text()
    registered = (folder / "app.py").read_text()
    assert f'"{PATH}": {NAME}.page' in registered
    compile(registered, "app.py", "exec")
    with pytest.raises(fresh.NameTaken):
        fresh.write(folder, NAME)

    page = import_module(f"dashboards.{NAME}.app").page
    app: Any = api.create(settings, database, storage)
    mounting.mount(app, settings, database, storage, pages={PATH: page})
    async with serving(app) as url:
        site = Site(app, url, Tokens(settings.secret_keys))
        answer = await site.get(PATH, actor)
        assert answer.status_code == 200
        assert "Stock levels · Workbench" in answer.text
    await flights.load(database, tenant.id, "UA", 5)
    store = import_module(f"dashboards.{NAME}.store")
    sizes = await store.Store(visit_of(database, actor)).sizes(9)
    assert (sizes[0].title, sizes[0].rows) == ("Flights", 5)


@pytest.mark.parametrize(
    ("name", "title"),
    [("Stock", None), ("../stock", None), ("s", None), ("stock", 'a"b'), ("stock", "{x}")],
)
def test_a_bad_name_makes_nothing(tmp_path: Path, name: str, title: str | None) -> None:
    """Neither a path nor code comes of what was typed."""
    with pytest.raises(fresh.BadName):
        fresh.write(tmp_path, name, title)
    assert [*tmp_path.iterdir()] == []
