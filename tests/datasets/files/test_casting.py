"""A cell becomes the value that PostgreSQL would make of it, or none."""

from datetime import date, time
from itertools import product
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import ARRAY, Text, case, cast, func, literal, select, text

from workbench.datasets.column_types import TYPES
from workbench.datasets.reading.casting import cast as cast_cells
from workbench.datasets.reading.notation import Notation
from workbench.db.session import Database

SPACED = ["{}", " {}", "{}\t", "\n{}\r", "+{}", "-{}", "--{}", "x{}", "{}x", "{}\u00a0", "({})"]
WHOLE = [
    *("0", "5", "007", "1_000", "1__0", "_1", "1_", "0x1F", "0X_ff", "0b101", "0o17", "0b2", "0x"),
    *("9223372036854775807", "9223372036854775808", "0x7FFFFFFFFFFFFFFF", "0x8000000000000000"),
    *("0xFFFFFFFFFFFFFFFF", "1e3", "1.0", "1,0", "", "9" * 99, "9" * 400, "٣", "true", "NaN"),
]
NUMBERS = [
    *("0", "1.5", ".5", "5.", ".", "1e5", "1E+5", "1e-5", "1e", "1e999", "1e-999", "0e-999", "0.0"),
    *("1e308", "1.8e308", "5e-324", "1e-324", "2e-324", "0x1p3", "0x1F", "0x.8", "0xg", "1_0"),
    *("inf", "Infinity", "nan", "NaN", "1,5", "1d", "1f", "9" * 400, "0." + "0" * 400 + "1", ""),
    *("0x0p5", "123456789012345678901234567890", "1e22", "4.35", "0.1", "9007199254740993"),
]
BOOLEANS = [
    *("true", "tru", "tr", "t", "T", "TRUE", "yes", "ye", "y", "on", "o", "1", "01", "false", "f"),
    *("fal", "no", "n", "off", "of", "0", "2", "", "wahr", "truee", "onn", "null"),
]
DATES = [
    *("2026-01-31", "2026-02-29", "2024-02-29", "0000-01-01", "0001-01-01", "9999-12-31"),
    *("10000-01-01", "2026-1-1", "20260131", "2026/01/31", "31.01.2026", "today", "infinity"),
    *("2026-13-01", "2026-00-01", "2026-01-00", "2026-04-31", "1900-02-29", "2000-02-29", ""),
]
CLOCKS = [
    *("", "T10:00", " 10:00:00", "T10:00:00.5", "T10:00:00.123456", "T10:00:00.1234565", " 10"),
    *("T24:00:00", "T24:00:01", "T23:59:60", "T23:59:61", "T10:60:00", "T25:00", "t10:00", "T1:00"),
    *("T10:00:00.9999999", "T23:59:59.9999999", "T100000", "  10:00", "T10:00:00."),
]
ZONES = [
    "",
    "Z",
    "z",
    " Z",
    "+02",
    "-02",
    "+0230",
    "-0230",
    "+02:30",
    "-02:30",
    " -02",
    "+15:59",
    "-16:00",
    "+2",
    "+02:60",
    " UTC",
]
TIMES = [f"{day}{clock}{zone}" for day, clock, zone in product(DATES[:6], CLOCKS, ZONES)]
CELLS = {
    "integer": [form.format(cell) for form, cell in product(SPACED, WHOLE)],
    "number": [form.format(cell) for form, cell in product(SPACED, NUMBERS)],
    "boolean": [form.format(cell) for form, cell in product(SPACED, BOOLEANS)],
    "date": [form.format(cell) for form, cell in product(SPACED, DATES)],
    "timestamp": [*TIMES, *(form.format("2026-01-31T10:00:00Z") for form in SPACED)],
}
BAD = "certainly bad"


def value_of(cell: str, type_name: str, others: tuple[str, ...] = ()) -> Any:
    """What a cell becomes, alone or among others; None when it does not fit."""
    values, bad = cast_cells(pa.array([cell, *others]), type_name, Notation())
    assert values[0].is_valid or not cell or (bad is not None and bad[0].as_py())
    return values[0].as_py()


async def truths(database: Database, type_name: str, cells: list[str]) -> list[Any]:
    """What PostgreSQL makes of each cell, None of one that does not fit."""
    kind = TYPES[type_name]
    unnested = (
        func.unnest(literal(cells, ARRAY(Text())))
        .table_valued("cell", with_ordinality="n")
        .render_derived()
    )
    given = func.nullif(unnested.c.cell, "", type_=Text())
    fits = kind.fits(given)
    assert fits is not None
    value = case((fits, cast(given, kind.sql)))
    async with database.app.connect() as connection:
        await connection.execute(text("select set_config('TimeZone', 'UTC', true)"))
        rows = await connection.execute(select(value).order_by(unnested.c.n))
        return list(rows.scalars())


@pytest.mark.parametrize("type_name", CELLS)
async def test_cells_are_read_as_postgresql_reads_them(database: Database, type_name: str) -> None:
    """In whichever way a column is cast: at once, or cell by cell beside one that does not fit."""
    cells = CELLS[type_name]
    expected = await truths(database, type_name, cells)
    alone = {cell: value_of(cell, type_name) for cell in cells}
    beside = {cell: value_of(cell, type_name, (BAD,)) for cell in cells}
    wrong = {
        cell: (truth, alone[cell], beside[cell])
        for cell, truth in zip(cells, expected, strict=True)
        if truth != alone[cell] or truth != beside[cell]
    }
    assert wrong == {}
    assert any(value is not None for value in expected)
    assert any(value is None for value in expected)


@pytest.mark.parametrize(
    ("dates", "cell", "expected"),
    [
        ("day", "31.01.2026", date(2026, 1, 31)),
        ("day", "1/2/2026", date(2026, 2, 1)),
        ("day", "30.02.2026", None),
        ("day", "2026-02-01", date(2026, 2, 1)),
        ("month", "1/2/2026", date(2026, 1, 2)),
        ("month", "13/1/2026", None),
        ("year", "2026/1/31", date(2026, 1, 31)),
        ("year", "31.01.2026", None),
        (None, "2026/1/31", None),
    ],
)
def test_dates_may_be_written_in_another_order(
    dates: Any, cell: str, expected: date | None
) -> None:
    """When it is said; ISO is read all the same, and a time may follow."""
    notation = Notation(dates=dates)
    values, _ = cast_cells(pa.array([cell]), "date", notation)
    assert values[0].as_py() == expected
    values, _ = cast_cells(pa.array([f"{cell} 12:30"]), "timestamp", notation)
    found = values[0].as_py()
    assert (found and found.date()) == expected
    assert found is None or found.time() == time(12, 30)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("1,5", 1.5),
        ("1.234,56", 1234.56),
        ("-1.234.567", -1234567.0),
        ("1.5", None),
        ("12.34,5", None),
        ("1,2,3", None),
        ("5", 5.0),
        ("", None),
    ],
)
def test_decimals_may_be_parted_by_a_comma(cell: str, expected: float | None) -> None:
    """Then a point parts thousands or nothing."""
    values, _ = cast_cells(pa.array([cell]), "number", Notation(decimal=","))
    assert values[0].as_py() == expected
