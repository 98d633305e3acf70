"""What a visitor has chosen in the inbox; no data."""

import param


class State(param.Parameterized):
    """How far down the visitor has gone."""

    shown = param.Integer(default=25, doc="How many notices are shown, the newest first.")

    def go_on(self) -> None:
        """Show more."""
        self.shown += 25
