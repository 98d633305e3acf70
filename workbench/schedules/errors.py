"""What can go wrong with schedules."""

from workbench.errors import Conflict, Invalid


class ScheduleNameTaken(Conflict):
    """There is a schedule of this name already; choose another name."""

    code = "name_taken"


class NoTrigger(Invalid):
    """A schedule follows a clock or other schedules: give either `cron` or `after`."""

    code = "no_trigger"


class UnknownUpstream(Invalid):
    """A schedule that this one is to wait for does not exist."""

    code = "unknown_schedule"


class Cycle(Invalid):
    """The schedules would wait for each other in a circle; leave one of them out."""

    code = "cycle"


class WaitedFor(Conflict):
    """Other schedules wait for this one; change or delete them first."""

    code = "waited_for"


class NoReport(Invalid):
    """Only a notebook that does no more than read can be mailed: it runs once for each person."""

    code = "no_report"


class NotPaused(Conflict):
    """The schedule is not paused."""

    code = "not_paused"


class AlreadyPaused(Conflict):
    """The schedule is paused already."""

    code = "already_paused"
