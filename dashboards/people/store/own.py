"""One's own: where one is signed in, and the API tokens that one has made."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from dashboards.visits import Visit
from workbench.access import api_tokens, proof, sign_out
from workbench.errors import Invalid
from workbench.identity import api_tokens as texts
from workbench.identity import queries
from workbench.permissions import PERSONAL, Permission

SHOWN = 100
MOST_NAME = 100  # characters


@dataclass(frozen=True, slots=True)
class SignIn:
    """A period in which the visitor is signed in somewhere."""

    id: UUID
    device: str
    address: str
    began: datetime
    seen: datetime
    is_here: bool


@dataclass(frozen=True, slots=True)
class Token:
    """An API token without its secret; `who` is its maker."""

    id: UUID
    name: str
    prefix: str
    email: str
    is_own: bool
    scope: list[str]
    is_live: bool
    expires: datetime
    used: datetime | None


class OwnStore:
    """Asks about the visitor's own sign-ins and tokens, and ends them, for one visit."""

    def __init__(self, visit: Visit) -> None:
        """Remember who asks; nothing is read yet."""
        self._actor = visit.actor
        self._database = visit.house.database

    @property
    def may_have_tokens(self) -> bool:
        """Whether it makes sense to show tokens; the commands decide."""
        return self._actor.may(Permission.TOKEN_MANAGE)

    @property
    def scope(self) -> list[str]:
        """What a token of the visitor's could hold."""
        return sorted(self._actor.scope - PERSONAL)

    async def sign_ins(self, now: datetime | None = None) -> list[SignIn]:
        """Where the visitor is signed in, the newest first."""
        now = now or datetime.now(UTC)
        async with self._database.session(self._actor) as session:
            current = await proof.require_login(session, self._actor)
            found = await session.scalars(queries.logins(self._actor).limit(SHOWN))
            return [
                SignIn(
                    each.id,
                    each.user_agent,
                    each.address,
                    each.created_at,
                    each.last_seen_at,
                    each.id == current.id,
                )
                for each in found
                if each.ended_at is None and each.expires_at > now
            ]

    async def sign_out(self, login_id: UUID) -> None:
        """End one sign-in."""
        async with self._database.session(self._actor) as session:
            await sign_out.sign_out_there(session, self._actor, login_id, datetime.now(UTC))

    async def sign_out_elsewhere(self) -> None:
        """End every other sign-in."""
        async with self._database.session(self._actor) as session:
            await sign_out.sign_out_everywhere(
                session, self._actor, datetime.now(UTC), keep_current=True
            )

    async def tokens(self) -> list[Token]:
        """The visitor's tokens, or for an owner the tenant's, the newest first."""
        if not self.may_have_tokens:
            return []
        async with self._database.session(self._actor) as session:
            found = (await session.execute(queries.api_tokens(self._actor).limit(SHOWN))).all()
        return [
            Token(
                id=token.id,
                name=token.name,
                prefix=texts.prefix(token.id),
                email=user.email,
                is_own=user.id == self._actor.user_id,
                scope=token.scope,
                is_live=is_live,
                expires=token.expires_at,
                used=token.last_used_at,
            )
            for token, user, is_live in found
        ]

    async def make_token(self, name: str, scope: Collection[str], days: int) -> str:
        """Make a token and answer its text, which nobody sees again."""
        try:
            wanted = {Permission(each) for each in scope}
        except ValueError as error:
            raise Invalid("There is no such permission.") from error
        now = datetime.now(UTC)
        async with self._database.session(self._actor) as session:
            _, text = await api_tokens.create(
                session,
                self._actor,
                name=name.strip()[:MOST_NAME],
                scope=wanted,
                expires_at=now + timedelta(days=days),
                now=now,
            )
        return text

    async def revoke(self, token_id: UUID) -> None:
        """Revoke a token; what runs with it is cancelled."""
        await api_tokens.revoke(self._database, self._actor, token_id)
