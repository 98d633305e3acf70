"""Slots in a time zone: daylight saving, and what no clock ever shows (N11)."""

from datetime import UTC, datetime

import pytest

from tests.schedules.conftest import at
from workbench.errors import Invalid
from workbench.schedules import times

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("cron", "moment", "expected"),
    [
        # Spring leaves 02:30 out: it runs once at the next moment, 03:00.
        ("30 2 * * *", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        # Two times that are left out come at one moment: one slot.
        ("0,30 2 * * *", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:00"]),
        # Autumn shows 02:30 twice: it runs at the first.
        ("30 2 * * *", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        # Between the two, the second is no slot.
        ("30 2 * * *", "2026-10-25T01:10", ["2026-10-26T01:30", "2026-10-27T01:30"]),
        # Every hour is every hour, on both days.
        ("0 * * * *", "2026-10-25T00:00", ["2026-10-25T01:00", "2026-10-25T02:00"]),
        ("0 * * * *", "2026-03-29T00:00", ["2026-03-29T01:00", "2026-03-29T02:00"]),
    ],
)
def test_each_slot_comes_once(cron: str, moment: str, expected: list[str]) -> None:
    """In spring and in autumn, as the guide says."""
    found = times.following(cron, BERLIN, at(moment), 2)
    slots = [at(text) for text in expected]
    assert [slot.astimezone(UTC) for slot in found] == slots
    assert times.due(cron, BERLIN, slots[0], slots[1], 24) == slots


def test_a_long_rest_is_looked_through_quickly() -> None:
    """Of a year of minutes only the newest are looked at."""
    found = times.due("* * * * *", "UTC", at("2025-01-01"), at("2026-01-01"), 2)
    assert found == [at("2025-12-31T23:59"), at("2026-01-01")]


@pytest.mark.parametrize(
    ("cron", "zone"),
    [
        ("* * * * * *", "UTC"),  # seconds
        ("0 0 30 2 *", "UTC"),
        ("61 * * * *", "UTC"),
        ("", "UTC"),
        ("@daily", "UTC"),
        ("0 0 * * *", "Mars/Olympus"),
        ("0 0 * * *", "../../etc/passwd"),
    ],
)
def test_what_never_comes_is_refused(cron: str, zone: str) -> None:
    """No schedule follows what no clock shows; a usual one is let through."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    times.check("0 6 * * 1-5", BERLIN, now)
    with pytest.raises(Invalid):
        times.check(cron, zone, now)
