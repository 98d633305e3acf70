"""Keys: a name that somebody gives to an order, so that it makes one run however often it comes.

Each actor has names of its own.
"""

from workbench.actor import Actor
from workbench.errors import Detail, Invalid

MOST = 200


def of(actor: Actor, key: str | None) -> str | None:
    """The key as the run keeps it; raise Invalid when it is empty, too long or not plain text."""
    if key is None:
        return None
    if not 0 < len(key) <= MOST or not key.isprintable():
        raise Invalid("A key has 1 to 200 characters.", details=[Detail("key", "is too long")])
    return f"{actor.subject} {key}"
