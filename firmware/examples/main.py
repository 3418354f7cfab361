"""An example: join the Wi-Fi, and serve the page of this board's certificate over HTTPS.

`boardcert flash` puts it on a board that has no main.py, and never overwrites one.
"""

import asyncio
import json

import boardcert

ATTEMPT_S = 20
PAUSE_S = 5


async def stay_connected(ssid: str, password: str) -> None:
    """Join the network, and join it again whenever it was lost."""
    import network

    link = network.WLAN(network.STA_IF)
    link.active(True)
    while True:
        if not link.isconnected():
            link.connect(ssid, password)
            for _ in range(ATTEMPT_S):
                if link.isconnected():
                    print("address", link.ifconfig()[0])
                    break
                await asyncio.sleep(1)
            else:
                link.disconnect()
        await asyncio.sleep(PAUSE_S)


async def main() -> None:
    """Serve until the power goes."""
    boardcert.enable()  # first: it gives the network this board's own name
    try:
        with open(boardcert.DIRECTORY + "/wifi.json") as file:
            wifi = json.load(file)
    except OSError:
        print("no wifi.json: connect a network of your own here")
    else:
        await stay_connected(wifi["ssid"], wifi["password"])
    while True:
        await asyncio.sleep(3600)


asyncio.run(main())
