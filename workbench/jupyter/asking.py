"""How JupyterLab's server asks the API: as the engineer whose ticket lies beside it."""

import os
from pathlib import Path
from typing import Any

import httpx

from workbench.errors import Unavailable
from workbench.runs import tickets
from workbench.runs.tickets import Ticket

SECONDS = 60


class NotSignedIn(Unavailable):
    """Nobody is signed in here; start JupyterLab with `workbench lab`."""

    code = "not_signed_in"


class NoAnswer(Unavailable):
    """Workbench does not answer; start it with `workbench up` or `workbench serve`."""

    code = "no_answer"


class Api:
    """The API, signed in anew for each request, since the ticket is renewed all the time."""

    def __init__(self) -> None:
        """Make the client, whose connections are kept."""
        self._client = httpx.AsyncClient(timeout=SECONDS)

    async def ask(self, method: str, path: str, order: Any = None) -> httpx.Response:
        """Send one request; raise Unavailable when it cannot be sent or is not answered."""
        ticket = _ticket()
        headers = {"Authorization": f"Bearer {ticket.access_token}"}
        body = {} if order is None else {"json": order}
        try:
            return await self._client.request(
                method, f"{ticket.api_url}{path}", headers=headers, **body
            )
        except httpx.TransportError as error:
            raise NoAnswer from error


def _ticket() -> Ticket:
    try:
        return Ticket.read(Path(os.environ[tickets.VARIABLE]))
    except (KeyError, OSError, ValueError) as error:
        raise NotSignedIn from error
