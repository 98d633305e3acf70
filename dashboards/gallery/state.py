"""Which component a visitor looks at; no data."""

import param


class State(param.Parameterized):
    """The component that is shown."""

    component = param.String(default="", doc="Its name.")
