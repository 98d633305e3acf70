"""Statements about schedules."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, text

from workbench.actor import Actor
from workbench.db.model import columns
from workbench.permissions import Permission
from workbench.runs.models import Run
from workbench.runs.schemas import Status
from workbench.schedules.models import Link, Schedule, Tick

DUE = text("select tenant_id, id from workbench.schedules_due(:at, :most)")


def schedules(actor: Actor) -> Select[Schedule]:
    """The tenant's schedules, by name."""
    actor.require(Permission.SCHEDULE_READ)
    return (
        select(Schedule)
        .where(Schedule.tenant_id == actor.require_tenant())
        .order_by(Schedule.name, Schedule.id)
    )


def schedule(actor: Actor, wanted: UUID | str) -> Select[Schedule]:
    """One schedule, by its id or its name."""
    is_wanted = Schedule.id == wanted if isinstance(wanted, UUID) else Schedule.name == wanted
    return schedules(actor).where(is_wanted)


def changeable(actor: Actor, wanted: UUID | str) -> Select[Schedule]:
    """One schedule, locked, for who may change it."""
    actor.require(Permission.SCHEDULE_MANAGE)
    return schedule(actor, wanted).with_for_update()


def going(actor: Actor, schedule_id: UUID) -> Select[Schedule]:
    """A schedule that is not paused, locked; nothing while another scheduler has it."""
    return (
        schedule(actor, schedule_id)
        .where(Schedule.paused_at.is_(None))
        .with_for_update(skip_locked=True)
    )


def links(actor: Actor, *, of: UUID | None = None, to: UUID | None = None) -> Select[Link]:
    """What waits for what: of one schedule, to one, or all; those of deleted ones left out."""
    actor.require(Permission.SCHEDULE_READ)
    statement = (
        select(Link)
        .join(
            Schedule,
            (Schedule.tenant_id == Link.tenant_id) & (Schedule.id == Link.schedule_id),
        )
        .where(Link.tenant_id == actor.require_tenant(), Schedule.deleted_at.is_(None))
        .order_by(Link.id)
    )
    chosen = {Link.schedule_id: of, Link.upstream_id: to}
    return statement.where(*(key == id_ for key, id_ in chosen.items() if id_ is not None))


def newest_success(actor: Actor, link: Link) -> Select[datetime | None]:
    """The newest slot of what a link waits for that succeeded and is not used up."""
    actor.require(Permission.SCHEDULE_READ)
    return (
        select(func.max(Tick.slot))
        .join(Run, (Run.tenant_id == Tick.tenant_id) & (Run.id == Tick.run_id))
        .where(
            Tick.tenant_id == actor.require_tenant(),
            Tick.schedule_id == link.upstream_id,
            Tick.slot > link.used_slot,
            Tick.is_report.is_(False),
            Run.status == Status.SUCCEEDED,
            Run.deleted_at.is_(None),
        )
    )


def ticks(actor: Actor, schedule_id: UUID) -> Select[Tick]:
    """What a schedule started, the newest first."""
    actor.require(Permission.SCHEDULE_READ)
    return (
        select(Tick)
        .where(Tick.tenant_id == actor.require_tenant(), Tick.schedule_id == schedule_id)
        .order_by(Tick.id.desc())
    )


def everything(actor: Actor) -> dict[str, Select[*tuple[Any, ...]]]:
    """What the room gives to an archive of the actor's tenant, by the name of the list."""
    actor.require(Permission.TENANT_EXPORT)
    tenant_id = actor.require_tenant()
    return {
        "schedules": select(*columns(Schedule))
        .where(Schedule.tenant_id == tenant_id)
        .order_by(Schedule.id),
        "schedule_links": select(*columns(Link))
        .where(Link.tenant_id == tenant_id)
        .order_by(Link.id),
        "ticks": select(*columns(Tick)).where(Tick.tenant_id == tenant_id).order_by(Tick.id),
    }
