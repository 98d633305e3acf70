"""How far an import is, written by the thread that loads it and read by whoever tells of it."""

from dataclasses import dataclass

READING = 0.5  # which share of a load is reading and staging; the rest is storing


@dataclass(slots=True)
class Progress:
    """Rows and bytes read so far, of how many bytes, and which share of the rows is stored."""

    rows: int = 0
    bytes: int = 0
    total: int = 0
    stored: float = 0.0

    @property
    def share(self) -> float:
        """How much of the whole work is done, between 0 and 1."""
        read = min(self.bytes / self.total, 1.0) if self.total else 0.0
        return READING * read + (1 - READING) * min(self.stored, 1.0)
