"""The composed dashboard of files, as a visit drives it without a browser."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from panel.models.esm import DataEvent

from dashboards.files.app import Files
from dashboards.files.store import Loaded
from dashboards.files.views import imports, parts
from tests.conftest import MakeActor
from tests.dashboards.test_files_store import bring, load
from tests.dashboards.test_pages import until, visit_of
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.storage import Storage
from workbench.tenants.models import Tenant

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DONE = Loaded(
    id=UUID(int=1),
    dataset="sales",
    title="Sales",
    file_name="sales.csv",
    mode="append",
    key=[],
    reading={},
    status="partial",
    progress=1.0,
    rows_read=3,
    rows_loaded=2,
    rows_replaced=0,
    rows_rejected=1,
    has_rejects=True,
    error=None,
    who="you",
    ordered=NOW - timedelta(minutes=5),
    started=NOW - timedelta(seconds=3),
    finished=NOW,
    is_undone=False,
    may_change=True,
    now=NOW,
)


def hears(component: Any, **data: Any) -> None:
    """Let the browser's side of a component say something."""
    component._process_event(DataEvent(None, data))


class TestWords:
    """What is told of an import."""

    @pytest.mark.parametrize(
        ("changes", "sentence", "actions"),
        [
            ({}, "2 rows loaded, 1 refused.", ["undo"]),
            ({"rows_replaced": 4}, "2 rows loaded, 4 replaced, 1 refused.", ["undo"]),
            ({"status": "succeeded", "rows_rejected": 0}, "2 rows loaded.", ["undo"]),
            ({"status": "running"}, "3 rows read so far.", ["cancel"]),
            ({"status": "cancelled"}, "Nothing of it was loaded.", ["retry"]),
            ({"status": "failed", "rows_loaded": 0}, "0 rows loaded, 1 refused.", ["retry"]),
            ({"may_change": False}, "2 rows loaded, 1 refused.", []),
        ],
    )
    def test_each_status(self, changes: dict[str, Any], sentence: str, actions: list[str]) -> None:
        """Every status has its sentence and what can be done about it."""
        told = imports.told(replace(DONE, **changes))

        assert (told["sentence"], told["actions"]) == (sentence, actions)

    def test_waiting_and_undone(self) -> None:
        """One that waits can be cancelled; one that was undone is over, and leads nowhere."""
        waiting = imports.told(replace(DONE, status="queued"))
        undone = imports.told(replace(DONE, is_undone=True))

        assert (waiting["label"], waiting["actions"]) == ("Waiting", ["cancel"])
        assert (undone["label"], undone["actions"]) == ("Undone", [])
        assert "taken back" in undone["sentence"]
        assert imports.explore(replace(DONE, is_undone=True)) == ""
        assert imports.explore(DONE) == "/dashboards/explore?dataset=sales"

    def test_says_what_undoing_does(self) -> None:
        """What gave way comes back."""
        assert imports.undoing(DONE) == "Undoing takes its 2 rows away."
        assert imports.undoing(replace(DONE, rows_loaded=1, rows_replaced=9)) == (
            "Undoing takes its 1 row away and brings 9 rows back."
        )

    def test_says_who_and_when(self) -> None:
        """An import is told with its time, its member and how long it took."""
        assert imports.told(DONE)["when"] == "5 min ago by you, took 3.0 s"
        assert imports.told(replace(DONE, finished=None))["when"] == "5 min ago by you"


class TestHearing:
    """Wishes from the browser."""

    async def test_passes_on_what_it_knows(self) -> None:
        """A wish of an unknown kind, or about no import, is dropped."""
        wishes: list[tuple[str, str]] = []

        async def hear(kind: str, import_id: str) -> None:
            wishes.append((kind, import_id))

        shown, known = imports.ImportList.of(hear), str(new_id())
        for data in (
            {"kind": "undo", "id": known},
            {"kind": "undo", "id": "1; drop table"},
            {"kind": "undo", "id": 7},
            {"kind": "undo"},
            {"kind": "renew", "id": known},
            {"kind": "refresh"},
            {},
        ):
            hears(shown, **data)
        await asyncio.sleep(0.05)

        assert wishes == [("undo", known), ("refresh", "")]

    def test_a_component_is_one_module(self) -> None:
        """The files of a component are one script that exports how it is drawn, once."""
        script = parts.script("actions.js", "imports.js")

        assert script.count("export ") == 1


class TestPage:
    """The page of an analyst and of others."""

    async def test_follows_an_import_to_its_end(
        self, database: Database, storage: Storage, actor: Actor
    ) -> None:
        """What was sent is shown at once, followed, and ends with its refused rows."""
        page = Files(visit_of(database, actor))
        await page._stage.refresh()
        assert page._imports.items == []
        import_id = await bring(database, storage, actor)

        hears(page._upload, kind="started", id=str(import_id))
        await until(lambda: page._outcome.told.get("status") == "queued")
        assert page._outcome.visible
        assert bool(page._state.is_following)
        await load(database, storage, actor, import_id)
        await page._follow()

        assert page._outcome.told["status"] == "partial"
        assert page._outcome.rejects == [["4", "amount", "many", "must be a finite number"]]
        assert not page._state.is_following
        assert "sales" in page._datasets.pane.object
        assert [known["name"] for known in page._upload.datasets if known["may_load"]] == ["sales"]
        assert [order["file"] for order in page._upload.earlier] == ["sales.csv"]

    async def test_undoes_and_says_why_not(
        self, database: Database, storage: Storage, actor: Actor
    ) -> None:
        """Undoing works once; a second time it is said why not, beside the import."""
        import_id = await bring(database, storage, actor)
        await load(database, storage, actor, import_id)
        page = Files(visit_of(database, actor))
        await page._stage.refresh()

        await page._hear("undo", str(import_id))
        assert page._outcome.told["status"] == "undone"
        assert page._outcome.said == ""
        await page._hear("undo", str(import_id))
        assert "undone already" in page._outcome.said
        await page._hear("close", "")
        assert not page._outcome.visible

    @pytest.mark.acts_as("viewer")
    async def test_a_viewer_is_told_whom_to_ask(self, database: Database, actor: Actor) -> None:
        """Who may not load files finds a friendly face in the place where they are dropped."""
        page = Files(visit_of(database, actor))
        await page._stage.refresh()
        content = list(page._stage._content)

        assert page._upload not in content
        assert page._imports not in content
        assert any("You can look" in str(getattr(part, "object", "")) for part in content)
        await page._hear("undo", str(new_id()))
        assert "import:start" in page._outcome.said

    async def test_shows_nothing_of_another_tenant(
        self,
        database: Database,
        storage: Storage,
        actor: Actor,
        other_tenant: Tenant,
        make_actor: MakeActor,
    ) -> None:
        """Another tenant's import is in no list, and asking for it by its id opens nothing."""
        import_id = await bring(database, storage, actor)
        page = Files(visit_of(database, await make_actor(other_tenant, Role.OWNER)))
        await page._stage.refresh()

        await page._hear("open", str(import_id))
        assert page._imports.items == []
        assert page._outcome.told == {}
        await page._hear("cancel", str(import_id))
        assert page._outcome.said == "There is no such import here."

    async def test_leads_the_operator_home(self, database: Database, operator: Actor) -> None:
        """The operator has no files, and gets a way back."""
        page = Files(visit_of(database, operator))
        await page._stage.refresh()

        assert "not open to you" in page._stage._face.pane.object
        assert 'href="/dashboards/home"' in page._stage._face.pane.object
