"""How JupyterHub knows an engineer: by the password, and as long as Workbench knows him."""

from typing import Any

import httpx
from jupyterhub.auth import Authenticator
from tornado.web import HTTPError
from traitlets import Unicode

from workbench.jupyter.engineers import Engineer
from workbench.permissions import Permission

NEEDED = Permission.SANDBOX_RUN  # whose code may run on this machine
SECONDS = 30
Tokens = dict[str, Any]


class WorkbenchAuthenticator(Authenticator):  # type: ignore[misc]  # it has no types
    """Signs in by Workbench's API, as a log-in that one sees and ends there like any other.

    Its tokens stay in the hub's memory: after a restart of the hub everybody signs in anew.
    """

    api_url = Unicode(help="Where Workbench's API is.", config=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._tokens: dict[str, Tokens] = {}

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """The name of who gives the right password and may write notebooks; else None, or 403."""
        who = Engineer.typed(data["username"])
        order = {"email": who.email, "password": data["password"], "tenant": who.tenant}
        agent = f"JupyterHub, {handler.request.headers.get('User-Agent', '')}"
        headers = {"User-Agent": agent.encode("ascii", "replace")}
        answer = await self._ask("POST", "auth/login", json=order, headers=headers)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            return None
        if answer.is_error:
            raise HTTPError(403, answer.json()["detail"])
        tokens = answer.json()
        me = (await self._me(tokens)).json()
        if NEEDED not in me["permissions"] or me["tenant"] is None:
            await self._ask("POST", "auth/logout", headers=_signed(tokens))
            raise HTTPError(403, "JupyterLab is for engineers; ask an owner of your tenant.")
        name = Engineer(me["email"], me["tenant"]["slug"]).name
        self._tokens[name] = tokens
        return name

    async def refresh_user(self, user: Any, handler: Any = None) -> bool:
        """Whether Workbench still knows the log-in, and the engineer may still write notebooks."""
        # JupyterHub 6.1 asks it of a handler next, and sets it only where a token was sent.
        if handler is not None and not hasattr(handler, "_token_authenticated"):
            handler._token_authenticated = False  # noqa: SLF001
        me = await self._renewed(user.name)
        return me is not None and me.is_success and NEEDED in me.json()["permissions"]

    async def _renewed(self, name: str) -> httpx.Response | None:
        """Who the tokens of an engineer belong to; older ones are traded for new ones first."""
        tokens = self._tokens.get(name)
        if tokens is None:
            return None
        me = await self._me(tokens)
        if me.status_code != httpx.codes.UNAUTHORIZED:
            return me
        order = {"refresh_token": tokens["refresh_token"]}
        renewed = await self._ask("POST", "auth/refresh", json=order)
        if renewed.is_error:
            self._tokens.pop(name, None)
            return None
        self._tokens[name] = renewed.json()
        return await self._me(self._tokens[name])

    async def _me(self, tokens: Tokens) -> httpx.Response:
        return await self._ask("GET", "auth/me", headers=_signed(tokens))

    async def _ask(self, method: str, path: str, **order: Any) -> httpx.Response:
        try:
            async with httpx.AsyncClient(base_url=self.api_url, timeout=SECONDS) as client:
                return await client.request(method, path, **order)
        except httpx.TransportError as error:
            raise HTTPError(503, "Workbench does not answer; try again in a moment.") from error


def _signed(tokens: Tokens) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}
