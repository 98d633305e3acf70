"""A small shared dataset, defined and filled through the API itself."""

from typing import Any

import httpx

from workbench.db.ids import new_id

COLUMNS = [
    {"name": "code", "type": "text", "title": "Code"},
    {"name": "amount", "type": "integer", "unit": "pieces"},
    {"name": "share", "type": "number"},
    {"name": "is_open", "type": "boolean"},
    {"name": "day", "type": "date"},
    {"name": "sold_at", "type": "timestamp"},
]
CSV = (
    "code,amount,share,is_open,day,sold_at\n"
    "a,1,0.5,true,2026-01-31,2026-01-31T12:00:00Z\n"
    "b,2,,false,2026-02-01,\n"
    "c,many,0.5,true,2026-02-02,\n"
)


def order(**change: Any) -> dict[str, Any]:
    """The order of a dataset with a name of its own."""
    return {"name": f"sales_{new_id().hex}", "title": "Sales", "columns": COLUMNS} | change


async def define(operating: httpx.AsyncClient) -> str:
    """Define a dataset for every tenant there is, and answer its name."""
    response = await operating.post("/api/v1/datasets", json=order())
    assert response.status_code == 201, response.text
    return str(response.json()["name"])


async def fill(client: httpx.AsyncClient, name: str, count: int) -> list[int]:
    """Add so many rows and answer their ids."""
    rows = [
        {"code": f"c{n % 3}", "amount": n, "day": f"2026-01-{n % 28 + 1:02}"} for n in range(count)
    ]
    response = await client.post(f"/api/v1/datasets/{name}/rows", json={"rows": rows})
    assert response.status_code == 201, response.text
    ids: list[int] = response.json()["row_ids"]
    return ids
