"""Calls that spare a small board's stack."""

import asyncio


async def apart(function, *arguments):
    """Return function(*arguments), called from a task of its own.

    Handlers run deep inside of the server and Microdot, and the stack of a Pico is small: there,
    making a key fails.
    """

    async def call():
        return function(*arguments)

    return await asyncio.create_task(call())
