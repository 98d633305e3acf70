"""Files of flights of any length: the flights of 2013 from their beginning, as often as needed."""

import io
import zipfile
from collections.abc import Iterator
from itertools import chain, cycle, islice
from pathlib import Path

from workbench.cli.demo import source

EVERY = 336_776  # flights that left New York City in 2013


def write(path: Path, rows: int) -> Path:
    """Write a CSV of so many flights, with a header; `NA` stands for nothing."""
    header, *flights = _lines()
    with path.open("w", newline="") as file:
        file.writelines(chain([header], islice(cycle(flights), rows)))
    return path


def columns() -> list[str]:
    """The columns of the file, in its order."""
    return next(_lines()).strip().split(",")


def _lines() -> Iterator[str]:
    archive = zipfile.ZipFile(source.folder() / "flights.csv.zip")
    with archive, io.TextIOWrapper(archive.open(archive.namelist()[0]), newline="") as file:
        yield from file
