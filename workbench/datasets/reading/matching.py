"""Which column of a file fills which column of a dataset."""

from collections.abc import Collection, Sequence

from workbench.datasets.errors import Malformed
from workbench.datasets.reading import naming
from workbench.datasets.reading.blocks import Wanted
from workbench.datasets.reading.typed import Match
from workbench.datasets.schemas.reading import ColumnReading

MAX_SOURCE = 900  # characters of a name by which a reading refers to a column
MAX_NAMED = 10  # how many wrong columns an error lists


def sources(header: Sequence[str]) -> tuple[str, ...]:
    """The names of a file's columns as a reading refers to them: each there is, and each once."""
    seen: dict[str, int] = {}
    found = []
    for number, name in enumerate(header, start=1):
        plain = name.strip()[:MAX_SOURCE] or f"(column {number})"
        seen[plain] = seen.get(plain, 0) + 1
        found.append(plain if seen[plain] == 1 else f"{plain} ({seen[plain]})")
    return tuple(found)


def matches(
    header: Sequence[str], columns: Sequence[ColumnReading] | None, wanted: Sequence[Wanted]
) -> list[Match]:
    """The columns that a file fills, in its own order.

    Raise Malformed when it names one that is not wanted, or the same twice, unless `columns` say
    what becomes of each.
    """
    if columns is None:
        return _by_name(header, wanted)
    there = {name: place for place, name in enumerate(sources(header))}
    by_name = {column.name: column for column in wanted}
    _refuse_unknown([column.name for column in columns if column.name not in by_name])
    missing = [column.source for column in columns if column.source not in there]
    if missing:
        raise Malformed(f"The file has no column {listed(missing)}.")
    _refuse_twice([column.name for column in columns])
    found = [Match(there[column.source], by_name[column.name]) for column in columns]
    return sorted(found)


def _by_name(header: Sequence[str], wanted: Sequence[Wanted]) -> list[Match]:
    by_name = {column.name: column for column in wanted}
    names = by_names(header, by_name)
    _refuse_unknown([name or "(no name)" for name in names if name not in by_name])
    _refuse_twice(names)
    return [Match(place, by_name[name]) for place, name in enumerate(names)]


def by_names(header: Sequence[str], known: Collection[str]) -> list[str]:
    """What each column of a header fills: what has its name, else what was made of its name once.

    So the next file of a kind goes into the dataset that the first has made. Where nothing is
    `known` as either, it is the name as it stands there.
    """
    found: list[str] = []
    for name, made in zip(header, naming.names(sources(header)), strict=True):
        plain = name.strip().lower()
        is_its_own = plain in known and plain not in found
        found.append(plain if is_its_own or made not in known else made)
    return found


def _refuse_unknown(names: Sequence[str]) -> None:
    if names:
        raise Malformed(f"The dataset has no column {listed(names)}.")


def _refuse_twice(names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Malformed(f"The header names {listed(twice)} twice.")


def listed(names: Sequence[str]) -> str:
    """Up to ten names, and how many more there are."""
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(name[:63] for name in names[:MAX_NAMED]) + more
