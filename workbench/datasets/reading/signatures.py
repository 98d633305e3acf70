"""What kind of file it is, by its first bytes: an extension is only a hope."""

import json
from typing import Literal, NoReturn

from workbench.datasets.errors import Malformed
from workbench.datasets.reading.packing import GZIP

Format = Literal["csv", "jsonl", "parquet", "excel"]

ZIP = b"PK\x03\x04"
EMPTY_ZIP = b"PK\x05\x06"
PARQUET = b"PAR1"
OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
REFUSED = (
    (GZIP, "packed with gzip twice; unpack it once"),
    (OLD_EXCEL, "an old workbook (.xls), or protected by a password; save it as .xlsx without one"),
    (EMPTY_ZIP, "an empty archive"),
    (b"PARE", "an encrypted Parquet file; write it without encryption"),
    (b"ARROW1", "an Arrow file; write it as Parquet"),
    (b"ORC", "an ORC file; write it as Parquet"),
    (b"Obj\x01", "an Avro file; write it as Parquet"),
    (b"SQLite format 3\0", "an SQLite database; export its table as CSV"),
    (b"BZh", "packed with bzip2; pack it with gzip or not at all"),
    (b"\xfd7zXZ\0", "packed with xz; pack it with gzip or not at all"),
    (b"\x28\xb5\x2f\xfd", "packed with Zstandard; pack it with gzip or not at all"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; send the file itself"),
    (b"Rar!", "a RAR archive; send the file itself"),
    (b"%PDF", "a PDF; send the table as CSV or .xlsx"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x7fELF", "a program"),
    (b"\x89HDF", "an HDF5 file; write it as Parquet"),
)
PAGES = (b"<?xml", b"<!doctype", b"<html", b"<table", b"<svg", b"<workbook")
SUPPORTED = "It must be CSV, TSV, JSON Lines, Parquet or Excel (.xlsx), perhaps gzipped."
CONTROL = bytes(octet for octet in range(32) if octet not in b"\t\n\r\f\0\x1b")
MOST_CONTROL, MOST_NUL = 0.02, 0.3  # of a text's characters …
FEW = 16  # … unless there are only so few


def format_of(sample: bytes, file_name: str) -> Format:
    """The format of a file that begins with a sample; raise Malformed when it is none of ours."""
    if sample.startswith(PARQUET):
        return "parquet"
    if sample.startswith(ZIP):
        return "excel"
    for start, what in REFUSED:
        if sample.startswith(start):
            _refuse(what)
    text = sample.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.lower().startswith(PAGES):
        _refuse("a page of HTML or XML; save the table as CSV or .xlsx")
    if text.startswith(b"{") and _is_object(text):
        return "jsonl"
    if text.startswith(b"[") and file_name.lower().removesuffix(".gz").endswith(JSON_NAMES):
        _refuse("one JSON array; write each object on a line of its own")
    return "csv"


JSON_NAMES = (".json", ".jsonl", ".ndjson")


def _refuse(what: str) -> NoReturn:
    raise Malformed(f"The file is {what}. {SUPPORTED}")


def _is_object(text: bytes) -> bool:
    """Whether the first line is a JSON object, or the beginning of one that a sample cuts."""
    line, newline, _ = text.partition(b"\n")
    try:
        return isinstance(json.loads(line), dict)
    except RecursionError:
        return True
    except ValueError:
        return line.strip() == b"{" or (not newline and line[1:].lstrip().startswith(b'"'))


def refuse_binary(text: str) -> None:
    """Raise Malformed when what was decoded is hardly a text."""
    control = sum(text.count(chr(octet)) for octet in CONTROL) + text.count("\ufffd")
    nul = text.count("\0")
    if control > max(FEW, MOST_CONTROL * len(text)) or nul > max(FEW, MOST_NUL * len(text)):
        _refuse("not a text")


def refuse_other_archive(names: set[str]) -> None:
    """Raise Malformed when an archive is no workbook that can be read."""
    if "xl/workbook.bin" in names:
        _refuse("a binary workbook (.xlsb); save it as .xlsx")
    if "content.xml" in names:
        _refuse("an OpenDocument file; save it as .xlsx")
    if "xl/workbook.xml" not in names:
        _refuse("a zip archive; send the file itself, or pack it with gzip")


def refuse_other_format(wanted: str | None, found: Format) -> None:
    """Raise Malformed when a person says that a file is of one format and it is plainly not."""
    binary = {"parquet": "Parquet", "excel": "Excel"}
    if wanted is not None and wanted != found and (wanted in binary or found in binary):
        shown = {**binary, "csv": "CSV", "jsonl": "JSON Lines"}
        raise Malformed(f"The file is {shown[found]}, not {shown[wanted]}; choose that format.")
