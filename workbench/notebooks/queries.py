"""What of the shelf an actor may see."""

from workbench.actor import Actor
from workbench.notebooks.contract import Notebook
from workbench.notebooks.shelf import Shelf
from workbench.permissions import Permission


def notebooks(actor: Actor, shelf: Shelf) -> list[Notebook]:
    """The notebooks on the shelf, by title."""
    actor.require(Permission.NOTEBOOK_READ)
    return shelf.all()


def notebook(actor: Actor, shelf: Shelf, name: str) -> Notebook:
    """One notebook; raise UnknownNotebook when it is not on the shelf."""
    actor.require(Permission.NOTEBOOK_READ)
    return shelf.named(name)
