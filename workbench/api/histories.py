"""How an address says which runs of the past are meant."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from pydantic import AwareDatetime

from workbench.runs.history import History, parameters

MOST = 20  # parameters that one question names


def history(
    requested_by: UUID | None = None,
    since: Annotated[AwareDatetime | None, Query(description="The first time.")] = None,
    until: Annotated[
        AwareDatetime | None, Query(description="The first time that is left out.")
    ] = None,
    commit: Annotated[
        str | None, Query(pattern=r"^[0-9a-z-]{4,80}$", description="A commit, or its beginning.")
    ] = None,
    parameter: Annotated[
        list[str], Query(max_length=MOST, description="name=value, any number of times.")
    ] = [],  # noqa: B006 (FastAPI copies it)
) -> History:
    """Which runs are meant."""
    return History(
        requested_by=requested_by,
        since=since,
        until=until,
        commit=commit,
        parameters=parameters(parameter),
    )


Wanted = Annotated[History, Depends(history)]
