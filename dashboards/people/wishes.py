"""Reading what a visitor wishes."""

from uuid import UUID

from workbench.errors import NotFound


def id_of(given: UUID | str | None) -> UUID:
    """The id that a wish is about; raise NotFound for anything else."""
    try:
        return given if isinstance(given, UUID) else UUID(given or "")
    except ValueError as error:
        raise NotFound("This is not there any more.") from error
