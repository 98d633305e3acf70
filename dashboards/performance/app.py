"""Composing the dashboard of performance."""

import panel as pn

from dashboards.components.face import Face
from dashboards.components.shell import Shell
from dashboards.visits import Visit

PATH = "/dashboards/performance"


def page(visit: Visit) -> pn.viewable.Viewable:
    """Open the dashboard of performance for a visit."""
    return Shell(
        visit, "Performance", Face("heading", title="Performance", text="").pane, at=PATH
    ).page
