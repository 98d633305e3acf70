"""Examples of the stage: its content, and the faces that stand in its place."""

from collections.abc import Callable

from panel.viewable import Viewable

from dashboards.components import states
from dashboards.components.face import Face
from dashboards.components.stage import Stage

EMPTY = states.State("No flights yet", "Bring a file, and they appear here.", "#", "Bring a file")
FORBIDDEN = states.State(
    "This is not open to you", "Ask an owner of your company for it.", states.HOME, "Go to Home"
)


async def _nothing() -> None:
    """Do nothing: this is an example."""


def _made(state: states.State | None) -> Viewable:
    content = Face("heading", title="The content", text="What there is to see.").pane
    stage = Stage(_nothing, content, at="")
    stage.show_state(state)
    return stage.pane


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "with data": lambda: _made(None),
    "empty": lambda: _made(EMPTY),
    "failed": lambda: _made(states.FAILED),
    "forbidden": lambda: _made(FORBIDDEN),
    "signed out": lambda: _made(states.SIGNED_OUT),
}
