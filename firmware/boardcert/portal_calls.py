"""Calls that spare a small board's stack and memory."""

import asyncio
import sys

from .lifecycle import release


async def apart(function, *arguments):
    """Return function(*arguments), called from a task of its own.

    Handlers run deep inside of the server and Microdot, and the stack of a Pico is small: there,
    making a key fails.
    """

    async def call():
        return function(*arguments)

    return await asyncio.create_task(call())


def without_staying(function, *arguments):
    """Return function(*arguments); the modules that it imported are released again."""
    loaded = set(sys.modules)
    try:
        return function(*arguments)
    finally:
        release(loaded)
