"""What becomes of the rows that were there, and how an import is taken back."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic import ValidationError

from tests.conftest import MakeActor
from tests.datasets.importing import Imports
from tests.support import people, samples
from workbench.datasets import commands
from workbench.datasets.errors import ImportNotFound, NotUndone
from workbench.datasets.schemas import ImportOrder
from workbench.db.session import Database
from workbench.errors import Forbidden, Invalid
from workbench.permissions import Role
from workbench.storage import Storage
from workbench.tenants.models import Tenant

pytestmark = [pytest.mark.usefixtures("empty"), pytest.mark.acts_as("engineer")]

FIRST = "carrier,dest,delay\nUA,IAH,1\nAA,MIA,2\nB6,BQN,3\n"
UPSERT: dict[str, Any] = {"mode": "upsert", "key": ["carrier", "dest"]}
Rows = Callable[[], Awaitable[list[tuple[Any, ...]]]]


@pytest.fixture
def rows(imports: Imports) -> Rows:
    """The tenant's trips as carrier, destination and delay, in the order of these."""

    async def read() -> list[tuple[Any, ...]]:
        found = [(row["carrier"], row["dest"], row["delay"]) for row in await imports.rows()]
        return sorted(found, key=str)

    return read


class TestReplace:
    """Mode `replace`."""

    async def test_puts_a_file_in_the_place_of_all_rows(self, imports: Imports, rows: Rows) -> None:
        """What was there is gone, by hand or by import, and comes back when it is undone."""
        await imports.run(FIRST)
        async with imports.database.session(imports.actor) as session:
            values = [{"carrier": "OO", "dest": "ORD", "delay": 4}]
            await commands.add_rows(session, imports.actor, "sample_trips", values)
        before = await rows()
        order = await imports.run("carrier,dest,delay\nZZ,LAX,9\n", mode="replace")
        assert (order.rows_loaded, order.rows_replaced) == (1, 4)
        assert await rows() == [("ZZ", "LAX", 9)]

        undone = await imports.undo(order.id)
        assert undone.undone_at is not None
        assert await rows() == before

    async def test_replaces_nothing_when_it_fails(self, imports: Imports, rows: Rows) -> None:
        """A file whose rows are all refused, or that breaks off, leaves the rows alone."""
        await imports.run(FIRST)
        before = await rows()
        for content in ("delay\nmany\n", "carrier\nUA\n" + '"open\n', ""):
            order = await imports.run(content, mode="replace")
            assert order.status == "failed", content
        assert await rows() == before

    async def test_leaves_other_tenants_alone(
        self,
        imports: Imports,
        database: Database,
        storage: Storage,
        other_tenant: Tenant,
        make_actor: MakeActor,
    ) -> None:
        """The same dataset of another tenant keeps its rows (R20)."""
        await samples.fill(database, storage, other_tenant.id, "sample_trips", samples.OTHER_CSV)
        stranger = Imports(database, storage, await make_actor(other_tenant, Role.ENGINEER))
        await imports.run(FIRST)
        assert (await imports.run(FIRST, mode="replace")).rows_replaced == 3
        assert len(await stranger.rows()) == 2


class TestUpsert:
    """Mode `upsert`."""

    async def test_replaces_rows_with_equal_keys_alone(self, imports: Imports, rows: Rows) -> None:
        """Rows with a key that is there give way, others are added; undoing brings all back."""
        await imports.run(FIRST)
        before = await rows()
        order = await imports.run("dest,carrier,delay\nMIA,AA,20\nSFO,AA,5\n", **UPSERT)
        assert (order.rows_loaded, order.rows_replaced) == (2, 1)
        assert await rows() == [
            ("AA", "MIA", 20), ("AA", "SFO", 5), ("B6", "BQN", 3), ("UA", "IAH", 1),
        ]  # fmt: skip
        await imports.undo(order.id)
        assert await rows() == before

    async def test_the_first_row_with_a_key_counts(self, imports: Imports, rows: Rows) -> None:
        """A later one and one without a whole key are refused whole, and can be sent again."""
        header = "delay,carrier,flown_on,distance,cancelled,dest,departed\n"
        order = await imports.run(
            header
            + "1,UA,2026-01-31,1.5,true,IAH,2026-01-31T10:00:00Z\n"
            + "2,UA,,,,IAH,\n"
            + "3,,,,,IAH,\n"
            + "4,UA,2026-02-01,-0.25,false,IAH,2026-02-01T10:00:00.5+02:00\n",
            **UPSERT,
        )
        assert (order.status, order.rows_loaded, order.rows_rejected) == ("partial", 1, 3)
        assert [(r.line, r.column_name, r.reason) for r in await imports.rejects(order.id)] == [
            (3, "carrier", "has the same key as line 2"),
            (4, "carrier", "is part of the key"),
            (5, "carrier", "has the same key as line 2"),
        ]
        lines = (await imports.rejects_file(order)).decode().splitlines()
        assert lines[0] == "line,column,reason," + header.strip()
        assert lines[3].startswith("5,carrier,has the same key as line 2,4,UA,2026-02-01,-0.25,")

        again = await imports.run("\n".join([lines[0], lines[3]]), **UPSERT)
        assert (again.status, again.rows_replaced) == ("succeeded", 1)
        assert await rows() == [("UA", "IAH", 4)]
        (row,) = await imports.rows()
        assert (row["distance"], row["cancelled"]) == (-0.25, False)
        assert str(row["departed"]) == "2026-02-01 08:00:00.500000+00:00"

    async def test_neither_changes_nor_reveals_anothers_row(
        self,
        imports: Imports,
        rows: Rows,
        database: Database,
        storage: Storage,
        other_tenant: Tenant,
        make_actor: MakeActor,
    ) -> None:
        """B's key is as new here as one that nobody has; its own twin gives way (R20)."""
        await samples.fill(database, storage, other_tenant.id, "sample_trips", samples.OTHER_CSV)
        stranger = Imports(database, storage, await make_actor(other_tenant, Role.ENGINEER))
        theirs = await stranger.rows()
        for key in ("ZZ,SECRET", "YY,NOWHERE"):
            order = await imports.run(f"carrier,dest,delay\n{key},1\n", **UPSERT)
            assert (order.status, order.rows_loaded, order.rows_replaced) == ("succeeded", 1, 0)
        assert await stranger.rows() == theirs
        order = await imports.run("carrier,dest,delay\nZZ,SECRET,2\n", **UPSERT)
        assert order.rows_replaced == 1
        assert await rows() == [("YY", "NOWHERE", 1), ("ZZ", "SECRET", 2)]
        assert await stranger.rows() == theirs

    async def test_the_file_must_bring_the_key(self, imports: Imports) -> None:
        """A file without a column of the key cannot be matched."""
        order = await imports.run("carrier,delay\nUA,1\n", **UPSERT)
        assert (order.status, order.error) == (
            "failed", "The file has no column dest, which is part of the key.",
        )  # fmt: skip

    async def test_a_key_is_of_the_datasets_columns(self, imports: Imports) -> None:
        """Any other name is refused before the file is kept."""
        with pytest.raises(Invalid, match="key: the dataset has no column tenant_id"):
            await imports.run(FIRST, mode="upsert", key=["tenant_id"])

    @pytest.mark.parametrize(
        "order",
        [
            {"mode": "upsert"},
            {"mode": "append", "key": ["carrier"]},
            {"mode": "upsert", "key": ["carrier", "carrier"]},
            {"mode": "upsert", "key": ["x; drop table users"]},
            {"mode": "destroy"},
            {"reject_share": 1.5},
            {"most_rejects": -1},
        ],
    )
    def test_an_order_makes_sense(self, order: dict[str, Any]) -> None:
        """A key belongs to an upsert, names columns, and each once."""
        with pytest.raises(ValidationError):
            ImportOrder.model_validate(order)


class TestUndo:
    """`undo_import`."""

    async def test_happens_once(self, imports: Imports, rows: Rows) -> None:
        """The second time there is nothing to undo; the rows of others stay."""
        first, second = await imports.run(FIRST), await imports.run("carrier,delay\nOO,7\n")
        await imports.undo(second.id)
        assert len(await rows()) == 3
        with pytest.raises(NotUndone, match="undone already"):
            await imports.undo(second.id)
        await imports.undo(first.id)
        assert await rows() == []

    async def test_goes_back_step_by_step(self, imports: Imports, rows: Rows) -> None:
        """An import whose rows a later one replaced says so; once that is undone it can be."""
        first = await imports.run(FIRST)
        later = await imports.run("carrier,dest,delay\nUA,IAH,100\n", **UPSERT)
        with pytest.raises(NotUndone, match=str(later.id)):
            await imports.undo(first.id)
        await imports.undo(later.id)
        await imports.undo(first.id)
        assert await rows() == []

    async def test_what_failed_has_nothing_to_undo(self, imports: Imports) -> None:
        """An import that loaded nothing is left alone."""
        order = await imports.run("delay\nmany\n")
        with pytest.raises(NotUndone, match="loaded nothing"):
            await imports.undo(order.id)

    async def test_is_for_those_who_may_import_here(
        self,
        imports: Imports,
        rows: Rows,
        database: Database,
        storage: Storage,
        tenant: Tenant,
        other_tenant: Tenant,
    ) -> None:
        """Neither an analyst nor another tenant's engineer undoes an import."""
        order = await imports.run(FIRST)
        for owner, role, refusal in (
            (tenant, Role.ANALYST, Forbidden),
            (other_tenant, Role.ENGINEER, ImportNotFound),
        ):
            actor = await people.make_actor(database, owner.id, role)
            with pytest.raises(refusal):
                await Imports(database, storage, actor).undo(order.id)
        assert len(await rows()) == 3
