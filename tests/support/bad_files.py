"""Bad files of every kind, and what is to come of each: the corpus that nothing may choke on.

They are written for the columns of `sample_trips`. None is large as it lies here; some claim to be.
"""

import gzip
import json
import struct
import zlib
from collections.abc import Callable
from functools import cache
from typing import Literal, NamedTuple

from tests.support.bad_tables import tables
from tests.support.bad_workbooks import workbooks

COLUMNS = (
    ("carrier", "text"),
    ("dest", "text"),
    ("delay", "integer"),
    ("distance", "number"),
    ("cancelled", "boolean"),
    ("flown_on", "date"),
    ("departed", "timestamp"),
)
HEADER = ",".join(name for name, _ in COLUMNS)
GOOD = "UA,BOS,1,2.5,true,2026-01-01,2026-01-01T00:00:00Z"

# What an import of it ends with: no row at all, all rows but the bad ones, or every row.
Outcome = Literal["refused", "partial", "fine"]


class BadFile(NamedTuple):
    """A file by its name, what an import of it ends with, and a part of what is said."""

    file_name: str
    content: bytes
    outcome: Outcome
    says: str = ""


Maker = Callable[[], BadFile]


def csv(rows: str | bytes, outcome: Outcome, says: str = "", file_name: str = "x.csv") -> Maker:
    """A CSV of `sample_trips` with these rows below its header and one good row."""
    content = rows if isinstance(rows, bytes) else rows.encode()
    return lambda: BadFile(file_name, f"{HEADER}\n{GOOD}\n".encode() + content, outcome, says)


def cell(name: str, value: str, says: str = "must be") -> Maker:
    """A CSV of which one cell does not fit its column."""
    return raw(f"carrier,{name}\nUA,\nUA,{value}\n".encode(), "partial", says)


def raw(content: bytes, outcome: Outcome, says: str = "", file_name: str = "x.csv") -> Maker:
    """A file of these bytes."""
    return lambda: BadFile(file_name, content, outcome, says)


def packed(content: bytes, times: int = 1) -> bytes:
    """A text, gzipped, its last part as often as wanted, which costs next to nothing."""
    return gzip.compress(f"{HEADER}\n".encode(), mtime=0) + gzip.compress(content, mtime=0) * times


def wide(count: int) -> bytes:
    """A CSV of many columns."""
    return (
        b",".join(b"c%d" % number for number in range(count)) + b"\n" + b"1," * (count - 1) + b"1"
    )


def lying_gzip() -> bytes:
    """A gzip whose last bytes tell another size and checksum than it has."""
    return packed(b"UA,,,,,,\n")[:-8] + struct.pack("<II", 1, 2**32 - 1)


def nested_json(depth: int) -> bytes:
    """A JSON object within objects."""
    return b'{"carrier":"UA"}\n{"carrier":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}\n"


SHAPES: dict[str, Maker] = {
    "empty": raw(b"", "refused", "The file is empty."),
    "only_newlines": raw(b"\n\n\r\n", "refused", "names no columns"),
    "only_a_mark": raw(b"\xef\xbb\xbf", "refused", ""),
    "header_alone": raw(f"{HEADER}\n".encode(), "fine"),
    "header_without_newline": raw(HEADER.encode(), "fine"),
    "only_spaces": raw(b"   ", "refused", "no column"),
    "narrow_row": csv("UA,x\n", "partial", "has 2 cells, the header has 7"),
    "wide_row": csv(f"{GOOD},more\n", "partial", "has 8 cells, the header has 7"),
    "every_row_ragged": raw(f"{HEADER}\n1\n1,2\n".encode(), "partial", "has 1 cell"),
    "blank_lines": csv(f"\n\n{GOOD}\n\n", "fine"),
    "no_last_newline": csv(GOOD, "fine"),
    "duplicate_columns": raw(b"carrier,carrier\nUA,AA\n", "refused", "twice"),
    "unknown_columns": raw(b"carrier,nothing\nUA,1\n", "refused", "no column nothing"),
    "unnamed_column": raw(b"carrier,\nUA,1\n", "refused", "(no name)"),
    "many_unknown": raw(wide(50), "refused", "and 40 more"),
    "columns_5000": raw(wide(5000), "refused", "5,000 columns"),
    "columns_100000": raw(wide(100_000), "refused", "100,000 columns"),
    "tenant_id": raw(b"carrier,tenant_id\nUA,1\n", "refused", "no column tenant_id"),
    "row_id": raw(b"carrier,row_id\nUA,1\n", "refused", "no column row_id"),
    "import_id": raw(b"carrier,import_id\nUA,1\n", "refused", "no column import_id"),
    "deleted_at": raw(b"carrier,deleted_at\nUA,1\n", "refused", "no column deleted_at"),
    "xmin": raw(b"carrier,xmin\nUA,1\n", "refused", "no column xmin"),
    "hostile_name": raw(b'carrier,"x""; drop table y --"\nUA,1\n', "refused", "no column"),
    "long_name": raw(b"carrier," + b"x" * 100_000 + b"\nUA,1\n", "refused", "no column"),
}
QUOTES: dict[str, Maker] = {
    "unclosed_quote": csv('UA,"x,,,,,\n' + f"{GOOD}\n" * 3, "refused", "never closed"),
    "unclosed_in_header": raw(b'carrier,"dest\nUA,x\n', "refused", ""),
    "text_behind_quote": csv('UA,"x"y,1,,,,\n', "partial", "a quote within a quoted cell"),
    "quote_in_cell": csv('UA,5" pipe,1,,,,\n', "fine"),
    "odd_quotes": csv('UA,"a"b"c",1,,,,\n', "partial", "quote"),
    "line_in_cell": csv('UA,"a\nb",1,,,,\n', "fine"),
    "lone_return": csv("UA,a\rb,1,,,,\n", "partial", "carriage return"),
    "returns_only": raw(f"{HEADER}\r{GOOD}\r".encode(), "fine"),
    "backslashes": csv("UA,\\N,1,,,,\n\\.\n", "partial", "has 1 cell"),
}
CHARACTERS: dict[str, Maker] = {
    "nul_in_text": csv("U\0A,x,1,,,,\n", "partial", "NUL"),
    "nul_in_number": csv("UA,x,\0,,,,\n", "partial", "must be a whole number"),
    "nul_in_header": raw(b"carr\0ier,dest\nUA,x\n", "fine"),
    "late_latin_1": csv(b"UA,x,1,,,,\n" * 40_000 + b"UA,\xe9,1,,,,\n", "refused", "not UTF-8"),
    "early_latin_1": csv(b"UA,\xe9t\xe9,1,,,,\n", "fine"),
    "utf_16": raw(f"{HEADER}\n{GOOD}\n".encode("utf-16"), "fine"),
    "utf_16_without_mark": raw(f"{HEADER}\n{GOOD}\n".encode("utf-16-be"), "fine"),
    "utf_16_cut": raw(f"{HEADER}\n{GOOD}\n".encode("utf-16")[:-1], "refused", "not utf"),
    "utf_32": raw(f"{HEADER}\n{GOOD}\n".encode("utf-32"), "fine"),
    "surrogate": csv(b"UA,\xed\xa0\x80,1,,,,\n", "fine"),
    "random": raw(bytes((7 * n * n + n // 3) % 256 for n in range(5000)), "refused", ""),
    "zeros": raw(bytes(100_000), "refused", ""),
    "long_cell": csv("UA," + "x" * 1_000_001 + ",,,,,\n", "partial", "1,000,000 characters"),
    "long_row": csv('UA,"' + "x\n" * (9 * 1024 * 1024), "refused", "longer than"),
    "gigabyte_cell": lambda: BadFile(
        "x.csv.gz", packed(b"x" * (1 << 24), 64), "refused", "longer than"
    ),
}
CELLS: dict[str, Maker] = {
    "date_that_is_not": cell("flown_on", "2026-02-30"),
    "date_of_year_0": cell("flown_on", "0000-01-01"),
    "date_far_off": cell("flown_on", "10000-01-01"),
    "date_in_words": cell("flown_on", "yesterday"),
    "date_infinite": cell("flown_on", "infinity"),
    "date_of_february_29": cell("flown_on", "2025-02-29"),
    "time_that_is_not": cell("departed", "2026-01-01T25:00:00"),
    "time_beyond": cell("departed", "9999-12-31T23:59:59-10:00"),
    "time_now": cell("departed", "now"),
    "integer_beyond": cell("delay", "9223372036854775808"),
    "integer_hexadecimal_beyond": cell("delay", "0xFFFFFFFFFFFFFFFF"),
    "integer_with_point": cell("delay", "1.0"),
    "integer_of_many_digits": cell("delay", "9" * 10_000),
    "number_of_many_digits": cell("distance", "9" * 900_000 + "x"),
    "time_of_many_spaces": cell("departed", "2026-01-01 " + " " * 900_000 + "x"),
    "number_beyond": cell("distance", "1e999"),
    "number_too_small": cell("distance", "1e-999"),
    "number_nan": cell("distance", "NaN"),
    "number_infinite": cell("distance", "-Infinity"),
    "boolean_2": cell("cancelled", "2"),
    "mixed_types": raw(b"delay\n1\nx\n2026-01-01\n\ntrue\n2\n", "partial", "whole number"),
}
PACKING: dict[str, Maker] = {
    "gzip_cut": raw(packed(b"UA,x,1,,,,\n" * 999)[:-30], "refused", "unpacked", "x.csv.gz"),
    "gzip_lies": raw(lying_gzip(), "refused", "unpacked", "x.csv.gz"),
    "gzip_damaged": raw(packed(b"UA\n")[:12] + b"\xff" * 40, "refused", "unpacked", "x.csv.gz"),
    "gzip_header_alone": raw(b"\x1f\x8b\x08", "refused", "unpacked", "x.csv.gz"),
    "gzip_and_more": raw(packed(b"UA,x,1,,,,\n") + b"more", "refused", "unpacked", "x.csv.gz"),
    "gzip_twice": raw(gzip.compress(packed(b""), mtime=0), "refused", "gzip twice", "x.csv.gz"),
    "gzip_of_nothing": raw(gzip.compress(b"", mtime=0), "refused", "empty", "x.csv.gz"),
    "gzip_bomb": lambda: BadFile(
        "x.csv.gz", packed(b"UA,x,1,,,,\n" * (1 << 20), 200), "refused", "unpacks to more"
    ),
    "zlib": raw(zlib.compress(HEADER.encode()), "refused", "", "x.csv.gz"),
    "bzip2": raw(b"BZh91AY&SY" + bytes(30), "refused", "bzip2", "x.csv"),
    "zstandard": raw(b"\x28\xb5\x2f\xfd" + bytes(30), "refused", "Zstandard", "x.csv"),
}
OTHERS: dict[str, Maker] = {
    "picture": raw(b"\x89PNG\r\n\x1a\n", "refused", "picture"),
    "pdf": raw(b"%PDF-1.7\n", "refused", "PDF"),
    "html": raw(b"<!DOCTYPE html><table><tr><td>1", "refused", "HTML", "x.xls"),
    "xml_with_entity": raw(
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        *("refused", "XML", "x.xlsx"),
    ),
    "old_excel": raw(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "refused", ".xlsx", "x.xls"),
    "sqlite": raw(b"SQLite format 3\0" + bytes(100), "refused", "SQLite"),
    "csv_named_xlsx": csv("", "fine", file_name="x.xlsx"),
    "csv_named_parquet": csv("", "fine", file_name="x.parquet"),
    "json_named_csv": raw(b'{"carrier":"UA"}\n', "fine"),
}
JSON: dict[str, Maker] = {
    "json_array": raw(b'[{"carrier":"UA"}]', "refused", "a line", "x.json"),
    "json_broken": raw(b'{"carrier":"UA"}\n{"carrier":\n', "partial", "is not JSON", "x.jsonl"),
    "json_cut": raw(b'{"carrier":"UA"}\n{"carrier":"U', "partial", "is not JSON", "x.jsonl"),
    "json_number": raw(b'{"carrier":"UA"}\n5\n', "partial", "no JSON object", "x.jsonl"),
    "json_nan": raw(b'{"distance":1}\n{"distance":NaN}\n', "partial", "is not JSON", "x.jsonl"),
    "json_deep": raw(nested_json(100), "partial", "nested deeper", "x.jsonl"),
    "json_bottomless": raw(nested_json(100_000), "partial", "nested deeper", "x.jsonl"),
    "json_twice": raw(b'{"delay":1}\n{"delay":1,"delay":2}\n', "partial", "twice", "x.jsonl"),
    "json_surrogate": raw(
        b'{"carrier":"UA"}\n{"carrier":"\\ud800"}\n', "partial", "half of a character", "x.jsonl"
    ),
    "json_nul": raw(b'{"carrier":"UA"}\n{"carrier":"\\u0000"}\n', "partial", "NUL", "x.jsonl"),
    "json_unknown": raw(b'{"carrier":"UA","x":1}\n', "refused", "no column x", "x.jsonl"),
    "json_unknown_late": raw(
        b'{"delay":1}\n' * 90_000 + b'{"x":1}\n', "partial", "has the field x", "x.jsonl"
    ),
    "json_many_digits": raw(
        b'{"delay":1}\n{"delay":' + b"9" * 9999 + b"}\n", "partial", "", "x.jsonl"
    ),
    "json_types": raw(
        json.dumps({"delay": True}).encode() + b'\n{"delay":[1]}\n{"delay":"1"}\n',
        *("partial", "whole number", "x.jsonl"),
    ),
}


@cache
def bad_files() -> dict[str, BadFile]:
    """Every bad file by its name in the corpus."""
    kinds = (SHAPES, QUOTES, CHARACTERS, CELLS, PACKING, OTHERS, JSON)
    found = {name: make() for kind in kinds for name, make in kind.items()}
    for name, (content, outcome, says) in workbooks().items():
        found[name] = BadFile("x.xlsx", content, outcome, says)
    for name, (content, outcome, says) in tables().items():
        found[name] = BadFile("x.parquet", content, outcome, says)
    return found
