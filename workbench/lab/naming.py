"""Names for what a run creates, so that an attempt that is repeated creates nothing twice."""

import hashlib
from collections import Counter
from collections.abc import Callable

import httpx

from workbench.runs.tickets import Ticket

HEADER = "Idempotency-Key"


class Names:
    """Gives each POST of a run a key: the same for the same request at the next attempt.

    Of equal requests the first has another key than the second, and what somebody orders anew
    begins with new ones. A file that is sent in pieces has no name.
    """

    def __init__(self, ticket: Callable[[], Ticket]) -> None:
        """Say where the ticket is read; JupyterLab's is of no run, and names nothing."""
        self._ticket = ticket
        self._seen: Counter[str] = Counter()

    def __call__(self, request: httpx.Request) -> None:
        """Name a request that has no key yet."""
        ticket = self._ticket()
        if ticket.run_id is None or request.method != "POST" or HEADER in request.headers:
            return
        try:
            body = request.content
        except httpx.RequestNotRead:
            return
        whole = f"{ticket.run_id} {ticket.order} {request.url.raw_path!r} ".encode() + body
        digest = hashlib.sha256(whole).hexdigest()[:40]
        self._seen[digest] += 1
        request.headers[HEADER] = f"run-{digest}-{self._seen[digest]}"
