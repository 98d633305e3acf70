"""The end of what something prints, growing at its foot."""

from pathlib import Path
from typing import ClassVar

import param
from panel.custom import JSComponent

from dashboards.components import parts

HERE = Path(__file__).parent


class LogTail(JSComponent):
    """Printed text; it stays at its foot until the reader scrolls up, and then where he reads."""

    text = param.String(default="", doc="What was printed, as far as it is kept.")
    is_cut = param.Boolean(default=False, doc="Whether something before the text is kept no more.")
    is_live = param.Boolean(default=False, doc="Whether more may come.")
    fault = param.String(default="", doc="Why the text cannot be shown.")

    _esm = parts.script(HERE / "log_tail.js")
    _stylesheets: ClassVar[list[str]] = [parts.style(HERE / "log_tail.css")]
