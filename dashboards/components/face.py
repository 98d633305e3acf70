"""Pieces of a page that only show: templates that escape whatever they are given."""

from pathlib import Path
from typing import Any

import panel as pn
from jinja2 import Environment, FileSystemLoader

from dashboards.components import numbers

HERE = Path(__file__).parent
STYLE = (HERE / "face.css").read_text()
TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters.update(
    count=numbers.count, ago=numbers.ago, day=numbers.day, lasted=numbers.lasted
)


class Face:
    """A template in a pane; showing other values changes the pane in place."""

    def __init__(self, template: str, **values: Any) -> None:
        """Show the template with the values."""
        self._template = TEMPLATES.get_template(f"{template}.html")
        self.pane = pn.pane.HTML(
            self._template.render(values),
            stylesheets=[STYLE],
            sizing_mode="stretch_width",
            margin=0,
        )

    def show(self, **values: Any) -> None:
        """Show other values."""
        self.pane.object = self._template.render(values)
