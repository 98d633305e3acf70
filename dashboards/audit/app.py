"""Composing the dashboard of the audit."""

import panel as pn

from dashboards.components.face import Face
from dashboards.components.shell import Shell
from dashboards.visits import Visit

PATH = "/dashboards/audit"


def page(visit: Visit) -> pn.viewable.Viewable:
    """Open the dashboard of the audit for a visit."""
    return Shell(visit, "Audit", Face("heading", title="Audit", text="").pane, at=PATH).page
