"""The same storage in a local folder and in S3."""

from pathlib import Path

import pytest

from workbench.storage import Storage


@pytest.fixture(params=["file", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """An empty folder, and a bucket."""
    if request.param == "file":
        return Storage((tmp_path / "files").as_uri())
    return Storage(request.getfixturevalue("s3_url"))
