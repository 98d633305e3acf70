"""What stands in the editor of somebody who has never asked: a statement that is ready to run."""

from collections.abc import Sequence

from dashboards.sql.store import Column, Known

TIMES = ("timestamp", "date")


def example(datasets: Sequence[Known]) -> str:
    """A statement on a dataset that is there: rows of each month, of each value, or the first."""
    for dataset in datasets:
        if time := _first(dataset, *TIMES):
            return _by_month(dataset.name, time.name)
    for dataset in datasets:
        if text := _first(dataset, "text"):
            return _by_value(dataset.name, text.name)
    return f"select *\nfrom {quoted(datasets[0].name)}\nlimit 100" if datasets else ""


def quoted(name: str) -> str:
    """A name as it stands in a statement: as it is, or between quotes where that is needed."""
    is_plain = name.isascii() and name.isidentifier() and name == name.lower()
    return name if is_plain else '"' + name.replace('"', '""') + '"'


def _first(dataset: Known, *types: str) -> Column | None:
    return next((column for column in dataset.columns if column.type in types), None)


def _by_month(dataset: str, column: str) -> str:
    return (
        "-- How many rows does each month have? Ctrl+Enter runs this.\n"
        f"select date_trunc('month', {quoted(column)}) as month,\n"
        "       count(*) as count\n"
        f"from {quoted(dataset)}\n"
        "group by 1\n"
        "order by 1"
    )


def _by_value(dataset: str, column: str) -> str:
    return (
        "-- Which values come most often? Ctrl+Enter runs this.\n"
        f"select {quoted(column)}, count(*) as count\n"
        f"from {quoted(dataset)}\n"
        f"group by {quoted(column)}\n"
        "order by count desc\n"
        "limit 20"
    )
