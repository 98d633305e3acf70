"""What a visitor has chosen on the dashboard of SQL; no data."""

from dataclasses import dataclass, field
from uuid import UUID

import param

LIMITS = (100, 1000, 10_000)


@dataclass(frozen=True, slots=True)
class Question:
    """A statement with a text for each of its parameters, and the types that are known of them."""

    sql: str
    values: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)


class State(param.Parameterized):
    """Which saved query is open, how many rows are wanted, and what was deleted."""

    opened = param.ClassSelector(class_=UUID, default=None, doc="The saved query that is open.")
    limit = param.Selector(default=1000, objects=list(LIMITS), doc="How many rows at most.")
    deleted = param.ClassSelector(class_=UUID, default=None, doc="The query that was deleted last.")
