"""What happens when a visitor wishes something of roles."""

import panel as pn

from dashboards.components import attempts, layout
from dashboards.components.face import Face
from dashboards.components.parts import Wish
from dashboards.components.permission_matrix import PermissionMatrix
from dashboards.components.permission_words import words
from dashboards.people import wishes
from dashboards.people.store.roles import RoleStore
from dashboards.people.views import roles
from dashboards.people.views.roles import RoleList
from dashboards.visits import Visit


class Roles:
    """The roles of one visit's tenant."""

    def __init__(self, visit: Visit) -> None:
        """Make the matrix and the list; data follow with `refresh`."""
        self._store = store = RoleStore(visit)
        note = "Tick a box, and it counts at once for everybody who holds the role."
        if not store.may_manage:
            note = "Owners decide what the roles of your company allow."
        head = Face("chart_head", title="What each role allows", note=note)
        self.matrix = PermissionMatrix.of(self._tick)
        self.list = RoleList.of(self._hear, may_manage=store.may_manage)
        self.pane = layout.column(layout.card(head.pane, self.matrix), self.list, css=layout.BESIDE)

    async def refresh(self) -> None:
        """Show the roles that there are now."""
        found, givable = await self._store.roles(), self._store.givable
        with pn.io.hold():
            may = self._store.may_manage
            self.matrix.tell(roles.columns(found, may_manage=may, givable=givable), givable)
            self.list.items = roles.shown(found)

    async def _tick(self, wish: Wish) -> None:
        is_held = wish.kind == "hold"

        async def deed() -> str:
            name = await self._store.hold(wishes.id_of(wish.id), wish.value, is_held=is_held)
            now = "now allows" if is_held else "does not allow any more"
            return f"{name} {now}: {words(wish.value)}."

        await self._do(deed)

    async def _hear(self, wish: Wish) -> None:
        async def deed() -> str:
            if wish.kind == "delete":
                return f"{await self._store.delete(wishes.id_of(wish.id))} is deleted."
            await self._store.create(wish.value, str(wish.form.get("description", ""))[:500])
            return f"{wish.value} is made. Tick what it allows, then give it to members."

        is_made = await self._do(deed) and wish.kind == "create"
        self.list.made += is_made

    async def _do(self, deed: attempts.Deed) -> bool:
        done = await attempts.deed(deed, self.refresh)
        self.list.say(done.said, is_wrong=done.is_wrong)
        return not done.is_wrong
