"""What people read of runs: their states, their times, and what to do next."""

import re
from datetime import datetime
from typing import Any

from dashboards.components import numbers
from dashboards.runs.store.running import Seen

STATUS = {
    "queued": "Waiting",
    "running": "Running",
    "succeeded": "Succeeded",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "timed_out": "Took too long",
}
WAITS = {
    "turn": "It waits for its turn.",
    "tenant_at_work": "It waits until another run of your company has ended.",
    "tried_again_later": "It failed, and is tried again in a moment.",
    "no_worker": "No worker is there to execute it. Whoever operates Workbench starts one with "
    "“workbench work”.",
}
HELP = {
    "failed": "What it printed and its report show where it stopped. Run it with other "
    "parameters, or ask whoever wrote the notebook.",
    "timed_out": "It reached its time limit. Choose less with “Run with changes”, or ask whoever "
    "wrote the notebook for a higher limit.",
}
RHYTHM = re.compile(
    r"(?P<minute>\d{1,2}) (?P<hour>\d{1,2}) (?P<day>\S+) \* (?P<weekday>\S+)", re.ASCII
)
WEEKDAYS = {
    "*": "Every day",
    "MON-FRI": "Monday to Friday",
    "1-5": "Monday to Friday",
    "MON": "Every Monday",
    "TUE": "Every Tuesday",
    "WED": "Every Wednesday",
    "THU": "Every Thursday",
    "FRI": "Every Friday",
    "SAT": "Every Saturday",
    "SUN": "Every Sunday",
}
LARGE = 1000  # from here on, nobody reads what stands behind the point
KILO = 1000


def when(ordered: datetime, who: str, now: datetime) -> str:
    """When something was ordered, and by whom."""
    return f"{numbers.ago(ordered, now)} by {who}"


def moment(at: datetime) -> str:
    """A moment with its weekday, such as Mon 1 Jun 2026, 06:00."""
    return f"{at:%a %-d %b %Y, %H:%M}"


def rhythm(cron: str) -> str:
    """When an expression comes, in plain words where it is one of the common ones."""
    known = RHYTHM.fullmatch(cron)
    if known is None:
        return cron
    at = f"at {int(known['hour']):02}:{int(known['minute']):02}"
    day, weekday = known["day"], known["weekday"].upper()
    if day == "*" and weekday in WEEKDAYS:
        return f"{WEEKDAYS[weekday]} {at}"
    return f"On day {day} of each month {at}" if day.isdigit() and weekday == "*" else cron


def value(held: Any) -> str:
    """A parameter's value as people write it."""
    if held is None:
        return "nothing"
    if isinstance(held, bool):
        return "yes" if held else "no"
    if isinstance(held, list):
        return ", ".join(value(part) for part in held) or "nothing"
    return str(held)


def figure(measured: float | None, unit: str = "") -> str:
    """A figure with its unit, with as many digits as are read."""
    if measured is None:
        return numbers.NOTHING
    if abs(measured) >= LARGE or measured == int(measured):
        text = f"{measured:,.0f}"
    else:
        text = f"{measured:,.3g}"
    return f"{text} {unit}".strip()


def verdict(measured: float, budget: float | None) -> str:
    """Whether a figure keeps its budget, in words."""
    if budget is None:
        return ""
    if measured <= budget:
        return "within budget"
    return f"{measured / budget - 1:.0%} over budget" if budget > 0 else "over budget"


def size(count: int) -> str:
    """A number of bytes as people read it."""
    amount, unit = float(count), "bytes"
    for larger in ("kB", "MB", "GB"):
        if amount < KILO:
            break
        amount, unit = amount / KILO, larger
    return f"{amount:,.0f} {unit}" if unit == "bytes" else f"{amount:,.1f} {unit}"


def note(run: Seen) -> str:
    """What a run does or waits for, in a sentence."""
    if run.status == "queued":
        ahead = f" {numbers.count(run.ahead)} before it." if run.ahead else ""
        return WAITS.get(run.waits, WAITS["turn"]) + ahead
    if run.status == "running":
        share = f"{run.progress:.0%} of its work is done. " if run.progress is not None else ""
        return f"{share}Now at: {run.cell_title}" if run.cell_title else share.strip()
    return ""
