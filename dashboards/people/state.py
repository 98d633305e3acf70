"""What a visitor has chosen on the dashboard of people; no data."""

from uuid import UUID

import param


class State(param.Parameterized):
    """Which members are looked for, which page of them is shown, and who was removed last."""

    sought = param.String(default="", doc="Part of a name or an e-mail address.")
    role = param.String(default="", doc="The system role that they hold; empty for any.")
    cursors = param.List(default=[], doc="The cursors of the pages up to the one that is shown.")
    removed = param.ClassSelector(class_=UUID, default=None, doc="The member removed last.")
