"""Runs on the board as its main.py: it joins the Wi-Fi, and serves the page and an application.

The host writes *microdot* and what joins before it. On port 8, without TLS, it sends the host what
it has noted: when, in microseconds from the reset, and how much of the heap is free.
"""

import gc
from time import sleep_ms, ticks_us

import network

marks = {"start_us": ticks_us()}
wlan = network.WLAN(network.STA_IF)
wlan.active(True)
marks["radio_us"] = ticks_us()
wlan.connect(ssid, password)  # noqa: F821
while not wlan.isconnected():
    sleep_ms(5)
marks["joined_us"] = ticks_us()
gc.collect()
marks["free_before"] = gc.mem_free()

import asyncio  # noqa: E402
import json  # noqa: E402

import boardcert  # noqa: E402

in_progress = 0


async def hold(path):
    """Stay in progress until as many are as "/3" asks for; return the most there were."""
    global in_progress
    in_progress += 1
    most = in_progress
    for _ in range(_HOLD_MS // 20):
        most = max(most, in_progress)
        if most >= int(path[1:]):
            break
        await asyncio.sleep_ms(20)
    if most > 1:  # The others are to see it, too.
        await asyncio.sleep_ms(100)
    in_progress -= 1
    return str(most)


_HOLD_MS = 8000


async def handler(reader, writer):
    """Answer one request."""
    path = (await reader.readline()).split()[1].decode()
    while await reader.readline() > b"\r\n":
        pass
    body = await hold(path)
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    await writer.drain()


def microdot_app():
    """Return the same for Microdot."""
    from microdot import Microdot

    app = Microdot()

    @app.get("/<path>")
    async def answer(_request, path):
        return await hold("/" + path)

    return app


async def tell(_reader, writer):
    """Report what was noted, and how much is free now."""
    gc.collect()
    marks["free"] = gc.mem_free()
    writer.write(json.dumps(marks))
    await writer.drain()
    await writer.wait_closed()


async def main():
    boardcert.enable()
    marks["enabled_us"] = ticks_us()
    await asyncio.start_server(tell, "0.0.0.0", 8)
    await boardcert.serve(microdot_app() if microdot else handler)  # noqa: F821


asyncio.run(main())
