"""A report in a frame of its own, which can neither run nor fetch anything, nor see the page."""

from pathlib import Path
from typing import ClassVar

import param
from panel.custom import JSComponent

from dashboards.components import parts

HERE = Path(__file__).parent


class ReportFrame(JSComponent):
    """The page at an address of ours, shown in a sandbox without any permission."""

    address = param.String(default="", doc="Where the report lies; nothing while there is none.")
    title = param.String(default="Report", doc="What the report is called.")
    missing = param.String(default="", doc="What to say in its place while there is none.")
    is_loading = param.Boolean(default=False, doc="Whether it is not known yet.")

    _esm = parts.script(HERE / "report_frame.js")
    _stylesheets: ClassVar[list[str]] = [parts.style(HERE / "report_frame.css")]
