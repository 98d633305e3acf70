"""What happens when a visitor wishes something of members and invitations."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import panel as pn

from dashboards.components import attempts, layout
from dashboards.components.parts import Wish
from dashboards.people import wishes
from dashboards.people.state import State
from dashboards.people.store.members import Desk, MemberStore
from dashboards.people.views import members, words
from dashboards.people.views.members import Invitations, MemberList
from dashboards.visits import Visit
from workbench.permissions import Role


class Members:
    """The members of one visit's tenant, and who was invited."""

    def __init__(self, visit: Visit, state: State) -> None:
        """Make the list and the form; data follow with `refresh`."""
        self.store = store = MemberStore(visit)
        self._state = state
        self._desk: Desk | None = None
        self._next: str | None = None
        choices = words.choices(store.roles)
        self.list = MemberList.of(
            self._hear, choices=choices, may_manage=store.may_manage, may_give=store.may_give
        )
        self.invitations = Invitations.of(
            self._hear_invitation, choices=choices, may_manage=store.may_manage
        )
        self.pane = layout.column(self.list, self.invitations, css=layout.BESIDE)

    async def refresh(self) -> None:
        """Show the members and invitations that there are now."""
        desk = self._desk = await self.store.desk()
        with pn.io.hold():
            self.list.param.update(
                counts=members.counted(desk),
                own_roles=[{"id": str(role.id), "name": role.name} for role in desk.own_roles],
            )
            self.invitations.items = members.waiting(desk.invited, datetime.now(UTC))
            await self._show_page()

    @property
    def tenant(self) -> str:
        """The tenant's name, once it is known."""
        return self._desk.tenant if self._desk else ""

    async def _show_page(self) -> None:
        state = self._state
        cursor = state.cursors[-1] if state.cursors else None
        page = await self.store.page(state.sought, state.role, cursor)
        if not page.items and state.cursors:  # the last of the page was removed
            state.cursors = state.cursors[:-1]
            await self._show_page()
            return
        self._next = page.next_cursor
        total = None
        if self._desk and not state.sought:
            counts = self._desk.counts
            total = counts[state.role] if state.role else counts.total()
        self.list.param.update(
            items=members.shown(page.items, datetime.now(UTC)),
            label=members.label(len(page.items), len(state.cursors), total),
            sought=state.sought,
            role=state.role,
            has_previous=bool(state.cursors),
            has_next=page.next_cursor is not None,
            is_loading=False,
        )

    async def _hear(self, wish: Wish) -> None:
        if wish.kind in {"search", "filter", "previous", "next"}:
            self._choose(wish)
            wrong = await attempts.attempt(self._show_page())
            self.list.say(wrong, is_wrong=bool(wrong), can_undo=False)
            return
        deeds: dict[str, Callable[[Wish], Awaitable[str]]] = {
            "role": self._change_role,
            "give": self._give,
            "take": self._take,
            "remove": self._remove,
            "undo": self._undo,
        }
        done = await attempts.deed(lambda: deeds[wish.kind](wish), self.refresh)
        can_undo = self._state.removed is not None
        self.list.say(done.said, is_wrong=done.is_wrong, can_undo=can_undo)

    def _choose(self, wish: Wish) -> None:
        state = self._state
        if wish.kind == "search":
            state.param.update(sought=wish.value, cursors=[])
        elif wish.kind == "filter":
            state.param.update(role=wish.value if wish.value in set(Role) else "", cursors=[])
        elif wish.kind == "previous":
            state.cursors = state.cursors[:-1]
        elif self._next is not None:
            state.cursors = [*state.cursors, self._next]

    async def _change_role(self, wish: Wish) -> str:
        await self.store.change_role(wishes.id_of(wish.id), wish.value)
        self._state.removed = None
        return f"{self._name(wish)} is {words.title(wish.value).lower()} from now on."

    async def _give(self, wish: Wish) -> str:
        await self.store.give(wishes.id_of(wish.id), wishes.id_of(wish.value))
        self._state.removed = None
        return f"{self._name(wish)} holds the role from now on."

    async def _take(self, wish: Wish) -> str:
        await self.store.take(wishes.id_of(wish.id), wishes.id_of(wish.value))
        self._state.removed = None
        return f"{self._name(wish)} does not hold the role any more."

    async def _remove(self, wish: Wish) -> str:
        name = self._name(wish)
        await self.store.remove(wishes.id_of(wish.id))
        self._state.removed = wish.id
        return f"{name} was removed."

    async def _undo(self, _wish: Wish) -> str:
        removed, self._state.removed = self._state.removed, None
        if removed is None:
            return ""
        await self.store.restore(removed)
        return "They are back, with the role of before. They sign in again."

    def _name(self, wish: Wish) -> str:
        found = (m["name"] for m in self.list.items if m["id"] == str(wish.id))
        return next(found, "The member")

    async def _hear_invitation(self, wish: Wish) -> None:
        done = await attempts.deed(lambda: self._offer(wish), self.refresh)
        sent = self.invitations.sent + (wish.kind == "invite" and not done.is_wrong)
        self.invitations.say(done.said, is_wrong=done.is_wrong, sent=sent)

    async def _offer(self, wish: Wish) -> str:
        if wish.kind == "invite":
            email = await self.store.invite(wish.value.strip(), str(wish.form.get("role", "")))
            return f"The invitation is on its way to {email}."
        if wish.kind == "resend":
            return (
                f"Sent to {await self.store.resend(wishes.id_of(wish.id))} again, for another week."
            )
        await self.store.withdraw(wishes.id_of(wish.id))
        return "The invitation is taken back."
