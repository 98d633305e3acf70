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


class ColumnNotFound(NotFound):
    """This dataset has no such column."""


class Busy(Conflict):
    """Somebody reads or loads this dataset just now, which takes long; try again later."""

    code = "busy"


class ValuesLost(Conflict):
    """The new type would lose values; look at them with a dry run, or agree to lose them."""

    code = "values_lost"


class Malformed(Invalid):
    """The file is not a CSV that can be read."""

    code = "malformed_file"


def refuse(place: str, message: str) -> Invalid:
    """The error that names one place of a request."""
    return Invalid(f"{place}: {message}.", details=[Detail(place, message)])
