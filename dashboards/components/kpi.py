"""Headline numbers: each with what it means, how it has changed, and its way there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.components.face import Face

WIDTH, HEIGHT = 100, 28  # of the drawing of a trend, in its own units


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as it is read; `change` compares it, and is good or not, or neither."""

    label: str
    value: str
    note: str = ""
    change: str = ""
    is_good: bool | None = None
    trend: Sequence[float | None] = ()


def cards(figures: Sequence[Figure], *, is_loading: bool = False) -> Face:
    """Cards of figures beside each other; `show(**shown(figures))` changes them in place."""
    return Face("kpis", **shown(figures, is_loading=is_loading))


def shown(figures: Sequence[Figure], *, is_loading: bool = False) -> dict[str, Any]:
    """What the template shows of figures."""
    made = [
        {
            "label": figure.label,
            "value": figure.value,
            "note": figure.note,
            "change": figure.change,
            "tone": {True: "good", False: "bad", None: "even"}[figure.is_good],
            "trend": line(figure.trend),
        }
        for figure in figures
    ]
    return {"figures": made, "is_loading": is_loading}


def line(trend: Sequence[float | None]) -> str:
    """The points of a small line from the left to the right; empty where there is no line."""
    known = [value for value in trend if value is not None]
    if len(known) < 2:  # noqa: PLR2004 (a line has two ends)
        return ""
    low, high = min(known), max(known)
    step, span = WIDTH / (len(trend) - 1), (high - low) or 1
    return " ".join(
        f"{at * step:.1f},{HEIGHT - 2 - (value - low) / span * (HEIGHT - 4):.1f}"
        for at, value in enumerate(trend)
        if value is not None
    )
