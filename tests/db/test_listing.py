"""Lists of entities, page by page."""

import pytest
from sqlalchemy import select

from workbench.actor import Actor
from workbench.db import listing, pages
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Invalid
from workbench.outbox import commands as outbox
from workbench.outbox.models import OutboxMessage

KEYS = (OutboxMessage.created_at, OutboxMessage.id)


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("limit", [1, 3, 7, 50])
async def test_every_row_comes_once(
    database: Database, actor: Actor, limit: int, *, newest_first: bool
) -> None:
    """Page after page, in order, without a gap or a row twice, though times are equal."""
    async with database.session(actor) as session:
        for _ in range(7):
            outbox.put(session, actor, "thing.changed", thing_id=new_id())
    seen: list[OutboxMessage] = []
    cursor: str | None = None
    async with database.session(actor) as session:
        query = select(OutboxMessage).where(OutboxMessage.topic == "thing.changed")
        while True:
            page = await listing.page(
                session, query, KEYS, cursor=cursor, limit=limit, newest_first=newest_first
            )
            seen += [row.OutboxMessage for row in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    keys = [(message.created_at, message.id) for message in seen]
    assert keys == sorted(set(keys), reverse=newest_first)
    assert len(keys) == 7


@pytest.mark.parametrize("values", [["yesterday", str(new_id())], [17, 17], [None, None], ["a"]])
async def test_a_cursor_of_another_list_is_refused(
    database: Database, actor: Actor, values: list[object]
) -> None:
    """Values that the keys cannot have are Invalid, and never reach PostgreSQL."""
    async with database.session(actor) as session:
        with pytest.raises(Invalid, match="next_cursor"):
            await listing.page(
                session, select(OutboxMessage), KEYS, cursor=pages.encode(values), limit=5
            )
