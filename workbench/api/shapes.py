"""Shapes that several routers answer with."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row

from workbench.db.pages import Page

T = TypeVar("T")


class Order(BaseModel):
    """What a caller sends; a field that nobody knows is refused."""

    model_config = ConfigDict(extra="forbid")


class PageView(BaseModel, Generic[T]):
    """Some items of a list, and the cursor of the next ones or null when these are the last."""

    items: list[T]
    next_cursor: str | None


def page_view(page: Page[Row[Any]], shape: Callable[..., T]) -> PageView[T]:
    """A page of rows, each in the shape that leaves the house."""
    return PageView(items=[shape(*row) for row in page.items], next_cursor=page.next_cursor)
