"""Ids of entities: UUID version 7, ordered by time, made in Python."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Make an id that sorts after the ids made before it."""
    return uuid7()
