"""Examples of what differs between two things."""

from collections.abc import Callable

from panel.viewable import Viewable

from dashboards.components.diff import Diff, Difference, Pair, Passage

TOLD = Difference(
    left="First, yesterday",
    right="Second, just now",
    values=[Pair("Destinations", "5", "<b>10</b>")],
    figures=[
        Pair("read seconds", "0.7 s", "12 s", "+1,614%, now over its budget", "bad"),
        Pair("duplicates", "3 rows", "0 rows", "−100%, within its budget again", "good"),  # noqa: RUF001
    ],
    passages=[
        Passage(
            "Cell 6: figures()",
            "The same code shows something else",
            ["@@ -1 +1 @@", "-58,665 flights", "+60,002 flights", " of 2013"],
        )
    ],
    note="13 cells show the same, 1 differs.",
)
SAME = Difference(left="First, yesterday", right="Second, just now", note="14 cells show the same.")


def _made(told: Difference | None) -> Viewable:
    made = Diff()
    if told is not None:
        made.show(told)
    return made.pane


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "with data": lambda: _made(TOLD),
    "empty": lambda: _made(SAME),
    "loading": lambda: _made(None),
}
