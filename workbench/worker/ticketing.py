"""Tickets for kernels: a login of the tenant, an actor token and an access token."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.datasets import sql
from workbench.db import connect, roles
from workbench.db.sandbox import Sandbox
from workbench.errors import NotFound
from workbench.notebooks import Notebook
from workbench.permissions import Permission
from workbench.runs.tickets import SandboxTicket, ScaleTicket, Ticket
from workbench.tenants import logins
from workbench.tenants import queries as tenants
from workbench.worker import secrets as notebook_secrets
from workbench.worker.parts import Parts, now

# A backend whose kernel is gone ends its statement, instead of working for nobody.
OPTIONS = "-cclient_connection_check_interval=1000"


async def issue(
    parts: Parts,
    session: AsyncSession,
    actor: Actor,
    lifetime: timedelta,
    *,
    run_id: UUID | None = None,
    notebook: str | None = None,
    parameters: dict[str, Any] | None = None,
) -> Ticket:
    """Make the ticket of a kernel that acts as the actor until `lifetime` has passed."""
    tenant_id = actor.require_tenant()
    tenant = await session.scalar(tenants.tenant(actor, tenant_id))
    if tenant is None or actor.sid is None or actor.user_id is None:
        raise NotFound
    url = connect.login_url(parts.settings, roles.tenant_login(tenant_id))
    await logins.ensure(session, actor, str(url.password))
    url = url.set(drivername="postgresql").update_query_dict({"options": OPTIONS})
    ticket = Ticket(
        tenant=tenant.slug,
        tenant_name=tenant.name,
        database_url=url.render_as_string(hide_password=False),
        search_path=f"{sql.search_path(actor)}, views",
        actor_token=parts.database.key.mint(actor, lifetime=lifetime),
        api_url=_api_url(parts),
        site=parts.settings.address,
        access_token=parts.tokens.access(
            actor.sid,
            actor.user_id,
            tenant_id,
            now(),
            permissions=actor.scope,
            lifetime=lifetime,
        ),
        run_id=run_id,
        notebook=notebook,
        parameters=parameters or {},
    )
    return scaled(parts, actor, ticket, lifetime)


def scaled(parts: Parts, actor: Actor, ticket: Ticket, lifetime: timedelta) -> Ticket:
    """The ticket with the tenant's Dask cluster, if there is one, and a token that reads rows.

    For a run it lasts as long as that may, since nothing renews it where partitions are read.
    """
    scheduler = parts.settings.scheduler(ticket.tenant)
    if scheduler is None:
        return ticket
    narrow = actor.narrowed([Permission.ROW_READ])
    token = parts.database.key.mint(narrow, lifetime=lifetime)
    scale = ScaleTicket(scheduler=scheduler, actor_token=token)
    return ticket.model_copy(update={"scale": scale})


def secrets(ticket: Ticket) -> tuple[str, ...]:
    """What of a ticket nobody may read in a report."""
    urls = [ticket.database_url]
    if ticket.sandbox is not None:
        urls += ticket.sandbox.urls.values()
    passwords = [url.split("@")[0].rsplit(":", 1)[-1] for url in urls]
    keys = [ticket.sandbox.secret] if ticket.sandbox is not None else []
    tokens = [ticket.scale.actor_token] if ticket.scale is not None else []
    own = [form for value in ticket.secrets.values() for form in notebook_secrets.forms(value)]
    return ticket.actor_token, ticket.access_token, *passwords, *keys, *tokens, *own


def contracted(parts: Parts, ticket: Ticket, notebook: Notebook) -> Ticket:
    """The ticket with the terms of a notebook, and with the secrets that it declares."""
    given = notebook_secrets.of(parts.settings, ticket.tenant, notebook.secrets)
    return ticket.model_copy(update={"terms": notebook.terms, "secrets": given})


def sandboxed(ticket: Ticket, sandbox: Sandbox) -> Ticket:
    """The ticket with the addresses of a disposable database."""
    urls = {
        role: url.set(drivername="postgresql").render_as_string(hide_password=False)
        for role, url in sandbox.urls.items()
    }
    return ticket.model_copy(update={"sandbox": SandboxTicket(urls=urls, secret=sandbox.secret)})


def _api_url(parts: Parts) -> str:
    host = parts.settings.host
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 (read, not bound)
    return f"http://{host}:{parts.settings.port}/api/v1/"
