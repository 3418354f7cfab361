"""A WebSocket that sends a reading every second, and returns each message that it receives.

It needs Microdot's whole package on the board, see firmware/docs/programs.md.
"""

import asyncio
import gc
import json

import boardcert
from microdot import Microdot
from microdot.websocket import with_websocket

app = Microdot()


async def report(socket):
    while True:
        await socket.send(json.dumps({"free_bytes": gc.mem_free()}))
        await asyncio.sleep(1)


@app.get("/readings")
@with_websocket
async def readings(request, socket):
    reporting = asyncio.create_task(report(socket))
    try:
        while True:
            await socket.send(await socket.receive())
    finally:
        reporting.cancel()


boardcert.run(app)
