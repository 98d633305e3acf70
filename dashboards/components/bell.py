"""A bell: how much one was told that is new, and the way to it."""

from pathlib import Path
from typing import ClassVar

import param
from panel.custom import JSComponent

HERE = Path(__file__).parent


class Bell(JSComponent):
    """A link with a number that changes in place; a screen reader is told of a new one."""

    unread = param.Integer(default=0, doc="How much is new; 0 shows no number.")
    address = param.String(default="/dashboards/inbox", constant=True, doc="Where it leads.")

    _esm = HERE / "bell.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "bell.css").read_text()]
