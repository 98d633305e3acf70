"""What can go wrong with datasets."""

from workbench.errors import Conflict, Detail, Invalid, NotFound


class DatasetNotFound(NotFound):
    """There is no such dataset here."""


class ImportNotFound(NotFound):
    """There is no such import here."""


class RowNotFound(NotFound):
    """There is no such row here."""


class DeletionNotFound(NotFound):
    """There is nothing to bring back of this deletion."""


class NameTaken(Conflict):
    """There is a dataset of this name already."""

    code = "name_taken"


class Malformed(Invalid):
    """The file is not a CSV that can be read."""

    code = "malformed_file"


def refuse(place: str, message: str) -> Invalid:
    """The error that names one place of a request."""
    return Invalid(f"{place}: {message}.", details=[Detail(place, message)])
