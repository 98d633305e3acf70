import asyncio, gc
from tests.dashboards.conftest import *
from tests.dashboards.test_guard import answer
async def test_leak(site, actor):
    from dashboards.flights.app import Flights
    for _ in range(3):
        async with site.connect(await site.token(actor,'/dashboards/flights'), site.cookie(actor), path='/dashboards/flights') as s:
            await answer(s)
            await asyncio.sleep(0.5)
    for _ in range(60):
        await asyncio.sleep(0.2)
        if not site.sessions(): break
    await asyncio.sleep(1); gc.collect()
    alive=[o for o in gc.get_objects() if isinstance(o, Flights)]
    print('SESSIONS', site.sessions(), 'ALIVE', len(alive))
    from bokeh.document import Document
    docs=[o for o in gc.get_objects() if isinstance(o, Document)]
    print('DOCS', len(docs))
    import sys, types
    mods={id(vars(m)):n for n,m in list(sys.modules.items()) if isinstance(m, types.ModuleType)}
    def path(target):
        from collections import deque
        q=deque([(target,None)]); par={id(target):(target,None)}
        while q:
            o,_=q.popleft()
            if len(par)>400000: return
            for r in gc.get_referrers(o):
                if id(r) in par or r is alive or r is docs or r is par or r is q or isinstance(r,(types.FrameType,)) or type(r).__name__ in('list_iterator','deque'): continue
                if isinstance(r,tuple) and len(r)==2 and r[0] is o: continue
                par[id(r)]=(r,o)
                root = mods.get(id(r)) or (isinstance(r,type) and r.__module__+'.'+r.__name__) or (type(r).__name__ in ('Task','Context','coroutine','_asyncio.Task','TimerHandle','Handle') and type(r).__name__)
                if root and root not in ('tests.dashboards.test_zz_leak_tmp',):
                    print('ROOT', root)
                    c=r
                    while c is not None:
                        print('   ', type(c).__name__, (str(list(c)[:3])+str(len(c)) if isinstance(c,dict) else repr(c))[:150]); c=par[id(c)][1]
                    n_roots.append(1)
                    if len(n_roots)>=3: return
                    continue
                q.append((r,o))
    n_roots=[]
    path(alive[0])
