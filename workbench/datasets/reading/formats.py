"""Opening a file of any format, every field of its reading decided."""

import codecs
from collections.abc import Collection
from contextlib import ExitStack, closing
from typing import BinaryIO

from workbench.datasets.errors import Malformed
from workbench.datasets.reading import encodings, signatures, sniffing
from workbench.datasets.reading.delimited import DelimitedFile
from workbench.datasets.reading.encodings import Utf8
from workbench.datasets.reading.excel import ExcelFile, checked
from workbench.datasets.reading.json_lines import JsonLinesFile
from workbench.datasets.reading.packing import Packed, seekable
from workbench.datasets.reading.parquet import ParquetFile
from workbench.datasets.reading.raw import RawFile
from workbench.datasets.schemas.reading import MAX_COLUMNS, Reading

SAMPLE = 256 * 1024


def raw_file(
    file: BinaryIO,
    file_name: str,
    reading: Reading,
    *,
    most_bytes: int,
    known: Collection[str] | None = None,
) -> tuple[RawFile, Reading]:
    """The file, open to be read, and the reading with what it leaves open decided.

    `known` are the columns of the dataset, if there is one: its file names its columns, unless the
    reading says otherwise. Raise Malformed when the file cannot be read at all.
    """
    sample = Packed(file, most_bytes).read(SAMPLE)
    if not sample:
        raise Malformed("The file is empty.")
    found = signatures.format_of(sample, file_name)
    signatures.refuse_other_format(reading.format, found)
    decided = reading.model_copy(update={"format": reading.format or found})
    packed = Packed(file, most_bytes)
    if decided.format in {"parquet", "excel"}:
        raw, decided = _binary(file, packed, decided, most_bytes)
    else:
        raw, decided = _text(sample, packed, decided, known)
    if len(raw.header) > MAX_COLUMNS:
        raw.close()
        raise Malformed(
            f"The file has {len(raw.header):,} columns; at most {MAX_COLUMNS:,} can be."
        )
    return raw, decided


def _binary(
    file: BinaryIO, packed: Packed, reading: Reading, most_bytes: int
) -> tuple[RawFile, Reading]:
    null_text = reading.null_text or None
    with ExitStack() as stack:
        content = seekable(packed, file)
        if packed.gzipped:
            stack.push(closing(content))
        if reading.format == "parquet":
            parquet = ParquetFile(content, packed, null_text, most_bytes)
            stack.pop_all()  # it reads on, and closes what was unpacked
            return parquet, reading
        header = reading.has_header is not False
        sheet = checked(content, reading.sheet, most_bytes)
    excel = ExcelFile(sheet, packed, null_text, has_header=header)
    return excel, reading.model_copy(update={"sheet": excel.sheet, "has_header": header})


def _text(
    sample: bytes, packed: Packed, reading: Reading, known: Collection[str] | None
) -> tuple[RawFile, Reading]:
    encoding = encodings.known(reading.encoding) if reading.encoding else encodings.guessed(sample)
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(sample)
    text = text.removeprefix("\ufeff")
    signatures.refuse_binary(text)
    returns = "\r" in text and "\n" not in text
    stream = Utf8(packed, encoding, returns=returns)
    decided = reading.model_copy(update={"encoding": encoding.replace("_", "-")})
    if decided.format == "jsonl":
        expected = [column.source for column in reading.columns or ()] or list(known or ())
        return JsonLinesFile(packed, stream, expected, reading.null_text or None), decided
    return _delimited(text.replace("\r", "\n") if returns else text, packed, stream, decided, known)


def _delimited(
    text: str, packed: Packed, stream: Utf8, reading: Reading, known: Collection[str] | None
) -> tuple[RawFile, Reading]:
    stated, text = sniffing.stated_delimiter(text)
    delimiter = reading.delimiter or stated
    dialect = sniffing.dialect(text, delimiter, reading.quote, known or ()).checked()
    header = reading.has_header
    if header is None:
        header = known is not None or sniffing.has_header(text, dialect)
    raw = DelimitedFile(
        packed, stream, dialect, reading.null_text, has_header=header, skips_line=bool(stated)
    )
    update = {"delimiter": dialect.delimiter, "quote": dialect.quote, "has_header": header}
    return raw, reading.model_copy(update=update)
