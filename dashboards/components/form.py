"""A form made of one declaration: fields by their kinds, each with its own fault beside it.

The browser checks nothing by itself. It tells what was typed, and whoever made the form answers
with the faults that the room finds; nothing is sent off before the room has found none.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from dashboards.components import parts

HERE = Path(__file__).parent
KINDS = frozenset({"changed", "submit"})
MOST_FIELDS = 200

Values = dict[str, Any]
Check = Callable[[Values], Awaitable[Mapping[str, str]]]
Submit = Callable[[Values], Awaitable[None]]
Column = tuple[str, str]  # its name and its type


class Form(JSComponent):
    """Fields for the properties of a JSON Schema, in the order in which they are declared."""

    fields = param.List(default=[], doc="Names, each with its property of the schema.")
    values = param.Dict(default={}, doc="What the fields hold at first.")
    datasets = param.Dict(default={}, doc="Columns with their types, by the dataset's name.")
    faults = param.Dict(default={}, doc="What is wrong with a field, by its name.")
    fault = param.String(default="", doc="What is wrong with all of it.")
    checked = param.Integer(default=0, doc="The number of the change that the faults are about.")
    action = param.String(default="Start", doc="What the button says.")
    is_busy = param.Boolean(default=False, doc="Whether what was sent off is under way.")
    is_loading = param.Boolean(default=False, doc="Whether the fields are on their way.")

    _esm = parts.script(HERE / "fields.js", HERE / "form.js")
    _stylesheets: ClassVar[list[str]] = [parts.style(HERE / "form.css")]

    @classmethod
    def of(cls, check: Check, submit: Submit, *, action: str) -> "Form":
        """Make a form without fields; `check` answers faults by field, `submit` does the work."""
        form = cls(action=action, sizing_mode="stretch_width")

        async def hear(wish: parts.Wish) -> None:
            values, number = wish.form.get("values"), wish.form.get("number")
            if not isinstance(values, dict) or len(values) > MOST_FIELDS or form.is_busy:
                return
            faults = await check(values)
            number = number if isinstance(number, int) else 0
            form.param.update(faults=dict(faults), fault="", checked=number)
            if wish.kind == "submit" and not faults:
                form.is_busy = True
                try:
                    await submit(values)
                finally:
                    form.is_busy = False

        form.on_msg(parts.hearing(KINDS, hear))
        return form

    def ask(
        self,
        fields: Sequence[tuple[str, Mapping[str, Any]]],
        values: Mapping[str, Any],
        datasets: Mapping[str, Sequence[Column]],
    ) -> None:
        """Ask for these fields, which hold these values at first."""
        self.param.update(
            fields=[[name, dict(field)] for name, field in fields],
            values=dict(values),
            datasets={name: [list(column) for column in some] for name, some in datasets.items()},
            faults={},
            fault="",
            is_loading=False,
        )
