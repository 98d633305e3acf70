"""What can go wrong with files."""

from workbench.errors import Conflict, Invalid, NotFound, TooLarge


class FileNotThere(NotFound):
    """There is no such file here."""


class UploadNotThere(NotFound):
    """There is no such upload here; it was finished or given up, or is older than a day."""


class FileTooLarge(TooLarge):
    """The file is larger than a file may be."""

    code = "file_too_large"


class QuotaExceeded(Conflict):
    """The files of your tenant would take more than its quota.

    Deleted files count until they are purged.
    """

    code = "quota_exceeded"


class WrongChecksum(Invalid):
    """What arrived has another checksum than the one that was given; send it again."""

    code = "wrong_checksum"


class WrongOffset(Conflict):
    """The upload stands elsewhere; ask for its `Upload-Offset` and go on from there."""

    code = "wrong_offset"


class Incomplete(Conflict):
    """The upload is not complete; ask for its `Upload-Offset` and send the rest."""

    code = "incomplete_upload"


class TooManyParts(Conflict):
    """The upload came in too many parts; begin anew with larger ones."""

    code = "too_many_parts"


class CutOff(Invalid):
    """The file ended before it was whole; nothing of it was kept, send it again."""

    code = "cut_off"
