"""How far something is that takes its time: parts done of all, the part at work, the seconds."""

from datetime import datetime
from pathlib import Path
from typing import ClassVar

import param
from panel.custom import JSComponent

from dashboards.components import parts

HERE = Path(__file__).parent


class Progress(JSComponent):
    """A bar with words; the browser counts the seconds by itself while it goes on."""

    status = param.String(default="queued", doc="How it stands, as the badges are coloured.")
    label = param.String(default="", doc="How it stands, in a word or two.")
    note = param.String(default="", doc="What it does or waits for, in a sentence.")
    done = param.Integer(default=0, doc="How many of its parts are done.")
    total = param.Integer(default=0, doc="How many parts it has; 0 while nobody knows.")
    part = param.String(default="", doc="What one of its parts is called, such as cell.")
    share = param.Number(default=None, allow_None=True, doc="What it tells itself, 0 to 1.")
    seconds = param.Number(default=None, allow_None=True, doc="How long it has worked until told.")
    is_live = param.Boolean(default=False, doc="Whether it still waits or works.")

    _esm = parts.script(HERE / "progress.js")
    _stylesheets: ClassVar[list[str]] = [parts.style(HERE / "progress.css")]


def seconds(started: datetime | None, finished: datetime | None, now: datetime) -> float | None:
    """How long something has worked; None before it began."""
    if started is None:
        return None
    return max(0.0, ((finished or now) - started).total_seconds())
