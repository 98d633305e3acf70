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
"""SQL for reading: coloured, numbered by nothing, and with a button that copies it."""

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PostgresLexer

from dashboards.components.face import Face

MOST = 20_000  # characters that are shown


class CodeBlock:
    """A statement; showing another one changes the pane in place."""

    def __init__(self, label: str) -> None:
        """Show nothing yet; the label tells people who cannot see it what it is."""
        self._label = label
        self._face = Face("code_block", label=label, code=None)
        self.pane = self._face.pane

    def show(self, sql: str | None) -> None:
        """Show a statement, or that there is none."""
        code = None if sql is None else coloured(sql[:MOST])
        is_cut = sql is not None and len(sql) > MOST
        self._face.show(label=self._label, code=code, is_cut=is_cut)


def coloured(sql: str) -> Markup:
    """The statement as HTML; Pygments escapes whatever it contains."""
    made = highlight(sql.strip(), PostgresLexer(), HtmlFormatter(nowrap=True))
    return Markup(made)  # noqa: S704 (escaped above, part by part)
