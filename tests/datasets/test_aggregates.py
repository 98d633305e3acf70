"""Aggregates: groups, buckets, measures, and whose rows they count."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.conftest import MakeActor
from tests.datasets.reading import Reader, other_tenant, reader, reader_of, tenant
from tests.support import people, samples
from workbench.datasets import commands, queries
from workbench.datasets.schemas import (
    Aggregation,
    Condition,
    Group,
    Measure,
    Sort,
)
from workbench.db.session import Database
from workbench.errors import Invalid
from workbench.permissions import Role
from workbench.storage import Storage

__all__ = ["other_tenant", "reader", "tenant"]
COUNT = Measure(function="count")


class TestAggregate:
    """Groups and figures."""

    @pytest.mark.parametrize(
        ("function", "column", "answer"),
        [
            ("count", None, 6),
            ("count", "delay", 5),
            ("count_distinct", "carrier", 3),
            ("sum", "delay", 29),
            ("sum", "distance", 5873.5),
            ("mean", "delay", 5.8),
            ("min", "delay", -5),
            ("max", "distance", 1576.0),
            ("max", "carrier", "UA"),
            ("median", "delay", 0.0),
            ("median", "distance", 1089.0),
        ],
    )
    async def test_figures_of_all_rows(
        self, reader: Reader, function: Any, column: str | None, answer: Any
    ) -> None:
        """Rows without a value do not count."""
        ((figure,),) = await reader.figures(measures=[Measure(function=function, column=column)])
        assert figure == answer
        assert type(figure) is type(answer)

    async def test_groups_are_in_order(self, reader: Reader) -> None:
        """By group, with the group of no value last."""
        group = Group(column="dest")
        figures = await reader.figures(group=[group], measures=[COUNT])
        assert figures == [("BQN", 1), ("IAH", 1), ("MIA", 2), ("ORD", 1), (None, 1)]

    async def test_groups_can_be_sorted_by_a_figure(self, reader: Reader) -> None:
        """The largest first, and no more than the limit."""
        figures = await reader.figures(
            group=[Group(column="dest", name="airport")],
            measures=[Measure(function="sum", column="distance", name="miles")],
            sort=[Sort(column="miles", descending=True), Sort(column="airport")],
            filter=[Condition(column="dest", op="is_null", value=False)],
            limit=2,
        )
        assert figures == [("MIA", 2178.0), ("BQN", 1576.0)]

    async def test_groups_alone_are_the_values_there_are(self, reader: Reader) -> None:
        """What a list of choices shows holds the tenant's values only."""
        assert await reader.figures(group=[Group(column="carrier")]) == [
            ("AA",),
            ("B6",),
            ("UA",),
        ]

    @pytest.mark.parametrize(
        ("column", "bucket", "answer"),
        [
            ("departed", "hour", ["2026-01-01 10:00:00+00:00", "2026-01-01 11:00:00+00:00"]),
            ("departed", "day", ["2026-01-01 00:00:00+00:00", "2026-01-05 00:00:00+00:00"]),
            ("departed", "week", ["2025-12-29 00:00:00+00:00", "2026-01-05 00:00:00+00:00"]),
            ("departed", "weekday", ["0", "2"]),
            ("departed", "hour_of_day", ["6", "10"]),
            ("flown_on", "day", ["2026-01-01", "2026-01-05"]),
            ("flown_on", "week", ["2025-12-29", "2026-01-05"]),
            ("flown_on", "month", ["2026-01-01", "2026-02-01"]),
            ("flown_on", "year", ["2026-01-01", "None"]),
            ("flown_on", "weekday", ["0", "1"]),
        ],
    )
    async def test_times_fall_into_buckets(
        self, reader: Reader, column: str, bucket: Any, answer: list[str]
    ) -> None:
        """Of UTC; a week begins on Monday, which is weekday 0."""
        figures = await reader.figures(
            group=[Group(column=column, bucket=bucket)], measures=[COUNT]
        )
        assert [str(group) for group, _ in figures][:2] == answer

    @pytest.mark.parametrize(
        ("aggregation", "place"),
        [
            ({"group": [Group(column="tenant_id")]}, r"group\[0\].column"),
            ({"group": [Group(column="carrier", bucket="day")]}, r"group\[0\].bucket"),
            ({"group": [Group(column="flown_on", bucket="hour")]}, r"group\[0\].bucket"),
            ({"measures": [Measure(function="sum", column="carrier")]}, r"measures\[0\]"),
            ({"measures": [Measure(function="sum", column="nothing")]}, r"measures\[0\]"),
            ({"measures": [Measure(function="max", column="cancelled")]}, r"measures\[0\]"),
            ({"measures": [COUNT, COUNT]}, "same name"),
            ({"measures": [COUNT], "sort": [Sort(column="carrier")]}, r"sort\[0\].column"),
        ],
    )
    async def test_what_makes_no_sense_names_its_place(
        self, reader: Reader, aggregation: dict[str, Any], place: str
    ) -> None:
        """Unknown columns, figures of texts, buckets of texts."""
        with pytest.raises(Invalid, match=place):
            queries.aggregate(reader.actor, reader.dataset, Aggregation(**aggregation))

    @pytest.mark.parametrize(
        "shape",
        [
            {},
            {"measures": [{"function": "sum"}]},
            {"measures": [{"function": "evil", "column": "delay"}]},
            {"measures": [{"function": "count", "name": 'x" from rows'}]},
            {"measures": [{"function": "count"}], "limit": 10**9},
            {"group": [{"column": "delay", "bucket": "day'); --"}]},
        ],
    )
    def test_the_shape_refuses_what_it_does_not_know(self, shape: dict[str, Any]) -> None:
        """Functions, buckets, names and limits."""
        with pytest.raises(ValidationError):
            Aggregation.model_validate(shape)

    async def test_sums_beyond_bigint_are_whole(
        self, database: Database, storage: Storage, make_actor: MakeActor
    ) -> None:
        """A sum of whole numbers is exact, however large."""
        tenant = await people.make_tenant(database)
        await commands.adopt_shared(database, tenant.id)
        largest = 2**63 - 1
        content = f"delay\n{largest}\n{largest}\n"
        await samples.fill(database, storage, tenant.id, "sample_trips", content)
        reader = await reader_of(database, await make_actor(tenant, Role.ANALYST))
        measure = Measure(function="sum", column="delay")
        assert await reader.figures(measures=[measure]) == [(2 * largest,)]
