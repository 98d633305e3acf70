"""What a visitor has chosen on the dashboard of files; no data."""

import param


class State(param.Parameterized):
    """Which import is told at length, and whether imports are being followed."""

    opened = param.String(default="", doc="The id of the import that is told at length.")
    is_following = param.Boolean(default=False, doc="Whether an import waits or works.")
