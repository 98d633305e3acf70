"""Whether all that serving needs is well, and what helps where it is not."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from workbench.errors import NotFound, WorkbenchError
from workbench.operations.schemas import Check, DatabaseView, Wellness, Work
from workbench.storage import Storage

LATE = timedelta(minutes=5)
NOBODY = "00000000000000000000000000000000/health/none"  # the key of a file that nobody keeps
FULL = 0.8
WELL, LOOK, BROKEN = Wellness


def checks(database: DatabaseView, work: Work, now: datetime) -> list[Check]:
    """What the figures say of each part; they were read, so the database answers."""
    return [
        Check(name="Database", state=WELL, says=f"PostgreSQL {database.version} answers."),
        _migrations(database),
        _connections(database),
        _workers(work),
        _queue(work, now),
        _mail(work, now),
    ]


def storage(place: Storage) -> Check:
    """Whether the place for files answers; it is asked for a file that is not there."""
    try:
        place.read(NOBODY).close()
    except NotFound:
        return Check(name="Files", state=WELL, says="The place for files answers.")
    except WorkbenchError as error:
        return Check(name="Files", state=BROKEN, says=str(error))
    return Check(name="Files", state=WELL, says="The place for files answers.")


def worst(found: Sequence[Check]) -> Wellness:
    """How the whole is: as its worst part."""
    return max((check.state for check in found), key=[*Wellness].index, default=WELL)


def _migrations(database: DatabaseView) -> Check:
    if database.revision == database.head:
        says = f"The database is at {database.revision}, as the code is."
        return Check(name="Migrations", state=WELL, says=says)
    says = (
        f"The database is at {database.revision}, the code at {database.head}: "
        "run `workbench migrate`."
    )
    return Check(name="Migrations", state=BROKEN, says=says)


def _connections(database: DatabaseView) -> Check:
    used, most = sum(each.total for each in database.backends), database.most_connections
    long = len(database.long_transactions)
    says = f"{used} of {most} are in use."
    if long:
        says += f" {long} transactions last longer than a minute; they may hold locks."
    if used > FULL * most:
        says += " Raise max_connections, or run fewer processes."
    is_well = not long and used <= FULL * most
    return Check(name="Connections", state=WELL if is_well else LOOK, says=says)


def _workers(work: Work) -> Check:
    alive = [worker for worker in work.workers if worker.is_alive]
    silent = len(work.workers) - len(alive)
    if not alive:
        says = "No worker is alive: nothing is executed. Start one with `workbench work`."
        return Check(name="Workers", state=BROKEN, says=says)
    says = f"{len(alive)} alive with {sum(worker.hands for worker in alive)} hands."
    if silent:
        says += f" {silent} fell silent; what they held is taken over by the others."
    return Check(name="Workers", state=LOOK if silent else WELL, says=says)


def _queue(work: Work, now: datetime) -> Check:
    waiting = sum(line.waiting for line in work.lines)
    if work.failed_jobs:
        says = f"{work.failed_jobs} jobs were given up: try them again once their cause is mended."
        return Check(name="Queue", state=LOOK, says=says)
    since = min((line.waits_since for line in work.lines if line.waits_since), default=None)
    if since is not None and now - since > LATE:
        minutes = (now - since) // timedelta(minutes=1)
        says = f"{waiting} wait, the oldest for {minutes} minutes: more workers would help."
        return Check(name="Queue", state=LOOK, says=says)
    return Check(name="Queue", state=WELL, says=f"{waiting} wait, none of them for long.")


def _mail(work: Work, now: datetime) -> Check:
    post = work.post
    if post.messages_since is not None and now - post.messages_since > LATE:
        says = f"{post.messages} messages do not leave: is a worker alive?"
        return Check(name="Mail", state=BROKEN, says=says)
    if post.given_up or (post.mails_since is not None and now - post.mails_since > LATE):
        says = f"{post.mails} mails wait, {post.given_up} were given up within a day: "
        says += "look at WORKBENCH_SMTP_URL, and at the mail server."
        return Check(name="Mail", state=LOOK, says=says)
    return Check(name="Mail", state=WELL, says=f"{post.mails} mails wait to be sent.")
