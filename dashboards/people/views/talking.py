"""What all components of this dashboard can: say how the last wish went."""

from pathlib import Path
from typing import Any

import param
from panel.custom import JSComponent

from dashboards.components import parts

HERE = Path(__file__).parent
STYLE = parts.style(parts.HERE / "fields.css", HERE / "people.css")


def script(name: str) -> str:
    """A component's module with what all of them have in common."""
    return parts.script(HERE / "asked.js", HERE / name)


class Talking(JSComponent):
    """A component that says how the last wish went."""

    said = param.String(default="", doc="How the last wish went.")
    is_wrong = param.Boolean(default=False, doc="Whether it could not be met.")
    turn = param.Integer(default=0, doc="Counts the answers, so that each is drawn.")

    __abstract = True

    def say(self, text: str, *, is_wrong: bool = False, **more: Any) -> None:
        """Say how a wish went, and draw again what a visitor may have touched."""
        self.param.update(said=text, is_wrong=is_wrong, turn=self.turn + 1, **more)
