"""Choosing a notebook from the shelf, and ordering a run of it by its form."""

from collections.abc import Mapping
from typing import Any

import panel as pn

from dashboards.components import layout
from dashboards.components.face import Face
from dashboards.components.form import Form, Values
from dashboards.components.parts import Hear
from dashboards.runs.guide import Guide
from dashboards.runs.state import Place
from dashboards.runs.store.shelf import Blank, ShelfStore
from dashboards.runs.views import parts
from dashboards.runs.views.shelf import ShelfList, missing, sentence


class Ordering:
    """The shelf, or the form of the notebook that was chosen on it."""

    def __init__(self, store: ShelfStore, guide: Guide, hear: Hear) -> None:
        """Make both; what they show follows."""
        self._store, self._guide = store, guide
        self._blank: Blank | None = None
        self.shelf = ShelfList.of(hear)
        self._about = Face("run_order", notebook=None)
        self._form = Form.of(self._check, self._submit, action="Start the run")
        self.form: pn.Column = layout.card(self._about.pane, self._form)
        self.form.stylesheets = [
            *self.form.stylesheets,
            ":host { gap: 18px; padding-bottom: 18px; }",
        ]

    async def show_shelf(self, _place: Place, _names: object) -> None:
        """Show the notebooks as they are now."""
        self.shelf.tell(await self._store.notebooks())

    async def show_form(self, place: Place, _names: object) -> None:
        """Show the form of a notebook, once for each place, so that nothing typed is lost."""
        like = parts.id_of(place.like)
        if self._blank and (self._blank.notebook.name, self._blank.of) == (place.notebook, like):
            return
        blank = await self._store.blank(place.notebook, like)
        self._blank = blank
        notebook = blank.notebook
        with pn.io.hold():
            self._about.show(
                notebook=notebook,
                needs=sentence(notebook),
                missing=missing(notebook),
                is_clone=like is not None,
                shelf=Place().search,
                history=Place(tab="history", notebook=notebook.name).search,
            )
            self._form.visible = notebook.may_start
            self._form.ask(blank.fields, blank.values, blank.datasets)

    def leave(self) -> None:
        """Forget the form: it is filled anew when somebody comes back to it."""
        self._blank = None
        self._form.is_loading = True

    async def _check(self, values: Values) -> Mapping[str, str]:
        if self._blank is None:
            return {}
        found: dict[str, str] = {}

        async def work() -> None:
            if self._blank is not None:
                found.update(await self._store.check(self._blank.notebook.name, values))

        is_well = await self._guide.attempt(work)
        return found if is_well else {"": "This could not be checked. Try again in a moment."}

    async def _submit(self, values: Values) -> None:
        blank = self._blank
        if blank is None:
            return

        async def work() -> None:
            run_id = await self._store.start(blank.notebook.name, values, blank.of)
            self.leave()
            await self._guide.go(Place(run=str(run_id)))

        await self._guide.attempt(work, self._mark)

    def _mark(self, faults: Mapping[str, Any]) -> None:
        self._form.faults = dict(faults)
