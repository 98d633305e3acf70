"""What the functions that change tables refuse, as errors of ours; the transaction goes on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.datasets.errors import Busy, ColumnNotFound, NameTaken, refuse
from workbench.errors import Conflict


@asynccontextmanager
async def told(session: AsyncSession) -> AsyncIterator[None]:
    """Undo what is done inside when PostgreSQL refuses it, and say why in words of ours."""
    try:
        async with session.begin_nested():
            yield
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.Error):
            _say(error.orig)
        raise


def _say(error: psycopg.Error) -> None:
    """Raise the error that a state means; those that begin with WB are told to people as such."""
    message = error.diag.message_primary
    match error.sqlstate:
        case "WB001":
            raise NameTaken(message) from error
        case "23505":
            raise NameTaken from error
        case "WB002":
            raise Conflict(message) from error
        case "WB004":
            raise ColumnNotFound from error
        case "42P07":
            raise refuse("name", "is reserved") from error
        case "54000":
            raise Conflict("A text of this column is too long to be kept in order.") from error
        case "55P03" | "40P01":
            raise Busy from error
