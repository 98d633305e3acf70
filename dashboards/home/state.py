"""What a visitor has chosen on the first dashboard; no data."""

import param


class State(param.Parameterized):
    """The notebook that is about to be started, and whether runs are being followed."""

    notebook = param.String(default="", doc="The name of the chosen notebook.")
    is_following = param.Boolean(default=False, doc="Whether a run waits or works.")
