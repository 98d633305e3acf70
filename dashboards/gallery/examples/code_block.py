"""Examples of code to copy."""

from collections.abc import Callable

from panel.viewable import Viewable

from dashboards.components.code_block import CodeBlock

SQL = "select carrier, count(*)\nfrom flights\ngroup by carrier\norder by 2 desc"

EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "with data": lambda: CodeBlock(code=SQL, title="SQL", sizing_mode="stretch_width"),
    "one long line": lambda: CodeBlock(code="x" * 300, title="", sizing_mode="stretch_width"),
}
