"""What differs between two things: values by name, figures, and texts line by line."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.components.face import Face


@dataclass(frozen=True, slots=True)
class Pair:
    """A value on either side, as people read it, and what to say of the two."""

    name: str
    left: str
    right: str
    note: str = ""
    tone: str = ""  # good, bad or none


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that differs, as the lines of a unified difference; a line begins with its sign."""

    title: str
    note: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that differs, and a sentence where something cannot be compared."""

    left: str
    right: str
    values: Sequence[Pair] = ()
    figures: Sequence[Pair] = ()
    passages: Sequence[Passage] = ()
    note: str = ""


class Diff:
    """A difference on the page; signs and words tell what colours tell as well."""

    def __init__(self) -> None:
        """Show that the difference is on its way."""
        self._face = Face("diff", is_loading=True, told=None)
        self.pane = self._face.pane

    def wait(self) -> None:
        """Show that another difference is on its way."""
        self._face.show(is_loading=True, told=None)

    def show(self, told: Difference) -> None:
        """Show a difference."""
        self._face.show(is_loading=False, told=told)
