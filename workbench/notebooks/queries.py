"""What of the shelf an actor may see."""

from workbench.actor import Actor
from workbench.notebooks.contract import Notebook
from workbench.notebooks.shelf import Shelf
from workbench.permissions import Permission


def notebooks(actor: Actor, shelf: Shelf) -> list[Notebook]:
    """The notebooks on the shelf that the actor may see, by title."""
    actor.require_somewhere(Permission.NOTEBOOK_READ)
    return [each for each in shelf.all() if actor.may(Permission.NOTEBOOK_READ, each.name)]


def notebook(actor: Actor, shelf: Shelf, name: str) -> Notebook:
    """One notebook; raise UnknownNotebook when it is not on the shelf."""
    actor.require(Permission.NOTEBOOK_READ, name)
    return shelf.named(name)
