"""What people read on the dashboard of runs, and what its components hear."""

from types import SimpleNamespace
from typing import Any

import pytest

from dashboards.components.form import Form, Values
from dashboards.runs.state import HISTORY, NOTEBOOKS, Place
from dashboards.runs.store.planning import Sketch
from dashboards.runs.views import planning, words


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words.figure(0.2951, "s"), "0.295 s"),
        (words.figure(58665.0, "rows"), "58,665 rows"),
        (words.figure(None), "–"),
        (words.verdict(12, 10), "20% over budget"),
        (words.verdict(1, 0), "over budget"),
        (words.verdict(0, 0), "within budget"),
        (words.verdict(5, None), ""),
        (words.rhythm("30 7 * * MON-FRI"), "Monday to Friday at 07:30"),
        (words.rhythm("0 6 * * sun"), "Every Sunday at 06:00"),
        (words.rhythm("5 18 1 * *"), "On day 1 of each month at 18:05"),
        (words.rhythm("*/5 * * * *"), "*/5 * * * *"),
        (words.rhythm("0 6 1 * MON"), "0 6 1 * MON"),
        (words.size(999), "999 bytes"),
        (words.size(2_700), "2.7 kB"),
        (words.size(3_000_000), "3.0 MB"),
        (words.value([]), "nothing"),
        (words.value(["a", None, True]), "a, nothing, yes"),
    ],
)
def test_words(said: str, expected: str) -> None:
    """Figures, verdicts, rhythms, sizes and values are told as people say them."""
    assert said == expected


def test_a_place_is_its_address() -> None:
    """An address names a place and comes back from it; what it does not know is left out."""
    place = Place(tab=HISTORY, notebook="tenant_report", who="me", since="2026-01-01")

    assert Place.read(place.search) == place
    assert Place.of({"run": [b"\xff1"], "unknown": [b"x"]}) == Place(run="�1")
    assert Place.read("?tab=%3Cscript%3E&evil=1").shown == NOTEBOOKS
    assert len(Place.read(f"?run={'x' * 5000}").run) == 200


@pytest.mark.parametrize("told", [None, "text", {}, {"after": "x", "catch_up": "1", "cron": None}])
def test_a_sketch_takes_what_comes(told: Any) -> None:
    """Whatever a browser tells of a schedule becomes a sketch, which the room refuses."""
    assert planning.read(told) == Sketch("", "", None, "UTC", [], 1, [])


async def test_a_form_submits_what_has_no_fault() -> None:
    """Nothing is sent off that the room finds fault with, nor anything that is no form's."""
    sent: list[Values] = []

    async def check(values: Values) -> dict[str, str]:
        return {} if values.get("top") == 1 else {"top": "It must be one."}

    async def submit(values: Values) -> None:
        sent.append(values)

    form = Form.of(check, submit, action="Start")
    [hear] = form._msg__callbacks
    for data in (
        {"kind": "submit", "form": {"values": {"top": 2}, "number": 3}},
        "text",
        {"kind": "other"},
    ):
        await hear(SimpleNamespace(data=data))
    assert (sent, form.faults, form.checked) == ([], {"top": "It must be one."}, 3)

    await hear(
        SimpleNamespace(data={"kind": "submit", "form": {"values": {"top": 1}, "number": 4}})
    )
    assert (sent, form.faults, form.is_busy) == ([{"top": 1}], {}, False)
