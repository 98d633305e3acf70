"""ETags: a change goes through only if the caller has seen what it changes (RFC 9110, 13.1.1)."""

import hashlib
from typing import Annotated

from fastapi import Header, Response
from pydantic import BaseModel

from workbench.errors import Stale

IfMatch = Annotated[
    str | None,
    Header(max_length=500, description="The `ETag` that was read; another state answers 412."),
]


def of(view: BaseModel) -> str:
    """The ETag of what the caller sees."""
    return f'"{hashlib.sha256(view.model_dump_json().encode()).hexdigest()[:32]}"'


def put(response: Response, view: BaseModel) -> None:
    """Send the ETag along."""
    response.headers["ETag"] = of(view)


def check(if_match: str | None, view: BaseModel) -> None:
    """Raise Stale when the caller names another state than this; without a name all is well."""
    if if_match is None or if_match.strip() == "*":
        return
    if of(view) not in [tag.strip() for tag in if_match.split(",")]:
        raise Stale
