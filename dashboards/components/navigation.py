"""The way between the dashboards: in the bar as far as there is room, else in a menu."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import param
from panel.custom import JSComponent

HERE = Path(__file__).parent


class Navigation(JSComponent):
    """Links of the bar; those that do not fit, and all of them on a phone, are in a menu."""

    links = param.List(default=[], doc="Each with `path` and `name`.")
    at = param.String(default="", doc="The path of the page itself.")

    _esm = HERE / "navigation.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "navigation.css").read_text()]

    @classmethod
    def of(cls, links: Sequence[tuple[str, str]], at: str) -> "Navigation":
        """The way to some paths, each with its name."""
        shown = [{"path": path, "name": name} for path, name in links]
        return cls(links=shown, at=at, sizing_mode="stretch_width")
