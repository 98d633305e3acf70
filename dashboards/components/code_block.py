"""A piece of code to read and to copy."""

from pathlib import Path
from typing import ClassVar

import param
from panel.custom import JSComponent

HERE = Path(__file__).parent


class CodeBlock(JSComponent):
    """Shows code as it is written; nothing of it is run."""

    code = param.String(default="", doc="What is shown and copied.")
    title = param.String(default="", doc="What it is.")

    _esm = HERE / "code_block.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "code_block.css").read_text()]
