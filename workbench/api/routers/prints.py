"""Reports of runs as PDF."""

import asyncio
from uuid import UUID

from fastapi import APIRouter, Response

from workbench.api.dependencies import CurrentActor, Parts
from workbench.api.routes import ActorRoute
from workbench.api.sending import documented
from workbench.runs import reports

router = APIRouter(prefix="/api/v1/runs", route_class=ActorRoute, tags=["runs"])
PDF = "application/pdf"


@router.get(
    "/{run_id}/report.pdf",
    response_class=Response,
    responses=documented(PDF, "The report as PDF"),
)
async def report_pdf(run_id: UUID, actor: CurrentActor, parts: Parts) -> Response:
    """Print the report of a run as PDF; 503 `no_printer` where no Chromium is installed."""
    # Printing takes a second or more, and holds no connection.
    async with parts.database.session(actor) as session:
        key = await reports.to_print(session, actor, run_id)
    page = await asyncio.to_thread(reports.read, parts.storage, key)
    made = await parts.printer.pdf(page)
    headers = {
        "Content-Disposition": f'attachment; filename="report-{run_id}.pdf"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(made, media_type=PDF, headers=headers)
