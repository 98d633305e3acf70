"""What a notebook holds of its run: data in, figures and files out."""

import json
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pandas as pd
from sqlalchemy import Executable, make_url

from workbench.errors import Invalid, Unavailable
from workbench.lab import figures, files, jobs, naming, parameters, reading, scale, voice
from workbench.lab.reading import Dtypes
from workbench.notebooks.terms import TERMS, Terms
from workbench.runs import tickets
from workbench.runs.schemas import (
    MAX_READ,
    ArtifactMessage,
    MetricMessage,
    ProgressMessage,
    ReadMessage,
)
from workbench.runs.tickets import Ticket

if TYPE_CHECKING:
    import dask.dataframe as dd

    from workbench.db.sandbox import Sandbox


class NoRun(Unavailable):
    """Nobody is signed in here; start JupyterLab with `workbench lab`, or start a run."""

    code = "no_run"


class NoSandbox(Unavailable):
    """Only a run of a notebook that declares `sandbox` has a disposable database: order one."""

    code = "no_sandbox"


class BadSize(Invalid):
    """A chunk has at least one row, and a frame at least one partition."""

    code = "bad_size"


class LabRun:
    """One run, or the session of a signed-in engineer in JupyterLab.

    The ticket is read anew for each use, so that tokens may be renewed while a notebook is open.
    """

    def __init__(self, ticket: Path) -> None:
        """Name the file that holds the ticket."""
        self._path = ticket
        self._names = naming.Names(lambda: self.ticket)
        self.client: Any = None  # of the Dask cluster, once it is needed

    @property
    def ticket(self) -> Ticket:
        """What lets this notebook in; raise NoRun when it is gone."""
        try:
            return Ticket.read(self._path)
        except (OSError, ValueError) as error:
            raise NoRun from error

    @property
    def id(self) -> UUID | None:
        """The id of the run; None in JupyterLab."""
        return self.ticket.run_id

    @property
    def tenant(self) -> str:
        """The name of the tenant whose data are read."""
        return self.ticket.tenant_name

    def frame(
        self,
        query: Executable | str,
        parameters: dict[str, Any] | None = None,
        *,
        dtypes: Dtypes = "numpy",
    ) -> pd.DataFrame:
        """Read a query into a frame; in SQL text, `:name` stands for a parameter.

        With `dtypes="arrow"` every column keeps its Arrow type, so that whole numbers with gaps
        stay whole. A run tells its worker what was read, for the audit.
        """
        return self.numbered(*reading.bound(query, parameters or {}), dtypes=dtypes)

    def numbered(self, sql: str, values: list[Any], *, dtypes: Dtypes = "numpy") -> pd.DataFrame:
        """Read a statement whose parameters are `$1, $2, …` into a frame."""
        ticket = self.ticket
        try:
            frame = reading.frame(ticket, sql, values, dtypes)
        except reading.BadQuery as error:
            self._tell(ticket, sql, values, None, error.code)
            raise
        self._tell(ticket, sql, values, len(frame), "succeeded")
        return frame

    def chunks(
        self,
        query: Executable | str,
        parameters: dict[str, Any] | None = None,
        *,
        rows: int = 100_000,
        dtypes: Dtypes = "numpy",
    ) -> Iterator[pd.DataFrame]:
        """Read a query in frames of so many rows, one after the other, for what does not fit.

        The audit learns how many rows were read once the last frame is taken, or the loop ends.
        """
        if rows < 1:
            raise BadSize
        ticket = self.ticket
        sql, values = reading.bound(query, parameters or {})
        seen, outcome = 0, "stopped"
        try:
            for frame in reading.chunks(ticket, sql, values, rows, dtypes):
                seen += len(frame)
                yield frame
            outcome = "succeeded"
        except reading.BadQuery as error:
            outcome = error.code
            raise
        finally:
            self._tell(ticket, sql, values, seen, outcome)

    def to_dask(
        self,
        query: Executable | str,
        parameters: dict[str, Any] | None = None,
        *,
        by: str = "row_id",
        partitions: int | None = None,
    ) -> "dd.DataFrame":
        """Cut a query into partitions by a column, and make a Dask frame of them.

        They are read by the workers of the cluster in WORKBENCH_DASK_SCHEDULER, or by threads of
        this process, as this run's actor, who may then read rows and do nothing else. Every column
        keeps its Arrow type. The audit learns how many rows there were to read.
        """
        if partitions is not None and partitions < 1:
            raise BadSize
        scale.dask_frames()
        ticket = self.ticket
        if ticket.scale is not None and self.client is None:
            self.client = scale.connected(ticket.scale.scheduler)
        question = scale.Question(*reading.bound(query, parameters or {}), by)
        try:
            parts, rows = scale.look(ticket, question, partitions)
            frame = scale.assembled(ticket, question, parts)
        except reading.BadQuery as error:
            self._tell(ticket, question.sql, question.bound, None, error.code)
            raise
        self._tell(ticket, question.sql, question.bound, rows, "partitioned")
        return frame

    def metric(
        self, name: str, value: float, *, unit: str | None = None, budget: float | None = None
    ) -> None:
        """Keep a figure of this run, with the budget that it should not exceed.

        What the notebook's contract declares of the figure counts, and need not be repeated here.
        """
        declared = self._terms().budgets.get(name)
        if declared is not None:
            unit, budget = declared.unit or unit, declared.most
        message = MetricMessage(name=name, value=float(value), unit=unit, budget=budget)
        limit = "" if budget is None else f" (budget {budget:,g})"
        voice.say(message, f"{name} = {message.value:,g} {unit or ''}".strip() + limit)

    def parameter(self, name: str) -> Any:
        """A parameter as it is declared: a day as `datetime.date`, a range as a pair, and so on.

        In JupyterLab the value is that of the variable, and what is declared is read from the
        notebook as it was saved last. Raise NoParameter when there is none of this name.
        """
        ticket = self.ticket
        if ticket.run_id is None:
            return parameters.in_lab(name)
        return parameters.typed(self._declared, ticket.parameters, name)

    def secret(self, name: str) -> str:
        """The value of a secret that the notebook declares; raise NoSecret when it has none."""
        try:
            return self.ticket.secrets[name]
        except KeyError:
            raise parameters.NoSecret from None

    def progress(self, done: float, total: float) -> None:
        """Say how much is done."""
        message = ProgressMessage(done=done, total=total)
        voice.say(message, f"{min(message.done / message.total, 1):.0%} done")

    def publish(self, name: str, obj: Any) -> None:
        """Leave a file behind: a frame, a figure, text, or what JSON can hold."""
        file_name, data = files.encode(name, obj)
        message = ArtifactMessage(name=file_name, data=files.base64(data))
        voice.say(message, f"published {file_name} ({len(data):,} bytes)")

    def submit(self, notebook: str | None = None, /, **values: Any) -> jobs.Job:
        """Order a run of a notebook on the shelf, and go on; `wait()` of what comes watches it.

        Without a name it is the open notebook, as it was saved last, with its variables. Only
        JupyterLab orders so: raise NoJob in a run, and for what Workbench refuses.
        """
        return jobs.order(self, notebook, values)

    @cached_property
    def _declared(self) -> Terms:
        return TERMS.validate_python(self.ticket.terms)

    def _terms(self) -> Terms:
        return parameters.open_terms() if self.ticket.run_id is None else self._declared

    def _tell(
        self, ticket: Ticket, sql: str, values: list[Any], rows: int | None, outcome: str
    ) -> None:
        if ticket.run_id is None:  # in JupyterLab no worker listens
            return
        kept = json.dumps(values, default=str)[:MAX_READ] if values else ""
        message = ReadMessage(text=sql[:MAX_READ], values=kept, rows=rows, outcome=outcome)
        voice.say(message, f"read {rows or 0:,} rows")

    @cached_property
    def sandbox(self) -> "Sandbox":
        """The disposable database of this run; raise NoSandbox when it has none."""
        given = self.ticket.sandbox
        if given is None:
            raise NoSandbox
        from workbench.db.sandbox import Sandbox  # noqa: PLC0415 (35 MB that few runs need)

        urls = {
            role: make_url(url).set(drivername="postgresql+psycopg")
            for role, url in given.urls.items()
        }
        return Sandbox(urls, given.secret)

    @cached_property
    def api(self) -> httpx.Client:
        """A client of the API, signed in as this run: how a notebook writes.

        What a run has created is not created once more when it is tried again.
        """
        hooks: dict[str, list[Any]] = {"request": [self._names]}
        return httpx.Client(base_url=self.ticket.api_url, auth=self._sign, event_hooks=hooks)

    def _sign(self, request: httpx.Request) -> httpx.Request:
        request.headers["Authorization"] = f"Bearer {self.ticket.access_token}"
        return request


def open_run() -> LabRun:
    """The run that this notebook belongs to; raise NoRun when nobody is signed in."""
    path = os.environ.get(tickets.VARIABLE)
    if path is None:
        raise NoRun
    run = LabRun(Path(path))
    _ = run.ticket
    figures.use_style()
    return run
