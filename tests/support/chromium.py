"""The Chromium of this machine."""

import os

import pytest

from workbench.runs import printing


def needed() -> str:
    """Where it lies; without one the test says so, and fails in CI."""
    found = printing.chromium()
    if found is None:
        report = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        report("no Chromium found; install the package chromium")
    return str(found)
