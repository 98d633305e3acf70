"""Filters that join conditions, and those that look into texts."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from tests.datasets.reading import Reader, other_tenant, reader, tenant
from workbench.datasets.schemas import Filter, Filters
from workbench.errors import Invalid

__all__ = ["other_tenant", "reader", "tenant"]
FILTERS: TypeAdapter[list[Filter]] = TypeAdapter(Filters)


def is_(column: str, value: Any, op: str = "eq") -> dict[str, Any]:
    """A condition."""
    return {"column": column, "op": op, "value": value}


def in_(column: str, bucket: str, values: list[Any], **zone: str) -> dict[str, Any]:
    """A condition on a part of a time."""
    return {"column": column, "bucket": bucket, "op": "in", "value": values} | zone


NESTED: dict[str, Any] = is_("delay", 0)
for _ in range(3000):
    NESTED = {"not": NESTED}


@pytest.mark.parametrize(
    ("filters", "delays"),
    [
        ([{"any": [is_("carrier", "UA"), is_("dest", "BQN")]}], [-5, -1, 2]),
        ([{"all": [is_("carrier", "UA"), is_("dest", "ORD")]}], [-5]),
        ([{"not": is_("carrier", "UA")}], [-1, 0, 33, None]),
        # Where nobody knows whether it holds, it does not: a row without a value is among them.
        ([{"not": is_("dest", "IAH")}], [-5, -1, 0, 33, None]),
        ([{"not": {"any": [is_("carrier", "UA"), is_("carrier", "AA")]}}], [-1, 0]),
        ([{"any": [is_("carrier", "AA")]}, is_("delay", 33)], [33]),
        ([is_("delay", [-1, 2], "between")], [-1, 0, 2]),
        ([is_("flown_on", ["2026-01-05", "2026-02-10"], "between")], [33, None]),
        ([is_("dest", "or", "contains")], [-5]),
        ([is_("dest", "%", "contains")], []),
        ([in_("departed", "weekday", [3])], [-5, 2]),
        ([in_("departed", "weekday", [3], zone="Asia/Tokyo")], [-5, -1, 2]),
        ([in_("departed", "hour_of_day", [6, 23])], [-1, 33]),
        ([{"not": in_("flown_on", "month_of_year", [1])}], [-1, 0, None]),
        ([in_("flown_on", "weekday", [0, 1])], [33, None]),
        ([{"search": "b"}], [-1, 0]),
        ([{"search": "IA"}], [2, 33, None]),
        ([{"search": "_"}], []),
    ],
)
async def test_they_choose_rows(reader: Reader, filters: list[Any], delays: list[Any]) -> None:
    """Joined conditions choose the rows that they say, in pages and in counts."""
    assert await reader.matching(*FILTERS.validate_python(filters)) == delays


@pytest.mark.parametrize(
    ("filter_", "place"),
    [
        ({"any": [is_("carrier", "UA"), is_("nothing", 1)]}, "filter[0].any[1].column"),
        ({"not": {"all": [is_("delay", "late")]}}, "filter[0].not.all[0].value"),
        (is_("delay", 3, "between"), "filter[0].value"),
        (is_("delay", [1, 2, 3], "between"), "filter[0].value"),
        (is_("delay", ["a", 2], "between"), "filter[0].value[0]"),
        (is_("delay", "1", "contains"), "filter[0].value"),
        (in_("delay", "weekday", [1]), "filter[0].bucket"),
        (in_("flown_on", "hour_of_day", [1]), "filter[0].bucket"),
        (in_("flown_on", "weekday", [1], zone="Asia/Tokyo"), "filter[0].zone"),
        (in_("departed", "weekday", [1], zone="Asia/Nowhere"), "filter[0].zone"),
        (in_("departed", "weekday", ["Friday"]), "filter[0].value[0]"),
        ({"search": "a\0"}, "filter[0].search"),
    ],
)
async def test_they_name_the_wrong_place(reader: Reader, filter_: Any, place: str) -> None:
    """However deep it lies."""
    with pytest.raises(Invalid) as caught:
        await reader.matching(*FILTERS.validate_python([filter_]))
    assert [detail.place for detail in caught.value.details] == [place]


@pytest.mark.parametrize(
    "filters",
    [
        [{"any": []}],
        [{"search": ""}],
        [{"any": [is_("delay", 1)], "all": [is_("delay", 1)]}],
        [{"neither": [is_("delay", 1)]}],
        [{"any": [is_("delay", number) for number in range(100)]}, is_("delay", 0)],
        [in_("departed", "fortnight", [1])],
        [is_("departed", None, "is_null") | {"zone": "Asia/Tokyo"}],
        [NESTED],
        [is_("delay", 0)] * 51,
    ],
)
def test_they_are_small_and_known(filters: list[Any]) -> None:
    """At most 50 filters of 100 conditions in all, eight deep, of the shapes that there are."""
    with pytest.raises(ValidationError):
        FILTERS.validate_python(filters)
