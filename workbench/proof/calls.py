"""Attempts through the API: every route, with the other tenant's ids and with bad tokens."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from workbench.actor import Actor
from workbench.identity.tokens import Tokens
from workbench.permissions import MEMBER_ROLES
from workbench.proof import passes
from workbench.proof.findings import ANOTHER, Finding, outcome
from workbench.proof.logins import OWN, SAME
from workbench.proof.planting import Row
from workbench.proof.world import Seen, Side, World

DOOR = "API"
PREFIX = "/api/v1/"
ME = f"{PREFIX}auth/me"
GIVEN = {"name": "secrets", "dataset": "secrets", "format": "csv"}


@dataclass(frozen=True, slots=True)
class Call:
    """One request: whose token, which route, and whether its path names the other tenant's row."""

    method: str
    route: str
    path: str
    role: str
    kind: str
    token: str | None
    names_other: bool

    @property
    def group(self) -> str:
        """What it shares with its like, so that a sample has some of each."""
        return f"{DOOR} {self.kind}"

    @property
    def is_worthless(self) -> bool:
        """Whether the token opens nothing at all."""
        return self.role == passes.STRANGER


@dataclass
class Caller:
    """Somebody of tenant A who calls every route of the API."""

    world: World
    app: FastAPI
    client: httpx.AsyncClient
    paths: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        """Read the routes from the API's own description."""
        self.paths = self.app.openapi()["paths"]
        self._tokens = Tokens((self.world.database.key.secret,))

    def cases(self) -> Iterator[Call]:
        """Every route that reads, and every one that would change the other tenant's row."""
        for route, operations in self.paths.items():
            if not route.startswith(PREFIX):
                continue
            path, theirs = self.filled(route, self.world.b)
            for method, operation in operations.items():
                if "security" in operation and (method == "get" or theirs):
                    for role, kind, token in self._shown():
                        yield Call(method.upper(), route, path, role, kind, token, theirs)

    async def try_(self, case: Call) -> Finding:
        """Send the request, and beside it one that must succeed."""
        seen = await self._send(case.method, case.path, case.token)
        forbidden = [self.world.b, self.world.a] if case.is_worthless else [self.world.b]
        is_open = seen.error is None and (case.is_worthless or case.names_other)
        is_leak = is_open or any(side in seen for side in forbidden)
        words, is_controlled = await self._control(case)
        return Finding(
            DOOR,
            case.role,
            case.kind,
            f"{case.method} request",
            case.route.removeprefix(PREFIX),
            ANOTHER,
            *outcome(seen, is_leak=is_leak),
            words,
            is_leak,
            is_controlled,
        )

    async def _control(self, case: Call) -> tuple[str, bool]:
        token = self.access(self.world.a.member)
        if case.method == "GET":
            path, _ = self.filled(case.route, self.world.a)
            if (await self._send("GET", path, token)).error is None:
                return SAME, True
        return OWN, self.world.a in await self._send("GET", ME, token)

    async def request(
        self, method: str, path: str, token: str | None, body: Any = None
    ) -> httpx.Response:
        """Send a request; what would change something has an empty body unless one is given."""
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        if body is None and method.upper() in ("POST", "PUT", "PATCH"):
            body = {}
        return await self.client.request(method, path, headers=headers, json=body)

    async def _send(self, method: str, path: str, token: str | None) -> Seen:
        try:
            answer = await self.request(method, path, token)
        except Exception as error:  # noqa: BLE001 (an answer that broke off showed nothing more)
            return Seen(type(error).__name__)
        refused = None if answer.is_success else str(answer.status_code)
        return Seen(refused, rows=[answer.text])

    def filled(self, route: str, side: Side) -> tuple[str, bool]:
        """The path with a tenant's ids, and whether it names any."""
        names_one = False
        parts = []
        for part in route.split("/"):
            if part.startswith("{"):
                name = part.strip("{}").partition(":")[0]
                found = self._value(name, side)
                names_one = names_one or name not in GIVEN
                part = str(found)  # noqa: PLW2901 (the same part, filled)
            parts.append(part)
        return "/".join(parts), names_one

    def _value(self, name: str, side: Side) -> object:
        if name in GIVEN:
            return GIVEN[name]
        if name == "row_id":
            return next(r for t, r in side.planted.items() if t.startswith("rows."))["row_id"]
        stem = name.removesuffix("_id").replace("-", "_")
        plural = f"{stem[:-1]}ies" if stem.endswith("y") else f"{stem}s"
        row: Row = side.planted.get(f"workbench.{plural}", {})
        return row.get("id", side.tenant_id)

    def _shown(self) -> Iterator[tuple[str, str, str | None]]:
        mine, other = self.world.a, self.world.b
        for role in MEMBER_ROLES:
            yield role, "own", self.access(mine.members[role])
        good = self.access(other.member)
        head, body, signature = good.split(".")
        forged = Tokens((passes.OTHER_SECRET,))
        yield passes.STRANGER, "none", None
        yield passes.STRANGER, "signed with another key", self.access(other.member, forged)
        yield passes.STRANGER, "signature cut off", f"{head}.{body}."
        yield passes.STRANGER, "changed", f"{head}.{body[::-1]}.{signature}"
        yield passes.STRANGER, "expired", self.access(other.member, life=passes.PAST)
        yield passes.STRANGER, "signed out", self.access(other.gone or other.member)
        yield passes.STRANGER, "for another audience", self.world.database.key.mint(other.member)

    def access(
        self, actor: Actor, tokens: Tokens | None = None, *, life: timedelta = timedelta(hours=1)
    ) -> str:
        """An access token of somebody, made by the API's own keys or by others."""
        now = datetime.now(UTC)
        nobody = UUID(int=0)
        return (tokens or self._tokens).access(
            actor.sid or nobody, actor.user_id or nobody, actor.tenant_id, now, lifetime=life
        )
