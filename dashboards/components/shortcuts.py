"""Keys that every dashboard knows, and the list of them."""

from pathlib import Path
from typing import ClassVar

import param
from panel.custom import JSComponent

HERE = Path(__file__).parent
KEYS = (
    ("/", "Go to the search of this page"),
    ("g h", "Go to Home"),
    ("g e", "Go to Explore"),
    ("g f", "Go to Files"),
    ("g i", "Go to the inbox"),
    ("?", "Show this list"),
    ("Esc", "Close what is open"),
)
PLACES = {
    "h": "/dashboards/home",
    "e": "/dashboards/explore",
    "f": "/dashboards/files",
    "i": "/dashboards/inbox",
}


class Shortcuts(JSComponent):
    """A dialog with the keys; they are not heard while somebody writes."""

    keys = param.List(default=[list(pair) for pair in KEYS], doc="Each key and what it does.")
    places = param.Dict(default=PLACES, doc="Where a letter after g leads.")

    _esm = HERE / "shortcuts.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "confirm.css").read_text()]
