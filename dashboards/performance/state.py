"""What a visitor of the dashboard of performance has chosen; no data."""

import param


class State(param.Parameterized):
    """The notebook whose runs are looked at, and the figure that is drawn over time."""

    notebook = param.String(default="", doc="The name of the notebook.")
    metric = param.String(default="", doc="The name of the figure.")
