"""When each log-in was last noted as seen, so that it is noted once a minute and not always."""

from datetime import datetime, timedelta
from uuid import UUID

EVERY = timedelta(minutes=1)
MOST = 10_000  # log-ins remembered


class Sightings:
    """The log-ins that this process has noted within the last minute."""

    def __init__(self) -> None:
        """Remember nobody yet."""
        self._noted: dict[UUID, datetime] = {}

    def is_noted(self, sid: UUID, now: datetime) -> bool:
        """Whether a log-in was noted within the last minute."""
        noted = self._noted.get(sid)
        return noted is not None and now - noted < EVERY

    def is_due(self, sid: UUID, now: datetime) -> bool:
        """Whether a log-in is to be noted now; whoever is told so notes it."""
        if self.is_noted(sid, now):
            return False
        if len(self._noted) >= MOST:
            self._noted = {one: at for one, at in self._noted.items() if now - at < EVERY}
        self._noted[sid] = now
        return True
