"""Files over HTTP."""

import httpx
import pytest

URL = "/api/v1/files"


@pytest.mark.acts_as("engineer")
async def test_smoke(client: httpx.AsyncClient) -> None:
    """It goes."""
    made = await client.post(URL, files={"file": ("../../ä b.png", b"<html>x" * 10, "image/png")})
    assert made.status_code == 201, made.text
    print(made.json(), made.headers)
    got = await client.get(f"{URL}/{made.json()['id']}/content")
    print(got.status_code, got.headers, got.content)
    print((await client.get(f"{URL}/quota")).json())
    up = await client.post(f"{URL}/uploads", json={"name": "x", "size": 10})
    print(up.status_code, up.text, up.headers)
    u = up.headers["location"]
    print((await client.patch(u, content=b"01234", headers={"Upload-Offset": "0"})).headers)
    print((await client.head(u)).headers)
    p = await client.patch(u, content=b"56789", headers={"Upload-Offset": "5"})
    print(p.status_code, p.headers)
    f = await client.post(f"{u}/finish")
    print(f.status_code, f.text)
    f = await client.post(f"{u}/finish")
    print(f.status_code, f.text)
    print((await client.get(f"{URL}/quota")).json())
