"""What happens when a visitor ends a sign-in, or makes and revokes a token."""

import contextlib
from datetime import UTC, datetime

import panel as pn

from dashboards.components import attempts
from dashboards.components.parts import Wish
from dashboards.people import wishes
from dashboards.people.store.own import OwnStore
from dashboards.people.views import own
from dashboards.people.views.own import Own
from dashboards.visits import Visit

DAYS = 90  # that a token is good for, when nothing else is chosen


class Account:
    """The sign-ins and tokens of one visitor."""

    def __init__(self, visit: Visit) -> None:
        """Make the lists; data follow with `refresh`."""
        self._store = store = OwnStore(visit)
        self.pane = self.lists = Own.of(
            self._hear, may_have_tokens=store.may_have_tokens, scope=own.offered(store.scope)
        )

    async def refresh(self) -> None:
        """Show the sign-ins and tokens that there are now."""
        now = datetime.now(UTC)
        found, tokens = await self._store.sign_ins(), await self._store.tokens()
        with pn.io.hold():
            self.lists.param.update(
                sign_ins=own.sign_ins(found, now), tokens=own.tokens(tokens, now), is_loading=False
            )

    async def _hear(self, wish: Wish) -> None:
        done = await attempts.deed(lambda: self._do(wish), self.refresh)
        self.lists.say(done.said, is_wrong=done.is_wrong)

    async def _do(self, wish: Wish) -> str:
        if wish.kind == "make":
            return await self._make(wish)
        if wish.kind == "sign-out":
            await self._store.sign_out(wishes.id_of(wish.id))
            return "Signed out there."
        if wish.kind == "sign-out-elsewhere":
            await self._store.sign_out_elsewhere()
            return "Signed out everywhere else."
        await self._store.revoke(wishes.id_of(wish.id))
        return "The token is revoked."

    async def _make(self, wish: Wish) -> str:
        given, days = wish.form.get("scope"), DAYS
        scope = [each for each in given if isinstance(each, str)] if isinstance(given, list) else []
        with contextlib.suppress(TypeError, ValueError):
            days = int(wish.form.get("days") or DAYS)
        self.lists.reveal(await self._store.make_token(wish.value, scope, min(max(days, 1), 365)))
        return f"{wish.value.strip()} is made."
