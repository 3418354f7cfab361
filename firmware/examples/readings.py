"""Readings as JSON, for readings_client.py, readings_client.sh and readings_client.mjs."""

import gc
from time import ticks_ms

import boardcert
from microdot import Microdot

app = Microdot()


@app.get("/readings")
async def readings(request):
    return {"uptime_ms": ticks_ms(), "free_bytes": gc.mem_free()}


boardcert.run(app)
