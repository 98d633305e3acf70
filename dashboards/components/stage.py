"""A stage: shows its content, or the face that says why there is none, and offers a new try."""

from collections.abc import Awaitable, Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui
import structlog

from dashboards.components import layout, states
from dashboards.components.face import Face
from dashboards.components.latest import Latest

Work = Callable[[], Awaitable[None]]

log = structlog.stdlib.get_logger(__name__)


class Stage:
    """Content that is filled by asynchronous work, which may fail."""

    def __init__(self, work: Work, *content: Any, at: str) -> None:
        """Name the work that fills the content; `at` is the dashboard's own path."""
        self._at = at
        self.refresh = Latest(self.attempting(work)).ask
        self._content = layout.stack(*content)
        self._face = Face("state", state=states.FAILED)
        self._retry = pmui.Button(
            label="Try again",
            variant="outlined",
            on_click=self.refresh,
            align="center",
            margin=(14, 0),
            visible=False,
        )
        self._face.pane.visible = False
        self.pane = layout.column(self._face.pane, self._retry, self._content)

    def show_state(self, state: states.State | None) -> None:
        """Show a face in place of the content, or the content again."""
        if state is not None:
            self._face.show(state=state)
        self._face.pane.visible = state is not None
        self._retry.visible = state is not None and state.can_retry
        self._content.visible = state is None

    def attempting(self, work: Work) -> Work:
        """The work, with a face in place of the content when it fails."""

        async def attempt() -> None:
            try:
                await work()
            except Exception as error:
                state = states.of(error, self._at)
                if state is None:
                    log.exception("a dashboard failed")
                with pn.io.hold():
                    self.show_state(state or states.FAILED)

        return attempt
