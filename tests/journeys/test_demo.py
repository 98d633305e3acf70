"""Every airline of the demo sees its own flights, all of them, and nobody else's."""

import os
import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser

from tests.support.site import Site, ended, up

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
# Kernels and pages take seconds each: all sixteen only where the full counts were asked for.
SOME = tuple(FLIGHTS) if os.environ.get("WORKBENCH_PROVE") else ("ua", "oo")


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


@pytest.mark.parametrize("slug", SOME)
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


@pytest.mark.parametrize("slug", SOME)
async def test_a_dashboard_shows_the_flights_of_one_airline(
    site: Site, browser: Browser, slug: str
) -> None:
    """The page counts the tenant's rows, and its table names no other carrier."""
    with site.sign_in(f"analyst@{slug}.example") as client:
        token = client.headers["Authorization"].removeprefix("Bearer ")
    context = await browser.new_context()
    await context.add_cookies([{"name": "workbench_access", "value": token, "url": site.url}])
    page = await context.new_page()
    await page.goto(f"{site.url}/dashboards/flights")

    await page.get_by_text(f"{FLIGHTS[slug]:,} flights of").wait_for()
    numbers = page.get_by_text(re.compile(rf"^({'|'.join(FLIGHTS)}) \d+$", re.IGNORECASE))
    await numbers.first.wait_for()

    carriers = {text.split()[0] for text in await numbers.all_inner_texts()}
    assert carriers == {slug.upper()}
