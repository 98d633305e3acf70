"""What the visitor is told of runs, and a short form for one thing more."""

from collections.abc import Sequence
from typing import ClassVar

import param
from panel.custom import JSComponent

from dashboards.components.parts import Hear, hearing
from dashboards.runs.store.alerts import Alert
from dashboards.runs.views import parts

KINDS = frozenset({"subscribe", "unsubscribe"})
EVENTS = {"run_failed": "a run fails", "over_budget": "a figure exceeds its budget"}
CHANNELS = {"app": "in Workbench", "mail": "by mail as well"}


class Alerts(JSComponent):
    """The visitor's own subscriptions."""

    items = param.List(default=[], doc="Ids and sentences.")
    notebooks = param.List(default=[], doc="Names and titles.")
    events = param.List(default=[[*each] for each in EVENTS.items()], doc="What may be told.")
    channels = param.List(default=[[*each] for each in CHANNELS.items()], doc="The ways.")
    is_loading = param.Boolean(default=True, doc="Whether they are on their way.")

    _esm = parts.script("alerts.js")
    _stylesheets: ClassVar[list[str]] = [parts.style(parts.FORM, "alerts.css")]

    @classmethod
    def of(cls, hear: Hear) -> "Alerts":
        """Make a list whose subscriptions are on their way."""
        made = cls(sizing_mode="stretch_width")
        made.on_msg(hearing(KINDS, hear))
        return made

    def tell(self, alerts: Sequence[Alert], notebooks: Sequence[tuple[str, str]]) -> None:
        """Show these subscriptions, and which notebooks may be chosen."""
        self.param.update(
            items=[[str(alert.id), sentence(alert)] for alert in alerts],
            notebooks=[list(each) for each in notebooks],
            is_loading=False,
        )


def sentence(alert: Alert) -> str:
    """What a subscription is about."""
    of = f"of {alert.title}" if alert.title else "of any notebook"
    event = EVENTS.get(alert.event, alert.event)
    return f"When {event} {of}, {CHANNELS.get(alert.channel, alert.channel)}"
