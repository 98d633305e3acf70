"""What members want to hear of, and what they were told."""

from uuid import UUID

from fastapi import APIRouter, Response

from workbench.api.dependencies import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Parts, Session
from workbench.api.once import Once
from workbench.api.routes import ActorRoute
from workbench.api.shapes import PageView, page_view
from workbench.db import listing
from workbench.notifications import subscriptions
from workbench.notifications.models import Notice, Subscription
from workbench.notifications.subscriptions import NewSubscription, NoticeView, SubscriptionView

router = APIRouter(prefix="/api/v1/subscriptions", route_class=ActorRoute, tags=["subscriptions"])
notices = APIRouter(prefix="/api/v1/notifications", route_class=ActorRoute, tags=["notifications"])


@router.get("")
async def list_(
    actor: CurrentActor, session: Session, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> PageView[SubscriptionView]:
    """List what the caller wants to hear of."""
    statement = subscriptions.subscriptions(actor)
    page = await listing.page(session, statement, [Subscription.id], cursor=cursor, limit=limit)
    return page_view(page, SubscriptionView.model_validate)


@router.post("", status_code=201, dependencies=[Once])
async def subscribe(
    order: NewSubscription, actor: CurrentActor, session: Session, response: Response
) -> SubscriptionView:
    """Let the caller hear of runs that fail, or of figures beyond their budgets."""
    made = await subscriptions.subscribe(session, actor, order)
    response.headers["Location"] = f"{router.prefix}/{made.id}"
    return SubscriptionView.model_validate(made)


@router.delete("/{subscription_id}", status_code=204)
async def unsubscribe(subscription_id: UUID, actor: CurrentActor, session: Session) -> None:
    """Let the caller hear of something no more."""
    await subscriptions.unsubscribe(session, actor, subscription_id)


@notices.get("")
async def told(
    actor: CurrentActor, session: Session, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> PageView[NoticeView]:
    """List what the caller was told, the newest first."""
    statement = subscriptions.notices(actor)
    page = await listing.page(
        session, statement, [Notice.id], cursor=cursor, limit=limit, newest_first=True
    )
    return page_view(page, NoticeView.model_validate)


@notices.post("/read", status_code=204)
async def read_all(actor: CurrentActor, session: Session, parts: Parts) -> None:
    """Note that the caller has read all that he was told."""
    await subscriptions.mark_all_read(session, actor, parts.clock())


@notices.post("/{notice_id}/read")
async def read(notice_id: UUID, actor: CurrentActor, session: Session, parts: Parts) -> NoticeView:
    """Note that the caller has read what he was told."""
    found = await subscriptions.mark_read(session, actor, notice_id, parts.clock())
    return NoticeView.model_validate(found)
