"""A piece of code to read and to copy; SQL in colours."""

from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent
from pygments.lexers import PostgresLexer
from pygments.token import Comment, Keyword, Number, String

HERE = Path(__file__).parent
MOST = 20_000  # characters that are shown; longer code is cut, and says so
KINDS = ((Keyword, "keyword"), (String, "text"), (Number, "number"), (Comment, "comment"))


class CodeBlock(JSComponent):
    """Shows code as it is written; nothing of it is run, and nothing becomes markup."""

    code = param.String(default="", doc="What is shown and copied.")
    title = param.String(default="", doc="What it is.")
    pieces = param.List(default=[], doc="The code in pieces, each with its kind.")

    _esm = HERE / "code_block.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "code_block.css").read_text()]

    def __init__(self, **given: Any) -> None:
        """Show the code that is given."""
        super().__init__(**given)
        self._colour()
        self.param.watch(self._colour, "code")

    def _colour(self, *_events: object) -> None:
        self.pieces = pieces(self.code)


def pieces(code: str) -> list[list[str]]:
    """The code in pieces, each with its kind: a keyword, a text, a number, a comment or none."""
    found = [[_kind(token), text] for token, text in PostgresLexer().get_tokens(code[:MOST])]
    rest = len(code) - MOST
    return [*found, ["comment", f"-- and {rest:,} characters more"]] if rest > 0 else found


def _kind(token: Any) -> str:
    return next((kind for known, kind in KINDS if token in known), "")
