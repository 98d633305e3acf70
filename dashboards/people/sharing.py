"""What happens when a visitor shares something, or takes it back."""

import panel as pn

from dashboards.components import attempts
from dashboards.components.parts import Wish
from dashboards.components.shell import LINKS
from dashboards.people import wishes, words
from dashboards.people.store import grants as store
from dashboards.people.store.grants import GrantStore, Thing
from dashboards.people.views import grants
from dashboards.people.views.grants import GrantList
from dashboards.visits import Visit

PAGES = [Thing("dashboard", link.path.rpartition("/")[2], link.name) for link in LINKS]


class Sharing:
    """The grants of one visit's tenant."""

    def __init__(self, visit: Visit) -> None:
        """Make the list and the form; data follow with `refresh`."""
        self._store = GrantStore(visit)
        self._things: list[Thing] = []
        self._cursors: list[str] = []
        self._next: str | None = None
        self.pane = self.list = GrantList.of(self._hear, may_manage=self._store.may_manage)

    async def refresh(self) -> None:
        """Show the grants that there are now, and what can be shared."""
        shelves = await self._store.shelves()
        self._things = [*shelves.things, *PAGES]
        with pn.io.hold():
            self.list.offer(shelves, self._things)
            await self._show_page()

    async def _show_page(self) -> None:
        cursor = self._cursors[-1] if self._cursors else None
        found, self._next = await self._store.page(cursor)
        self.list.param.update(
            items=grants.shown(found),
            has_previous=bool(self._cursors),
            has_next=self._next is not None,
            is_loading=False,
        )

    async def _hear(self, wish: Wish) -> None:
        if wish.kind == "preview":
            self.list.preview = self._preview(wish)
            return
        if wish.kind == "previous":
            self._cursors = self._cursors[:-1]
        elif wish.kind == "next" and self._next is not None:
            self._cursors = [*self._cursors, self._next]
        if wish.kind in {"previous", "next"}:
            said = await attempts.attempt(self._show_page())
            self.list.say(said, is_wrong=bool(said))
            return
        done = await attempts.deed(lambda: self._do(wish), self.refresh)
        made = self.list.made + (wish.kind == "create" and not done.is_wrong)
        preview = self.list.preview if done.is_wrong else ""
        self.list.say(done.said, is_wrong=done.is_wrong, made=made, preview=preview)

    async def _do(self, wish: Wish) -> str:
        if wish.kind == "revoke":
            await self._store.revoke(wishes.id_of(wish.id))
            return "The grant is revoked."
        new = store.read(wish.form, self._things)
        await self._store.create(new)
        return f"{new.name} is shared."

    def _preview(self, wish: Wish) -> str:
        """What the form would show, or what is still missing."""
        thing = next(
            (
                t
                for t in self._things
                if (t.kind, t.name) == (wish.form.get("kind"), wish.form.get("name"))
            ),
            None,
        )
        if thing is None or thing.kind != "dataset":
            return ""
        try:
            part = store.read_part(wish.form, thing)
        except Exception as error:  # noqa: BLE001 (whatever it was, it is said)
            return attempts.sentence(error)
        return words.part(part.tree, part.masks)
