"""A worker's main loop: it takes jobs until it is to stop, and looks after those of the dead."""

import asyncio
import contextlib
import logging
import signal

from ..inventory import database
from . import jobs_schema
from .jobs import give_back, make_app
from .station import JOBS, Station

# New jobs are announced; for one whose announcement was lost.
_POLL_S = 5.0
# Many workers write in turns, each some hundred results; nobody sits in front of them.
_PATIENCE_S = 300


class _Telling(logging.Handler):
    """Says what procrastinate warns of, in one line."""

    def __init__(self, station: Station) -> None:
        super().__init__(logging.WARNING)
        self._station = station

    def emit(self, record: logging.LogRecord) -> None:
        """Say the message, without the traceback: a job's Error was logged already."""
        self._station.log(record.getMessage())


def serve(station: Station, is_once: bool, stalled_s: float) -> None:
    """Do jobs until SIGTERM or SIGINT; with *is_once*, until there is none left. Raises Error.

    *stalled_s*: after so long without a sign of life, a worker's jobs are given to others.
    """
    database.be_patient(_PATIENCE_S)
    log = logging.getLogger("procrastinate")
    handler, was_propagating = _Telling(station), log.propagate
    log.addHandler(handler)
    log.propagate = False
    try:
        with jobs_schema.sentences():
            asyncio.run(_serve(station, is_once, stalled_s))
    finally:
        log.removeHandler(handler)
        log.propagate = was_propagating


async def _serve(station: Station, is_once: bool, stalled_s: float) -> None:
    app = make_app(station)
    loop = asyncio.get_running_loop()
    async with app.open_async():
        working = asyncio.create_task(
            app.run_worker_async(
                queues=station.queues,
                wait=not is_once,
                concurrency=JOBS,
                delete_jobs="successful",
                fetch_job_polling_interval=_POLL_S,
                install_signal_handlers=False,
                update_heartbeat_interval=stalled_s / 3,
                stalled_worker_timeout=stalled_s,
            )
        )

        def stop() -> None:
            station.is_stopping.set()
            working.cancel()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        looking = asyncio.create_task(_look_after(stalled_s))
        try:
            done, _ = await asyncio.wait({working, looking}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                with contextlib.suppress(asyncio.CancelledError):
                    task.result()
        finally:
            for task in (looking, working):
                task.cancel()
            await asyncio.gather(looking, working, return_exceptions=True)
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)


async def _look_after(stalled_s: float) -> None:
    """Give jobs of workers that have died to others, for as long as this one works."""
    while True:
        await asyncio.to_thread(give_back, stalled_s)
        await asyncio.sleep(stalled_s / 3)
