"""What kind of file it is, by its content: an extension is only a hope."""

from typing import BinaryIO

from workbench.datasets.reading.delimited import DelimitedFile
from workbench.datasets.reading.dialects import Dialect
from workbench.datasets.reading.encodings import UTF_8, Utf8
from workbench.datasets.reading.packing import Packed
from workbench.datasets.reading.raw import RawFile
from workbench.datasets.schemas.reading import Reading


def raw_file(
    file: BinaryIO, file_name: str, reading: Reading, *, most_bytes: int
) -> tuple[RawFile, Reading]:
    """The file, open to be read, and the reading with every field decided."""
    packed = Packed(file, most_bytes)
    dialect = Dialect(reading.delimiter or ",", '"' if reading.quote is None else reading.quote)
    text = Utf8(packed, UTF_8)
    return DelimitedFile(packed, text, dialect, reading.null_text, has_header=True), reading
