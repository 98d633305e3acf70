"""What the visitor wants to hear of, and how."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import panel_material_ui as pmui
import param

from dashboards.components import layout
from dashboards.components.face import Face
from workbench.notifications.models import Channel, Event

LABELS = {
    Event.RUN_FAILED: "When a run fails or takes too long",
    Event.OVER_BUDGET: "When a figure goes beyond its budget",
}
CHOICES = {
    "Do not tell me": "",
    "Tell me here": Channel.APP.value,
    "Tell me here and by e-mail": Channel.MAIL.value,
}
GAP = ":host { gap: 18px; padding: 16px 18px 20px; }"


class Wishes:
    """A choice for each kind of event; a change is passed on at once."""

    def __init__(self, on_wish: Callable[[Event, Channel | None], Awaitable[None]]) -> None:
        """Make the choices; they can be used once it is known what was chosen."""
        self._on_wish = on_wish
        self._shown: dict[Event, Channel | None] = {}
        self._choices = {
            event: pmui.Select(
                label=label,
                options=CHOICES,
                value="",
                disabled=True,
                sizing_mode="stretch_width",
                margin=0,
            )
            for event, label in LABELS.items()
        }
        for event, choice in self._choices.items():
            choice.param.watch(partial(self._tell, event), "value")
        head = Face("chart_head", title="What you hear of", note="For all notebooks, at once")
        self.pane = layout.card(head.pane, *self._choices.values())
        self.pane.stylesheets = [*self.pane.stylesheets, GAP]

    def show(self, wishes: Mapping[Event, Channel | None]) -> None:
        """Show what was chosen."""
        for event, choice in self._choices.items():
            channel = wishes[event]
            self._shown[event] = channel
            choice.param.update(value=channel.value if channel else "", disabled=False)

    async def _tell(self, event: Event, change: param.parameterized.Event) -> None:
        channel = Channel(change.new) if change.new else None
        if channel is not self._shown[event]:
            self._shown[event] = channel
            await self._on_wish(event, channel)
