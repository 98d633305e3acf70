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
    """The file cannot be read."""

    code = "malformed_file"


class TooManyRejects(Malformed):
    """More rows were refused than this import allows."""

    code = "too_many_rejects"


class StaleImport(Conflict):
    """This attempt is over: the import was cancelled, or somebody else has taken it."""

    code = "stale_import"


class ImportEnded(Conflict):
    """This import has ended already; undo it instead, if it has loaded rows."""

    code = "import_ended"


class NotRetried(Conflict):
    """Only an import that failed or was cancelled can be tried again."""

    code = "not_retried"


class NotUndone(Conflict):
    """This import cannot be undone."""

    code = "not_undone"


def refuse(place: str, message: str) -> Invalid:
    """The error that names one place of a request."""
    return Invalid(f"{place}: {message}.", details=[Detail(place, message)])
