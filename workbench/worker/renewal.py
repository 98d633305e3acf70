"""Tickets that last minutes: written anew while their run lasts, so that a leaked one is little."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from workbench.errors import WorkbenchError
from workbench.runs.tickets import Ticket
from workbench.worker import ticketing
from workbench.worker.kernel import Place

LIFETIME = timedelta(minutes=5)
TIMES = 3  # that a ticket is written in its lifetime: one failure is no loss
log = structlog.get_logger(__name__)
Issue = Callable[[], Awaitable[Ticket]]


@dataclass(slots=True)
class Handed:
    """The youngest ticket of a kernel, and what of all its tickets nobody may read in a report."""

    ticket: Ticket
    secrets: set[str]


@asynccontextmanager
async def renewed(place: Place, issue: Issue, lifetime: timedelta) -> AsyncIterator[Handed]:
    """Keep a fresh ticket in a place."""
    handed = _hand(place, await issue(), set())
    renewing = asyncio.create_task(_renew(place, issue, lifetime / TIMES, handed))
    try:
        yield handed
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing


async def _renew(place: Place, issue: Issue, pause: timedelta, handed: Handed) -> None:
    while True:
        await asyncio.sleep(pause.total_seconds())
        try:
            handed.ticket = _hand(place, await issue(), handed.secrets).ticket
        except (WorkbenchError, SQLAlchemyError, OSError) as error:
            log.warning("ticket_not_renewed", reason=type(error).__name__)


def _hand(place: Place, ticket: Ticket, secrets: set[str]) -> Handed:
    secrets.update(ticketing.secrets(ticket))
    place.hand(ticket)
    return Handed(ticket, secrets)
