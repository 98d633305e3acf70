"""Pages, filters and aggregates of rows."""

import base64
import itertools
import json
from typing import Any

import pytest
from pydantic import ValidationError

from tests.conftest import MakeActor
from tests.datasets.reading import COLUMNS, Reader, other_tenant, reader, reader_of, tenant
from workbench.actor import Actor
from workbench.datasets import queries
from workbench.datasets.schemas import (
    Aggregation,
    Condition,
    DatasetView,
    Measure,
    RowsQuery,
    Sort,
)
from workbench.db.session import Database
from workbench.errors import Forbidden, Invalid
from workbench.permissions import Permission, Role
from workbench.tenants.models import Tenant

__all__ = ["other_tenant", "reader", "tenant"]
COUNT = Measure(function="count")


class TestCatalogue:
    """What datasets a tenant has."""

    async def test_it_holds_columns(self, database: Database, actor: Actor) -> None:
        """A dataset comes with its columns in their order."""
        async with database.reading(actor) as session:
            found = (await session.scalars(queries.datasets(actor))).all()
        views = {view.name: view for view in map(DatasetView.of, found)}
        assert [column.name for column in views["sample_trips"].columns] == list(COLUMNS)
        assert views["sample_trips"].columns[2].unit == "min"

    async def test_it_needs_the_permission(self, actor: Actor) -> None:
        """Who may not read datasets cannot ask."""
        narrow = actor.narrowed([Permission.ROW_READ])
        with pytest.raises(Forbidden):
            queries.datasets(narrow)
        with pytest.raises(Forbidden):
            queries.imports(narrow)
        with pytest.raises(Forbidden):
            queries.definitions(actor)

    async def test_rows_need_the_permission(self, reader: Reader) -> None:
        """Knowing a dataset is not reading it."""
        narrow = reader.actor.narrowed([Permission.DATASET_READ])
        with pytest.raises(Forbidden):
            queries.rows(narrow, reader.dataset, RowsQuery())
        with pytest.raises(Forbidden):
            queries.count(narrow, reader.dataset)
        with pytest.raises(Forbidden):
            queries.aggregate(narrow, reader.dataset, Aggregation(measures=[COUNT]))


class TestRows:
    """Pages of rows."""

    @pytest.mark.parametrize("limit", [1, 4, 100])
    @pytest.mark.parametrize("column", [*COLUMNS, "row_id"])
    @pytest.mark.parametrize("descending", [False, True])
    async def test_pages_hold_every_row_once_in_order(
        self, reader: Reader, column: str, limit: int, *, descending: bool
    ) -> None:
        """Whatever the sort column, its direction, and rows without a value."""
        everything = await reader.walk(limit=1000)
        sort = [Sort(column=column, descending=descending)]
        rows = await reader.walk(sort=sort, limit=limit)
        assert len(everything) == 6
        assert {row["row_id"] for row in rows} == {row["row_id"] for row in everything}
        values = [row[column] for row in rows if row[column] is not None]
        assert values == sorted(values, reverse=descending)
        assert [row[column] for row in rows[len(values) :]] == [None] * (6 - len(values))

    @pytest.mark.parametrize("directions", list(itertools.product([False, True], repeat=3)))
    async def test_mixed_directions_are_one_order(
        self, reader: Reader, directions: tuple[bool, bool, bool]
    ) -> None:
        """Small pages follow the order of one large page."""
        names = ("cancelled", "carrier", "delay")
        sort = [
            Sort(column=name, descending=descending)
            for name, descending in zip(names, directions, strict=True)
        ]
        at_once = await reader.walk(sort=sort, limit=100)
        one_by_one = await reader.walk(sort=sort, limit=1)
        assert [row["row_id"] for row in one_by_one] == [row["row_id"] for row in at_once]

    async def test_a_tenant_reads_its_own_rows(
        self, database: Database, reader: Reader, other_tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """The very same statement answers each actor with its own."""
        other = await reader_of(database, await make_actor(other_tenant, Role.ANALYST))
        assert {row["dest"] for row in await other.walk()} == {"SECRET"}
        assert len(await reader.walk(filter=[Condition(column="dest", op="eq", value="ORD")])) == 1
        assert await reader.walk(filter=[Condition(column="dest", op="eq", value="SECRET")]) == []

    async def test_a_cursor_of_another_order_is_refused(self, reader: Reader) -> None:
        """A cursor belongs to the order it was made for."""
        _, cursor = await reader.page(RowsQuery(sort=[Sort(column="delay")], limit=2))
        for sort in ([], [Sort(column="delay", descending=True)], [Sort(column="carrier")]):
            with pytest.raises(Invalid, match="cursor"):
                queries.rows(reader.actor, reader.dataset, RowsQuery(sort=sort, cursor=cursor))

    @pytest.mark.parametrize(
        "values",
        [
            ["row_id", "1; drop table x"],
            ["row_id", None, 1],
            ["row_id", 10**30],
            ["row_id", {"a": 1}],
            "row_id",
            [],
            7,
        ],
    )
    async def test_a_forged_cursor_is_refused(self, reader: Reader, values: Any) -> None:
        """What a cursor says is read as the column's type."""
        cursor = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
        with pytest.raises(Invalid, match="cursor"):
            queries.rows(reader.actor, reader.dataset, RowsQuery(cursor=cursor))

    @pytest.mark.parametrize("cursor", ["", "x", "ä", "!!!!", "[" * 5000, "W1tbW1tb" * 4000])
    async def test_nonsense_is_no_cursor(self, reader: Reader, cursor: str) -> None:
        """It is refused in words."""
        with pytest.raises(Invalid, match="cursor"):
            queries.rows(reader.actor, reader.dataset, RowsQuery(cursor=cursor))

    @pytest.mark.parametrize("limit", [0, -1, 1001, 10**9])
    def test_a_page_has_a_limit(self, limit: int) -> None:
        """A limit of a billion is refused before anything runs."""
        with pytest.raises(ValidationError):
            RowsQuery(limit=limit)


class TestFilter:
    """Conditions, each typed by its column."""

    @pytest.mark.parametrize(
        ("column", "op", "value", "delays"),
        [
            ("carrier", "eq", "UA", [-5, 2]),
            ("carrier", "ne", "UA", [-1, 0, 33, None]),
            ("delay", "lt", 0, [-5, -1]),
            ("delay", "le", "0", [-5, -1, 0]),
            ("delay", "gt", 2, [33]),
            ("delay", "ge", 2, [2, 33]),
            ("delay", "in", [2, "33", -100], [2, 33]),
            ("delay", "is_null", None, [None]),
            ("delay", "is_null", True, [None]),
            ("delay", "is_null", "false", [-5, -1, 0, 2, 33]),
            ("delay", "is_null", False, [-5, -1, 0, 2, 33]),
            ("dest", "prefix", "M", [33, None]),
            ("dest", "prefix", "%", []),
            ("dest", "prefix", "_", []),
            ("distance", "gt", 1089.5, [-1, 2]),
            ("distance", "gt", 1089, [-1, 2]),
            ("cancelled", "eq", True, [None]),
            ("cancelled", "eq", "false", [-5, -1, 2, 33]),
            ("flown_on", "eq", "2026-01-05", [33]),
            ("flown_on", "ge", "2026-02-01", [-1, None]),
            ("departed", "lt", "2026-01-01T11:00:00Z", [2]),
            ("departed", "lt", "2026-01-01T11:00:00", [2]),
            ("departed", "lt", "2026-01-01T13:00:00+02:00", [2]),
            ("row_id", "gt", 2**63 - 1, []),
            ("carrier", "eq", "'; drop table rows.x; --", []),
            ("carrier", "eq", "UA' or '1'='1", []),
        ],
    )
    async def test_it_keeps_the_rows_that_match(
        self, reader: Reader, column: str, op: Any, value: Any, delays: list[Any]
    ) -> None:
        """Comparisons, lists, missing values and prefixes."""
        assert await reader.matching(Condition(column=column, op=op, value=value)) == delays

    async def test_all_conditions_hold(self, reader: Reader) -> None:
        """Conditions are joined by and."""
        late = Condition(column="delay", op="gt", value=0)
        united = Condition(column="carrier", op="eq", value="UA")
        assert await reader.matching(late, united) == [2]

    @pytest.mark.parametrize(
        ("column", "op", "value", "place"),
        [
            ("tenant_id", "eq", "x", r"filter\[0\].column"),
            ("import_id", "eq", "x", r"filter\[0\].column"),
            ("no_such", "eq", 1, r"filter\[0\].column"),
            ('delay" = 1 or "delay', "eq", 1, r"filter\[0\].column"),
            ("delay", "eq", "many", r"filter\[0\].value: must be a whole number"),
            ("delay", "eq", 1.5, r"filter\[0\].value"),
            ("delay", "eq", True, r"filter\[0\].value"),
            ("delay", "eq", None, r"filter\[0\].value"),
            ("delay", "eq", 2**63, r"filter\[0\].value"),
            ("delay", "eq", [1], r"filter\[0\].value"),
            ("delay", "in", 1, r"filter\[0\].value"),
            ("delay", "in", [], r"filter\[0\].value"),
            ("delay", "in", [1] * 1001, r"filter\[0\].value"),
            ("delay", "in", [1, "x"], r"filter\[0\].value\[1\]"),
            ("delay", "prefix", 1, r"filter\[0\].value"),
            ("delay", "is_null", "perhaps", r"filter\[0\].value"),
            ("distance", "eq", "NaN", r"filter\[0\].value"),
            ("distance", "eq", "inf", r"filter\[0\].value"),
            ("cancelled", "eq", "perhaps", r"filter\[0\].value"),
            ("flown_on", "eq", "01/02/2026", r"filter\[0\].value"),
            ("flown_on", "eq", "2026-02-30", r"filter\[0\].value"),
            ("flown_on", "eq", 20260101, r"filter\[0\].value"),
            ("departed", "eq", "now", r"filter\[0\].value"),
            ("departed", "eq", "0001-01-01T00:00:00+10:00", r"filter\[0\].value"),
            ("carrier", "eq", "\0", r"filter\[0\].value"),
            ("carrier", "eq", "\ud800", r"filter\[0\].value"),
            ("carrier", "eq", 7, r"filter\[0\].value"),
        ],
    )
    async def test_what_does_not_fit_names_its_place(
        self, reader: Reader, column: str, op: Any, value: Any, place: str
    ) -> None:
        """An unknown column or a value of another type is refused before SQL is made."""
        condition = Condition.model_construct(column=column, op=op, value=value)
        with pytest.raises(Invalid, match=place) as caught:
            queries.count(reader.actor, reader.dataset, [condition])
        assert caught.value.details

    async def test_an_unknown_sort_column_is_refused(self, reader: Reader) -> None:
        """As is one that is named twice."""
        for sort in ([Sort(column="tenant_id")], [Sort(column="delay")] * 2):
            with pytest.raises(Invalid, match="sort"):
                queries.rows(reader.actor, reader.dataset, RowsQuery(sort=sort))

    @pytest.mark.parametrize(
        "shape",
        [
            {"filter": [{"column": "delay", "op": "like", "value": 1}]},
            {"filter": [{"column": "delay", "op": "eq", "value": 1, "or": 1}]},
            {"filter": [{"column": "delay", "op": "eq", "value": 1}] * 51},
            {"sort": [{"column": "x" * 128}]},
            {"offset": 10},
        ],
    )
    def test_the_shape_refuses_what_it_does_not_know(self, shape: dict[str, Any]) -> None:
        """Operators, keys and lengths."""
        with pytest.raises(ValidationError):
            RowsQuery.model_validate(shape)
