"""What a visitor does, for Locust: signs in, leafs, filters, sums up, asks in SQL, imports.

Locust replaces Python's sockets by gevent's, so that nothing else may import this module. It runs
as `locust --headless -f …/locustfile.py`, beside nothing of Workbench's, and reads its orders from
files that two variables name: WORKBENCH_VISITORS lists who signs in (as the demo's `demo.json`
does), and WORKBENCH_VISITS is the folder where every answer is noted, and where samples lie.
"""

import json
import os
import random
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any, TextIO

from locust import FastHttpUser, between, events, task

VISITORS, VISITS = "WORKBENCH_VISITORS", "WORKBENCH_VISITS"
API = "/api/v1"
ROWS = f"{API}/datasets/flights/rows"
DESTINATIONS = ("LAX", "ATL", "ORD", "MCO", "BOS", "SFO")
PAUSE_SECONDS, PATIENCE_SECONDS = 0.25, 20
MONTHS = {
    "group": [{"column": "month"}],
    "measures": [{"function": "mean", "column": "arr_delay", "name": "delay"}],
}
SQL = "select dest, count(*) as flights from flights group by dest order by 2 desc limit 10"
folder = Path(os.environ[VISITS])
notes: dict[int, TextIO] = {}


def note(name: str, response_time: float, exception: Any, context: Any, **_: Any) -> None:
    """Note an answer in the file of this process: Locust forks after it has read this module."""
    pid = os.getpid()
    if pid not in notes:
        notes[pid] = (folder / f"answers-{pid}.jsonl").open("w", buffering=1)
    said = None if exception is None else str(exception)[:200]
    line = {"tenant": context.get("tenant"), "name": name, "at": time.time()}
    notes[pid].write(json.dumps(line | {"milliseconds": response_time, "error": said}) + "\n")


events.request.add_listener(note)


class Visitor(FastHttpUser):
    """Somebody of one tenant; each tenant has a class, so that Locust sends as many of each."""

    abstract = True
    wait_time = between(0.1, 0.4)
    person: dict[str, str]

    def context(self) -> dict[str, str]:
        """What each answer is noted with."""
        return {"tenant": self.person["tenant"]}

    def on_start(self) -> None:
        """Sign in, remember the token, and see the first pages: nobody leaves before."""
        wanted = {name: self.person[name] for name in ("email", "password", "tenant")}
        with self.client.post(f"{API}/auth/login", json=wanted, name="sign in") as answer:
            token = answer.json()["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}
        self.leaf()

    def rows(self, name: str, **parameters: str) -> dict[str, Any]:
        """Ask for a page; one that shows a row of another tenant's is an error."""
        with self.client.get(
            ROWS, params=parameters, headers=self.headers, name=name, catch_response=True
        ) as answer:
            if answer.status_code != HTTPStatus.OK:
                answer.failure(f"{answer.status_code}: {answer.text}")
                return {}
            found: dict[str, Any] = answer.json()
            if any(row["carrier"].lower() != self.person["tenant"] for row in found["items"]):
                answer.failure("a row of another tenant")
        return found

    @task(4)
    def leaf(self) -> None:
        """Read two pages, the second by the cursor of the first."""
        cursor = self.rows("page", limit="50").get("next_cursor")
        if cursor:
            self.rows("next page", limit="50", cursor=cursor)

    @task(3)
    def filter(self) -> None:
        """Read a page of one destination."""
        chosen = random.choice(DESTINATIONS)  # noqa: S311 (no secret)
        self.rows("filter", limit="50", filter=f"dest:eq:{chosen}")

    @task(3)
    def sum_up(self) -> None:
        """Ask for the mean delay of each month, as a dashboard does."""
        address = f"{API}/datasets/flights/query"
        self.client.post(address, json=MONTHS, headers=self.headers, name="aggregate")

    @task(2)
    def ask(self) -> None:
        """Ask in SQL."""
        order = {"sql": SQL, "limit": 10}
        self.client.post(f"{API}/sql", json=order, headers=self.headers, name="sql")

    @task(1)
    def bring(self) -> None:
        """Send the tenant's sample, where there is one, and wait until it is loaded."""
        begin = time.perf_counter()
        sample = folder / f"{self.person['tenant']}.csv"
        if not sample.exists():
            return
        file = ("sample.csv", sample.read_bytes(), "text/csv")
        with self.client.post(
            f"{API}/datasets/flights/imports",
            data={"mode": "append", "null_text": "NA"},
            files={"file": file},
            headers=self.headers,
            name="import",
            catch_response=True,
        ) as answer:
            if answer.status_code != HTTPStatus.ACCEPTED:
                answer.failure(f"{answer.status_code}: {answer.text}")
                return
            number = answer.json()["id"]
        self.look(number, begin)

    def look(self, number: str, begin: float) -> None:
        """Look until an import has ended, and note how long that took from its order."""
        status = "queued"
        while status in ("queued", "running") and time.perf_counter() - begin < PATIENCE_SECONDS:
            time.sleep(PAUSE_SECONDS)
            address = f"{API}/imports/{number}"
            with self.client.get(address, headers=self.headers, name="look") as answer:
                status = answer.json().get("status", "lost")
        self.environment.events.request.fire(
            request_type="",
            name="loaded",
            response_time=(time.perf_counter() - begin) * 1e3,
            response_length=0,
            exception=None if status == "succeeded" else RuntimeError(f"import {status}"),
            context=self.context(),
        )


for person in json.loads(Path(os.environ[VISITORS]).read_text()):
    if person["tenant"]:
        kind = "".join(letter for letter in person["email"] if letter.isalnum())
        globals()[kind] = type(kind, (Visitor,), {"person": person})
