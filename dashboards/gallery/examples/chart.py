"""Examples of charts, in each of the drawings that all dashboards share."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from math import sin

from panel.viewable import Viewable

from dashboards.components import drawings
from dashboards.components.chart import Chart, Option

DAYS = [date(2026, 1, 1) + timedelta(days=at) for at in range(120)]
LATE = [(day.isoformat(), round(12 + 9 * sin(at / 9), 1)) for at, day in enumerate(DAYS)]
EARLY = [(day.isoformat(), round(6 + 4 * sin(at / 7), 1)) for at, day in enumerate(DAYS)]
BARS = (("Chicago", 6984), ("Los Angeles", 5823), ("Houston", 3973), ("Denver", 3737))
WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri")
HOURS = [f"{hour}:00" for hour in range(6, 22)]
CELLS = {(x, y): 20 + 18 * sin(x / 3 + y) for x in range(len(HOURS)) for y in range(len(WEEK))}
COUNTS = (3, 18, 64, 121, 96, 44, 17, 6)
PLACES = [
    drawings.Place("New York", 40.64, -73.78, 5000),
    drawings.Place("Chicago", 41.98, -87.90, 3500),
    drawings.Place("Los Angeles", 33.94, -118.41, 2600),
    drawings.Place("Miami", 25.79, -80.29, 900),
]
PARTS = (("On time", 780.0), ("Late", 190.0), ("Cancelled", 30.0))


def _drawn(title: str, make: Callable[[str], Option], height: int = 260) -> Viewable:
    chart = Chart(title, "An example", height=height)
    chart.draw(make)
    return chart.pane


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "time series": lambda: _drawn(
        "How late?", partial(drawings.time_series, {"Arrivals": LATE, "Departures": EARLY})
    ),
    "bars": lambda: _drawn("Where to?", partial(drawings.bars, BARS), 180),
    "heat map": lambda: _drawn("When?", partial(drawings.heat, HOURS, WEEK, CELLS), 300),
    "distribution": lambda: _drawn(
        "How are delays spread?", partial(drawings.distribution, range(-20, 61, 10), COUNTS)
    ),
    "map of places": lambda: _drawn("From where?", partial(drawings.places, PLACES)),
    "share": lambda: _drawn("How many are late?", partial(drawings.share, PARTS)),
    "empty": lambda: _drawn("Nothing to draw", partial(drawings.bars, ()), 120),
}
