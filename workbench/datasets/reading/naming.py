"""Names for a dataset's columns, made of what a file calls them."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import count

from workbench.datasets.tables import RESERVED

MAX_NAME = 63
MAX_TITLE = 200
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def names(sources: Sequence[str]) -> tuple[str, ...]:
    """A name for each source: valid, not reserved, and each once."""
    taken = set(RESERVED)
    found = []
    for number, source in enumerate(sources, start=1):
        name = next(name for name in _candidates(_valid(source, number)) if name not in taken)
        taken.add(name)
        found.append(name)
    return tuple(found)


def title(source: str) -> str:
    """What a file calls a column, as it can be shown."""
    return re.sub(r"[\x00-\x1f]+", " ", source).strip()[:MAX_TITLE]


def _valid(source: str, number: int) -> str:
    plain = unicodedata.normalize("NFKD", HUMP.sub("_", source.replace("ß", "ss")))
    letters = plain.encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", letters).strip("_")
    if not name or (len(name) == 1 and name.isdigit()):
        return f"column_{number}"
    return name if name[0].isalpha() else f"c_{name}"


def _candidates(name: str) -> Iterator[str]:
    yield name[:MAX_NAME].rstrip("_")
    for number in count(1):
        suffix = f"_{number}"
        yield name[: MAX_NAME - len(suffix)].rstrip("_") + suffix
