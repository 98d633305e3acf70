"""Throughput of a page of 50 flights."""

import asyncio, time, os, subprocess, sys, json, socket
import httpx, pytest
from tests.support import flights
from tests.api.conftest import bearer
from workbench.identity.tokens import Tokens


async def test_bench(settings, database, storage, make_actor, tenant):
    await flights.load(database, tenant.id, "UA", 1000)
    actor = await make_actor(tenant, "owner")
    token = bearer(Tokens(settings.secret_keys), actor)
    from workbench.api import app as api
    from workbench import logs
    import uvicorn, threading, io

    roomy = settings.model_copy(update={"rate_limit": "1000000/minute"})
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    code = f"""
import sys, os
sys.path.insert(0, "/work/main")
from pathlib import Path
from workbench.settings import Settings
from workbench.db import connect
from workbench.storage import Storage
from workbench.api import app as api
from workbench import logs
import uvicorn
s = Settings(_env_file=None, home=Path({str(settings.home)!r}), log="json", rate_limit="1000000/minute")
logs.configure("json", stream=open(os.devnull, "w"))
app = api.create(s, connect.database(s), Storage(s.storage))
if os.environ.get("PROFILE"):
    import cProfile
    cProfile.run("uvicorn.run(app, port={port}, log_config=None, proxy_headers=False)", os.environ["PROFILE"])
else:
    uvicorn.run(app, port={port}, log_config=None, proxy_headers=False)
"""
    p = subprocess.Popen([sys.executable, "-c", code])
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}
    ) as c:
        for _ in range(100):
            try:
                r = await c.get("/health/ready")
                break
            except httpx.ConnectError:
                await asyncio.sleep(0.1)
        print(r.status_code, r.text)
        r = await c.get("/api/v1/datasets/flights/rows")
        print(r.status_code, len(r.content))
    for url in ("/health/live", "/api/v1/auth/me", "/api/v1/datasets/flights/rows?limit=50"):
        script = f'''
import http.client, threading, time
N={{"n":0}}
stop=time.time()+4
def work():
    c=http.client.HTTPConnection("127.0.0.1",{port})
    while time.time()<stop:
        c.request("GET","{url}",headers={{"Authorization":"Bearer {token}"}}); r=c.getresponse(); r.read(); assert r.status==200, r.status
        N["n"]+=1
ts=[threading.Thread(target=work) for _ in range(8)]
[t.start() for t in ts]; [t.join() for t in ts]
print("{url}", N["n"]/4, "/s")
'''
        import psutil

        ps = psutil.Process(p.pid)
        t0 = sum(ps.cpu_times()[:2])
        out = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", script], capture_output=True, text=True
        )
        n = float(out.stdout.split()[-2]) * 4
        print(
            out.stdout.strip(),
            "cpu ms/request",
            round((sum(ps.cpu_times()[:2]) - t0) / n * 1000, 2),
        )
    import signal

    p.send_signal(signal.SIGINT)
    p.wait(10)
