"""The figures at a glance: headline numbers and three charts."""

from functools import partial

import panel_material_ui as pmui

from dashboards.components import layout, numbers
from dashboards.components.chart import Chart
from dashboards.components.face import Face
from dashboards.flights.figures import Figures, Totals
from dashboards.flights.views import charts

LABELS = ("Flights", "Arrival delay", "On time", "Cancelled", "Distance")
TWO = """
:host {
  display: grid !important;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr));
  gap: 20px;
}
@media (max-width: 600px) { :host { gap: 14px; } }
"""


class Overview:
    """Headline numbers, the daily trend, destinations and hours of the week."""

    def __init__(self) -> None:
        """Show empty figures until there are some."""
        waiting = [{"label": label, "value": "000,000", "note": " "} for label in LABELS]
        self._kpis = Face("kpis", figures=waiting, is_loading=True)
        self._daily = Chart(
            "How late do flights arrive from day to day?",
            "Mean arrival delay in minutes, with the number of flights below",
            height=320,
        )
        self._destinations = Chart(
            "Where do the flights go?",
            "Flights to the twelve most frequent destinations",
            height=380,
        )
        self._hours = Chart(
            "When do departures run late?",
            "Mean departure delay in minutes, by weekday and planned hour, local time",
            height=380,
        )
        self.parts = (
            self._kpis.pane,
            self._daily.pane,
            layout.column(self._destinations.pane, self._hours.pane, css=TWO),
        )

    def follow(self, page: pmui.Page) -> None:
        """Draw in the colours of the page."""
        for chart in (self._daily, self._destinations, self._hours):
            chart.follow(page)

    def show(self, figures: Figures, all_flights: int) -> None:
        """Show the figures of a choice out of so many flights."""
        self._kpis.show(figures=headlines(figures.totals, all_flights), is_loading=False)
        self._daily.draw(partial(charts.daily, figures.days))
        self._destinations.draw(partial(charts.destinations, figures.destinations))
        self._hours.draw(partial(charts.hours, figures.hours))


def headlines(totals: Totals, all_flights: int) -> list[dict[str, str]]:
    """The headline numbers with what they mean."""
    cancelled = totals.flights - totals.departed
    whole = "all there are" if totals.flights == all_flights else f"of {numbers.count(all_flights)}"
    mean = totals.miles / totals.flights if totals.miles and totals.flights else None
    values = (
        (numbers.count(totals.flights), whole),
        (numbers.minutes(totals.arrival_delay), "mean; negative is early"),
        (numbers.share(totals.share_on_time), "arrive at most 15 min late"),
        (numbers.share(totals.share_cancelled), f"{numbers.count(cancelled)} never departed"),
        (f"{numbers.short(totals.miles)} mi", f"{numbers.count(mean)} mi a flight"),
    )
    return [
        {"label": label, "value": value, "note": note}
        for label, (value, note) in zip(LABELS, values, strict=True)
    ]
