"""Every airline of the demo sees its own flights, all of them, and nobody else's."""

import os
from collections.abc import Iterator

import pytest

from tests.support.site import Site, ended, up

pytestmark = pytest.mark.xdist_group("site")

# Counted in the published file itself, apart from Workbench.
FLIGHTS = {
    "ua": 58_665,
    "b6": 54_635,
    "ev": 54_173,
    "dl": 48_110,
    "aa": 32_729,
    "mq": 26_397,
    "us": 20_536,
    "9e": 18_460,
    "wn": 12_275,
    "vx": 5_162,
    "fl": 3_260,
    "as": 714,
    "f9": 685,
    "yv": 601,
    "ha": 342,
    "oo": 32,
}
# Kernels take seconds each, so all sixteen run only where the full counts were asked for.
NOTEBOOK = tuple(FLIGHTS) if os.environ.get("WORKBENCH_PROVE") else ("ua", "oo")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`workbench up` on an empty home, with the demo loaded."""
    with up(tmp_path_factory.mktemp("site") / "home", "--no-lab") as site:
        yield site


@pytest.mark.parametrize("slug", FLIGHTS)
def test_the_api_counts_the_flights_of_one_airline(site: Site, slug: str) -> None:
    """An aggregate holds the tenant's rows, and only its carrier."""
    with site.sign_in(f"analyst@{slug}.example") as client:
        answer = client.post(
            "/datasets/flights/query",
            json={
                "group": [{"column": "carrier"}],
                "measures": [{"function": "count", "name": "flights"}],
            },
        ).raise_for_status()

    assert answer.json()["items"] == [{"carrier": slug.upper(), "flights": FLIGHTS[slug]}]


@pytest.mark.parametrize("slug", FLIGHTS)
def test_sql_counts_the_flights_of_one_airline(site: Site, slug: str) -> None:
    """Ad-hoc SQL without any filter holds the tenant's rows, and only its carrier."""
    with site.sign_in(f"analyst@{slug}.example") as client:
        answer = client.post(
            "/sql", json={"sql": "select carrier, count(*) from flights group by carrier"}
        ).raise_for_status()

    assert answer.json()["rows"] == [[slug.upper(), FLIGHTS[slug]]]


@pytest.mark.parametrize("slug", NOTEBOOK)
def test_a_notebook_reads_the_flights_of_one_airline(site: Site, slug: str) -> None:
    """The tenant report reads the tenant's rows, and says so in a metric and in its report."""
    with site.sign_in(f"analyst@{slug}.example") as client:
        order = client.post("/runs", json={"notebook": "tenant_report", "parameters": {}})
        run = ended(client, order.raise_for_status().json()["id"])
        metrics = client.get(f"/runs/{run['id']}/metrics").raise_for_status().json()["items"]
        report = client.get(f"/runs/{run['id']}/report").raise_for_status()

    assert run["status"] == "succeeded", run
    assert FLIGHTS[slug] == next(
        metric["value"] for metric in metrics if metric["name"] == "rows_read"
    )
    assert f"{FLIGHTS[slug]:,}" in report.text
