"""Idempotency-Key: a POST that creates, sent twice under one key, creates once."""

import hashlib
from typing import Annotated, NamedTuple

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.api.dependencies import CurrentActor, Parts, Session
from workbench.db import idempotency
from workbench.identity.api_tokens import ApiTokenClaims

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="A name for this request; sent again within 24 hours, it is done only once.",
    ),
]


class Claim(NamedTuple):
    """A key that waits for its answer, and the transaction that it belongs to."""

    session: AsyncSession
    actor: Actor
    key: str


class Replay(Exception):
    """The request was done before; this is what was answered then."""

    def __init__(self, kept: idempotency.Key) -> None:
        """Answer once more what was kept."""
        super().__init__()
        # Key and answer commit together, so a key that another request can see has its answer.
        assert kept.answer is not None  # noqa: S101
        self.response = Response(
            kept.answer["body"],
            kept.status or 200,
            {**kept.answer["headers"], "Idempotency-Replayed": "true"},
            "application/json",
        )


async def claim(
    request: Request, session: Session, actor: CurrentActor, parts: Parts, key: Key = None
) -> None:
    """Claim the key of a request with its whole body; raise Replay when it was done before."""
    if key is not None:
        digest = hashlib.sha256(await request.body()).hexdigest()
        await claim_for(request, session, actor, key, digest, parts)


Once = Depends(claim)


async def claim_for(
    request: Request, session: AsyncSession, actor: Actor, key: str, digest: str, parts: Parts
) -> None:
    """Claim a key for a request whose body has this digest."""
    text = f"{request.method} {request.url.path}?{request.url.query} {digest}"
    request_hash = hashlib.sha256(text.encode()).hexdigest()
    if isinstance(request.state.claims, ApiTokenClaims):
        # Each token has keys of its own, so that none is told what a wider one was answered.
        key = f"{actor.sid} {key}"
    kept = await idempotency.begin(session, actor, key, request_hash, parts.clock())
    if kept is not None:
        raise Replay(kept)
    request.state.claim = Claim(session, actor, key)


def claimed(request: Request) -> str | None:
    """The key that a request has claimed, if it named one."""
    made: Claim | None = request.scope["state"].get("claim")
    return None if made is None else made.key


def keep_instead(request: Request, view: BaseModel) -> None:
    """Keep another answer than the one that is sent, which holds a secret."""
    request.state.kept_body = view.model_dump_json()


async def keep(request: Request, response: Response) -> None:
    """Keep the answer under the request's key, in the transaction of the change."""
    made: Claim | None = request.scope["state"].get("claim")
    if made is None:
        return
    headers = {
        name: response.headers[name] for name in ("location", "etag") if name in response.headers
    }
    body = getattr(request.state, "kept_body", None) or bytes(response.body).decode()
    answer = {"body": body, "headers": headers}
    await idempotency.finish(made.session, made.actor, made.key, response.status_code, answer)


async def replay(_: Request, error: Exception) -> Response:
    """Answer a request that was done before."""
    assert isinstance(error, Replay)  # noqa: S101 (registered for nothing else)
    return error.response
