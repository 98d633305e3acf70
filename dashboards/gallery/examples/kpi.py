"""Examples of headline numbers."""

from collections.abc import Callable

from panel.viewable import Viewable

from dashboards.components.kpi import Figure, cards

KNOWN = (
    Figure("Flights", "58,665", "of 336,776"),
    Figure("On time", "78.2 %", "arrive in time", "▲ 2.1 % to the month before", is_good=True),
    Figure(
        *("Arrival delay", "+3.6 min", "mean", "▲ 1.4 min"),
        is_good=False,
        trend=(2.1, 2.6, 1.8, 3.0, 2.2, 3.6),
    ),
    Figure("Distance", "89.7 M mi", "", "unchanged", trend=(5, 5, 6, None, 5, 6)),
)
WAITING = tuple(Figure(figure.label, "000,000", " ") for figure in KNOWN)

EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "with trend and comparison": lambda: cards(KNOWN).pane,
    "empty": lambda: cards([Figure(figure.label, "–", "no rows yet") for figure in KNOWN]).pane,
    "loading": lambda: cards(WAITING, is_loading=True).pane,
}
