"""Schedules as a list, and the fields of one that is made or changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from dashboards.components.parts import Hear, hearing
from dashboards.runs.state import SCHEDULES, Place
from dashboards.runs.store.planning import Planned, Sketch, Ticked
from dashboards.runs.views import parts, words

KINDS = frozenset({parts.GO, "pause", "resume", "remove", "ticks"})
SKETCHED = frozenset({parts.GO, "sketch"})
NEW = "new"
MOST = 100  # of what is named in a list


class ScheduleList(JSComponent):
    """The schedules of the tenant, each with when it runs next and what can be done."""

    items = param.List(default=[], doc="The schedules, by name.")
    ticks = param.Dict(default={}, doc="What the last slots of the opened one came to.")
    may_change = param.Boolean(default=False, doc="Whether the visitor may make and change them.")
    is_loading = param.Boolean(default=True, doc="Whether they are on their way.")

    _esm = parts.script("planning.js")
    _stylesheets: ClassVar[list[str]] = [parts.style("planning.css")]

    @classmethod
    def of(cls, hear: Hear, *, may_change: bool) -> "ScheduleList":
        """Make a list whose schedules are on their way."""
        made = cls(may_change=may_change, sizing_mode="stretch_width")
        made.on_msg(hearing(KINDS, hear))
        return made

    def tell(self, schedules: Sequence[Planned]) -> None:
        """Show these schedules."""
        self.param.update(items=[told(each) for each in schedules], is_loading=False)

    def tell_ticks(self, schedule_id: str, ticks: Sequence[Ticked]) -> None:
        """Show what the last slots of a schedule came to."""
        self.ticks = {"id": schedule_id, "slots": [_tick(each) for each in ticks]}


class SketchFields(JSComponent):
    """What a schedule is called, what it runs, when, and whom it tells."""

    sketch = param.Dict(default={}, doc="What the fields hold at first.")
    notebooks = param.List(default=[], doc="Names and titles of what may be chosen.")
    others = param.List(default=[], doc="Ids and names of the schedules that it may wait for.")
    times = param.List(default=[], doc="When the expression that was typed runs next.")
    faults = param.Dict(default={}, doc="What is wrong with a field, by its name.")
    is_new = param.Boolean(default=True, doc="Whether the schedule is made and not changed.")

    _esm = parts.script("rhythm.js", "sketch.js")
    _stylesheets: ClassVar[list[str]] = [parts.style(parts.FORM, "planning.css")]

    @classmethod
    def of(cls, hear: Hear) -> "SketchFields":
        """Make fields that hold nothing yet."""
        made = cls(sizing_mode="stretch_width")
        made.on_msg(hearing(SKETCHED, hear))
        return made

    def ask(
        self,
        schedule: Planned | None,
        notebooks: Sequence[tuple[str, str]],
        schedules: Sequence[Planned],
        wanted: str = "",
    ) -> None:
        """Ask for a new schedule, perhaps of a `wanted` notebook, or what to change of one."""
        first = wanted if wanted in dict(notebooks) else notebooks[0][0]
        others = [[str(s.id), s.name] for s in schedules if schedule is None or s.id != schedule.id]
        self.param.update(
            sketch=_sketch(schedule) if schedule else {"notebook": first},
            notebooks=[list(each) for each in notebooks],
            others=others,
            times=[],
            faults={},
            is_new=schedule is None,
        )

    def tell_times(self, times: Sequence[datetime], faults: Mapping[str, str]) -> None:
        """Show when it runs next, or what is wrong with what was typed."""
        self.param.update(times=[words.moment(at) for at in times], faults=dict(faults))


def read(told: Any) -> Sketch:
    """What the browser told of a schedule; the room checks it."""
    held = told if isinstance(told, dict) else {}
    catch_up = held.get("catch_up")
    cron = held.get("cron")
    return Sketch(
        name=str(held.get("name") or "")[:MOST],
        notebook=str(held.get("notebook") or "")[:MOST],
        cron=str(cron) if cron is not None else None,
        time_zone=str(held.get("time_zone") or "UTC"),
        after=[str(each) for each in _some(held.get("after"))],
        catch_up=catch_up if isinstance(catch_up, int) else 1,
        recipients=[str(each) for each in _some(held.get("recipients"))],
    )


def told(schedule: Planned) -> dict[str, Any]:
    """A schedule in words, with what may be done about it."""
    return {
        "id": str(schedule.id),
        "name": schedule.name,
        "title": schedule.title,
        "edit": Place(tab=SCHEDULES, schedule=str(schedule.id)).search,
        "runs": Place(tab="history", notebook=schedule.notebook).search,
        "when": _when(schedule),
        "times": [words.moment(at) for at in schedule.times],
        "time_zone": schedule.time_zone,
        "is_paused": schedule.is_paused,
        "reason": schedule.paused_reason,
        "owner": schedule.owner,
        "recipients": ", ".join(schedule.recipients),
    }


def _when(schedule: Planned) -> str:
    if schedule.after_names:
        return f"Starts when {' and '.join(schedule.after_names)} succeeded"
    return f"{words.rhythm(schedule.cron)} ({schedule.time_zone})"


def _tick(tick: Ticked) -> dict[str, str]:
    what = "for a report by mail" if tick.is_report else "a run"
    return {
        "slot": words.moment(tick.slot) + " UTC",
        "to": Place(run=str(tick.run_id)).search if tick.run_id else "",
        "said": tick.reason or (what if tick.run_id else "its run was removed"),
    }


def _sketch(schedule: Planned) -> dict[str, Any]:
    return {
        "name": schedule.name,
        "notebook": schedule.notebook,
        "cron": schedule.cron or None,
        "time_zone": schedule.time_zone,
        "after": [str(each) for each in schedule.after],
        "catch_up": schedule.catch_up,
        "recipients": schedule.recipients,
    }


def _some(held: Any) -> list[Any]:
    return held[:MOST] if isinstance(held, list) else []
