"""Composing the gallery of components."""

from typing import Any

import panel as pn

from dashboards.components import layout
from dashboards.components.face import Face
from dashboards.components.shell import Shell
from dashboards.gallery import examples
from dashboards.gallery.state import State
from dashboards.visits import Visit

PATH = "/dashboards/gallery"
TEXT = "Every component in each of its states, to build dashboards with."
COLUMNS = """
:host {
  display: grid !important;
  grid-template-columns: 220px minmax(0, 1fr);
  gap: 20px;
  align-items: start;
}
@media (max-width: 800px) { :host { display: flex !important; } }
"""
FRAME = """
:host {
  position: relative;
  padding: 18px;
  border: 1px dashed var(--mui-palette-divider);
  border-radius: 12px;
}
"""


def page(visit: Visit) -> pn.viewable.Viewable:
    """Open the gallery for a visit, at the component that the address names."""
    asked = pn.state.session_args.get("component", [b""])[-1].decode(errors="replace")
    return Gallery(visit, asked).page


class Gallery:
    """One visit to the gallery, with one component after the other."""

    def __init__(self, visit: Visit, asked: str) -> None:
        """Compose the page with the examples of one component."""
        names = examples.names()
        self._state = State(component=asked if asked in names else names[0])
        listed = [(name, in_words(name)) for name in names]
        index = Face("gallery_index", components=listed, at=self._state.component, path=PATH)
        heading = Face("heading", title="Gallery", text=TEXT)
        columns = layout.column(index.pane, layout.stack(*self._shown()), css=COLUMNS)
        self.page = Shell(visit, "Gallery", heading.pane, columns, at=PATH).page

    def _shown(self) -> list[Any]:
        found = examples.of(self._state.component)
        title = Face("gallery_title", title=in_words(self._state.component)).pane
        framed = [
            layout.column(Face("gallery_state", state=state).pane, framed_in(make()))
            for state, make in found.items()
        ]
        return [title, *framed]


def framed_in(example: Any) -> pn.Column:
    """An example with a frame around it."""
    return layout.column(example, css=FRAME)


def in_words(name: str) -> str:
    """A component's name as people write it."""
    return name.replace("_", " ").capitalize()
