"""Quantiles, shares, ends, filters of measures, chosen groups, zones and bins."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.datasets.reading import Reader, other_tenant, reader, tenant
from workbench.datasets import queries
from workbench.datasets.schemas import Aggregation, Condition, Group, Measure, Sort
from workbench.errors import Invalid

__all__ = ["other_tenant", "reader", "tenant"]
COUNT = Measure(function="count")
CARRIER = Group(column="carrier")
LATE = Condition(column="delay", op="gt", value=0)


class TestMeasures:
    """Figures beyond sums and means."""

    @pytest.mark.parametrize(
        ("measure", "answer"),
        [
            ({"function": "distinct", "column": "carrier"}, 3),
            ({"function": "quantile", "column": "delay", "q": 0}, -5.0),
            ({"function": "quantile", "column": "delay", "q": 0.25}, -1.0),
            ({"function": "quantile", "column": "distance", "q": 1}, 1576.0),
            ({"function": "first", "column": "dest", "by": "departed"}, "IAH"),
            ({"function": "last", "column": "dest", "by": "departed"}, "BQN"),
            ({"function": "first", "column": "delay", "by": "distance"}, -5),
            ({"function": "count", "filter": [LATE]}, 2),
            ({"function": "sum", "column": "delay", "filter": [LATE]}, 35),
            ({"function": "mean", "column": "delay", "filter": [LATE]}, 17.5),
            ({"function": "median", "column": "delay", "filter": [LATE]}, 17.5),
            ({"function": "last", "column": "carrier", "by": "departed", "filter": [LATE]}, "AA"),
            ({"function": "share"}, 1.0),
        ],
    )
    async def test_figures_of_all_rows(
        self, reader: Reader, measure: dict[str, Any], answer: Any
    ) -> None:
        """Each over the rows that its own filter leaves."""
        ((figure,),) = await reader.figures(measures=[Measure(**measure)])
        assert figure == answer
        assert type(figure) is type(answer)

    async def test_shares_are_of_the_whole_answer(self, reader: Reader) -> None:
        """Of rows and of a sum, and each level of groups by itself."""
        figures = await reader.figures(
            group=[CARRIER, Group(column="cancelled")],
            measures=[
                Measure(function="share", name="rows"),
                Measure(function="share", column="distance", name="miles"),
                Measure(function="share", within=["carrier"], name="inside"),
            ],
        )
        assert [row[:2] for row in figures] == [
            *(("AA", False), ("AA", True), ("B6", False), ("B6", None), ("UA", False)),
        ]
        assert [round(row[2] * 6) for row in figures] == [1, 1, 1, 1, 2]
        assert [row[4] for row in figures] == [0.5, 0.5, 0.5, 0.5, 1.0]
        assert sum(row[3] or 0 for row in figures) == pytest.approx(1)

    async def test_shares_follow_the_filter_and_not_the_choice(self, reader: Reader) -> None:
        """Rows that are filtered out have no share; groups that are not shown keep theirs."""
        share = Measure(function="share", name="share")
        figures = await reader.figures(
            group=[CARRIER],
            measures=[share],
            filter=[Condition(column="dest", op="is_null", value=False)],
            having=[Condition(column="share", op="lt", value=0.3)],
            limit=1,
        )
        assert figures == [("B6", 0.2)]

    async def test_groups_are_chosen_by_their_figures(self, reader: Reader) -> None:
        """By a measure, by a group, by both, in the order of another measure."""
        figures = await reader.figures(
            group=[CARRIER],
            measures=[COUNT, Measure(function="sum", column="delay", name="delay")],
            having=[
                Condition(column="delay", op="gt", value=-4),
                Condition(column="carrier", op="in", value=["AA", "UA"]),
            ],
            sort=[Sort(column="delay")],
        )
        assert figures == [("UA", 2, -3), ("AA", 2, 33)]


class TestGroups:
    """Buckets of a zone, and bins."""

    @pytest.mark.parametrize(
        ("bucket", "zone", "answer"),
        [
            ("day", "America/New_York", "2026-01-01 05:00:00+00:00"),
            ("hour_of_day", "America/New_York", "1"),
            ("weekday", "Pacific/Auckland", "0"),
            ("minute", None, "2026-01-01 10:00:00+00:00"),
            ("quarter", None, "2026-01-01 00:00:00+00:00"),
            ("month_of_year", None, "1"),
        ],
    )
    async def test_times_fall_into_buckets_of_a_zone(
        self, reader: Reader, bucket: Any, zone: str | None, answer: str
    ) -> None:
        """A day begins at midnight there."""
        group = Group(column="departed", bucket=bucket, zone=zone)
        figures = await reader.figures(group=[group], measures=[COUNT])
        assert str(figures[0][0]) == answer

    @pytest.mark.parametrize(
        ("column", "width", "answer"),
        [
            ("delay", 10, [(-10, 2), (0, 2), (30, 1), (None, 1)]),
            ("delay", 2.5, [(-5.0, 1), (-2.5, 1), (0.0, 2), (32.5, 1), (None, 1)]),
            ("distance", 500, [(500.0, 1), (1000.0, 3), (1500.0, 1), (None, 1)]),
        ],
    )
    async def test_numbers_fall_into_bins(
        self, reader: Reader, column: str, width: float, answer: list[Any]
    ) -> None:
        """Named by their lower ends, below zero too."""
        group = Group(column=column, width=width)
        assert await reader.figures(group=[group], measures=[COUNT]) == answer

    @pytest.mark.parametrize(
        ("aggregation", "place"),
        [
            ({"group": [{"column": "departed", "bucket": "day", "zone": "Mars/Base"}]}, "zone"),
            ({"group": [{"column": "flown_on", "bucket": "day", "zone": "UTC"}]}, "zone"),
            ({"group": [{"column": "carrier", "width": 1}]}, "width"),
            ({"measures": [{"function": "share", "within": ["carrier"]}]}, "within"),
            ({"measures": [{"function": "share", "column": "carrier"}]}, "not a number"),
            ({"measures": [{"function": "first", "column": "dest", "by": "no"}]}, "by"),
            (
                {"measures": [{"function": "count", "filter": [{"column": "x", "op": "is_null"}]}]},
                r"measures\[0\].filter\[0\]",
            ),
            (
                {
                    "measures": [{"function": "count"}],
                    "having": [{"column": "delay", "op": "eq", "value": 1}],
                },
                r"having\[0\]",
            ),
        ],
    )
    async def test_what_makes_no_sense_names_its_place(
        self, reader: Reader, aggregation: dict[str, Any], place: str
    ) -> None:
        """Zones that nobody knows, bins of texts, shares within nothing."""
        question = Aggregation.model_validate(aggregation)
        with pytest.raises(Invalid, match=place):
            queries.aggregate(reader.actor, reader.dataset, question)

    @pytest.mark.parametrize(
        "shape",
        [
            {"measures": [{"function": "quantile", "column": "delay"}]},
            {"measures": [{"function": "quantile", "column": "delay", "q": 2}]},
            {"measures": [{"function": "sum", "column": "delay", "q": 0.5}]},
            {"measures": [{"function": "first", "column": "delay"}]},
            {"measures": [{"function": "count", "within": ["carrier"]}]},
            {"group": [{"column": "departed", "zone": "UTC"}]},
            {"group": [{"column": "departed", "bucket": "day", "zone": "'; select 1"}]},
            {"group": [{"column": "departed", "bucket": "day", "zone": "../../etc/passwd"}]},
            {"group": [{"column": "delay", "width": 0}]},
            {"group": [{"column": "delay", "width": "NaN"}]},
            {"group": [{"column": "departed", "bucket": "day", "width": 1}]},
        ],
    )
    def test_the_shape_refuses_what_does_not_fit(self, shape: dict[str, Any]) -> None:
        """What a function needs, and no other takes."""
        with pytest.raises(ValidationError):
            Aggregation.model_validate(shape)
