"""What the operator has chosen; no data."""

import param


class State(param.Parameterized):
    """How many days of use are shown."""

    days = param.Integer(default=30, bounds=(1, 366), doc="Today, and the days before it.")
