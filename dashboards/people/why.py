"""What happens when a visitor asks why a member may do something."""

import panel as pn

from dashboards.components import attempts
from dashboards.components.parts import Wish
from dashboards.people.sharing import PAGES
from dashboards.people.store import access
from dashboards.people.store.access import AccessStore
from dashboards.people.store.grants import GrantStore
from dashboards.people.views import grants, why
from dashboards.people.views.why import Why
from dashboards.visits import Visit


class Asking:
    """Questions about access, of one visit."""

    def __init__(self, visit: Visit) -> None:
        """Make the form; what can be chosen follows with `refresh`."""
        self.store = AccessStore(visit)
        self._shelves = GrantStore(visit)
        self.pane = self.form = Why.of(self._hear)

    async def refresh(self) -> None:
        """Offer the members, datasets, dashboards and notebooks that there are now."""
        shelves = await self._shelves.shelves()
        with pn.io.hold():
            self.form.things = grants.told([*shelves.things, *PAGES])
            self.form.members = [list(each) for each in shelves.members]

    async def _hear(self, wish: Wish) -> None:
        said = await attempts.attempt(self._answer(wish))
        self.form.say(said, is_wrong=bool(said))

    async def _answer(self, wish: Wish) -> None:
        if wish.kind == "reach":
            found = await self.store.reach(str(wish.form.get("email") or ""))
            self.form.answer = why.reached(found)
        else:
            self.form.answer = why.explained(await self.store.explain(access.read(wish.form)))
