"""The names of files as they are shown; no file is ever kept under one of them."""

import unicodedata
from pathlib import PurePosixPath

from pathvalidate import sanitize_filename

MAX_BYTES = 200
MAX_SUFFIX = 20
UNNAMED = "file"


def shown(given: str) -> str:
    """A name that leads nowhere, hides nothing and can be saved on any system.

    Folders, control characters and the marks that turn the direction of writing are left out.
    """
    last = unicodedata.normalize("NFC", given.replace("\\", "/").rpartition("/")[2])
    plain = "".join(c for c in last if c.isprintable()).strip(". ")
    path = PurePosixPath(plain or UNNAMED)
    suffix = path.suffix if len(path.suffix) <= MAX_SUFFIX else ""
    stem = path.name.removesuffix(suffix).encode()[: MAX_BYTES - len(suffix.encode())]
    short = stem.decode(errors="ignore").rstrip(". ") + suffix
    return str(sanitize_filename(short, platform="universal", max_len=None)) or UNNAMED
