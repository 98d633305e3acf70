"""What may help whoever reads an error: PostgreSQL's own hints may quote what is not his to see.

Names are guessed from the datasets that the actor sees, and from nothing else.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

HINTS = {
    "22012": "Divide by nullif(divisor, 0), which makes nothing of a division by zero.",
    "22P02": "Look at the values first: one of them cannot be read as this type.",
    "42702": "Two of the tables have this column; write table.column.",
    "42803": "Group by it as well, or take one value of each group with max(...).",
    "42883": "Types do not fit: cast one side, such as column::integer.",
}
UNKNOWN_COLUMN = "42703"
QUOTED = re.compile(r"column (?:\w+\.)?\"?([^\"\s]+?)\"? ", re.IGNORECASE)

Columns = Mapping[str, Iterable[str]]


def of_state(state: str, message: str, columns: Columns, named: Iterable[str]) -> str | None:
    """The hint to an error of PostgreSQL's; `columns` are those of the visible datasets."""
    if state != UNKNOWN_COLUMN:
        return HINTS.get(state)
    found = QUOTED.search(message)
    known = [column for name in named for column in columns.get(name, ())]
    return did_you_mean(found.group(1), known) if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The names that are most like this one."""
    close = get_close_matches(name.lower(), sorted(set(known)), 3, 0.6)
    return f"Did you mean {' or '.join(close)}?" if close else None
