"""Buttons that fetch the answer of a statement as a file, from the API, as the visitor."""

from pathlib import Path
from typing import ClassVar

import param
from panel.custom import JSComponent

HERE = Path(__file__).parent


class Download(JSComponent):
    """Downloads what one statement answers, all of it, in one of a few formats."""

    sql = param.String(default="", doc="The statement; the API checks it again.")
    parameters = param.Dict(default={}, doc="A value for each of its parameters.")
    refusal = param.String(default="", doc="Why there is nothing to download; empty if there is.")
    address = param.String(default="/api/v1/sql/export", constant=True, doc="Where it is fetched.")

    _esm = HERE / "download.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "download.css").read_text()]
