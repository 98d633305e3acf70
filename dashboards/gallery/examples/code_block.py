"""Examples of code to copy."""
"""Examples of SQL for reading."""

from collections.abc import Callable

from panel.viewable import Viewable

from dashboards.components.code_block import CodeBlock

SQL = "select carrier, count(*)\nfrom flights\ngroup by carrier\norder by 2 desc"

EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "with data": lambda: CodeBlock(code=SQL, title="SQL", sizing_mode="stretch_width"),
    "one long line": lambda: CodeBlock(code="x" * 300, title="", sizing_mode="stretch_width"),
SQL = """\
-- Delays of a month
select dest, avg(arr_delay) as delay
from flights
where month = 7 and origin <> '<JFK>'
group by dest order by delay desc limit 10"""


def _block(sql: str | None) -> Viewable:
    block = CodeBlock("An example")
    block.show(sql)
    return block.pane


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "with data": lambda: CodeBlock(code=SQL, title="SQL", sizing_mode="stretch_width"),
    "one long line": lambda: CodeBlock(code="x" * 300, title="", sizing_mode="stretch_width"),
}
