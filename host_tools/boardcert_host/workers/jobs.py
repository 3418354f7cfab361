"""The jobs of workers: what they are called, what they do, and what becomes of one that fails.

procrastinate keeps them, hands each to one worker, and gives it to another when that one dies.
"""

from collections.abc import Callable
from typing import Any

import procrastinate
import sqlalchemy as sa
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from .. import clock
from ..errors import Error
from ..inventory import runs, store
from . import jobs_schema
from .renewing import renew, renew_acme, renew_est
from .scanning import scan
from .station import BOARDS, Station, StoppedError
from .verifying import Plan, slices, verify_slice

VERIFY = "verify_slice"
# After 5, 10, 20, 40 and 80 s; then somebody has to look.
_MOST_ATTEMPTS = 5
_FIRST_WAIT_S = 5


class _Patience(BaseRetryStrategy):
    """Do a job again: at once when the worker was to stop, else after a while, then never."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return when to do it again, None for never."""
        if isinstance(exception, StoppedError):
            return RetryDecision(retry_in={"seconds": 0})
        if job.attempts >= _MOST_ATTEMPTS:
            return None
        return RetryDecision(retry_in={"seconds": _FIRST_WAIT_S << job.attempts})


def make_app(station: Station) -> procrastinate.App:
    """Return the jobs, as this worker does them. Their tables are there by then. Raises Error."""
    options = jobs_schema.connection_options()
    connector = procrastinate.PsycopgConnector(min_size=1, max_size=4, **options)
    app = procrastinate.App(connector=connector)
    patience = _Patience()

    @app.task(name=VERIFY, queue=BOARDS, retry=patience)
    def _verify(run: int, index: int, boards: list[int]) -> None:
        _doing(station, lambda: verify_slice(station, run, index, boards))

    if station.nightly:
        cron = f"{station.nightly.minute} {station.nightly.hour} * * *"

        @app.periodic(cron=cron)
        @app.task(name="verify_all", queue=BOARDS, retry=patience, queueing_lock="verify_all")
        def _verify_all(timestamp: int) -> None:
            _doing(station, lambda: f"run {begin(app, Plan())} begins, of all boards")

        if station.ca:
            _each_night(app, station, cron, station.renewals, renew)
        if station.acme:
            _each_night(app, station, cron, station.orders, renew_acme)
        if station.est:
            _each_night(app, station, cron, station.enrolments, renew_est)
        if station.networks:
            _each_night(app, station, cron, station.scans, scan)
    return app


def _each_night(
    app: procrastinate.App,
    station: Station,
    cron: str,
    queue: str,
    work: Callable[[Station], str],
) -> None:
    """Have one of the workers that take jobs from *queue* do *work* each night."""

    @app.periodic(cron=cron, periodic_id=queue)
    @app.task(name=work.__name__, queue=queue, retry=_Patience(), queueing_lock=queue)
    def _work(timestamp: int) -> None:
        _doing(station, lambda: work(station))


def begin(app: procrastinate.App, plan: Plan) -> int:
    """Begin a verification, with all its jobs or not at all; return its number."""
    cut = slices(plan.wanted)
    with store.writing() as connection, jobs_schema.sentences():
        count = sum(map(len, cut))
        number = runs.begin(connection, count, len(cut), plan.options())
        rows: list[Any] = [
            {"run": number, "index": index, "boards": boards} for index, boards in enumerate(cut)
        ]
        if rows:
            jobs_schema.use_jobs(connection)
            raw = jobs_schema.raw_of(connection)
            app.tasks[VERIFY].configure(connection=raw).batch_defer(*rows)
    return number


def cancel(number: int) -> None:
    """Cancel the jobs of a run that no worker has started."""
    cancelled = "SELECT procrastinate_cancel_job_v1(id, false, true) FROM procrastinate_jobs"
    with store.writing() as connection:
        jobs_schema.use_jobs(connection)
        connection.execute(sa.text(f"{cancelled} WHERE status = 'todo' AND {_OF_RUN}"), _of(number))


def count_failed(number: int) -> int:
    """Return how many jobs of a run have failed for good."""
    query = f"{_COUNT} FROM procrastinate_jobs WHERE status = 'failed' AND {_OF_RUN}"
    with store.reading() as connection:
        jobs_schema.use_jobs(connection)
        return connection.execute(sa.text(query), _of(number)).scalar_one()


def count_workers(within_s: int = 60) -> int:
    """Return how many workers have reported within a time that they are alive."""
    query = f"{_COUNT} FROM procrastinate_workers"
    query += " WHERE last_heartbeat > now() - make_interval(secs => :seconds)"
    with store.reading() as connection:
        jobs_schema.use_jobs(connection)
        return connection.execute(sa.text(query), {"seconds": within_s}).scalar_one()


def give_back(stalled_s: float) -> None:
    """Return the jobs of workers that have shown no sign of life for *stalled_s* to the queue.

    One program at a time, so that nobody takes away a job that has begun again meanwhile.
    """
    from procrastinate.sql import queries

    with store.writing() as connection, jobs_schema.sentences():
        jobs_schema.use_jobs(connection)
        raw = jobs_schema.raw_of(connection)
        wanted = {"queue": None, "task_name": None, "seconds_since_heartbeat": stalled_s}
        stalled = raw.execute(queries["select_stalled_jobs_by_heartbeat"], wanted).fetchall()
        same = dict.fromkeys(("new_priority", "new_queue_name", "new_lock"))
        for job_id, *_ in stalled:
            again = {"job_id": job_id, "retry_at": clock.now()} | same
            raw.execute(queries["retry_job"], again)


_COUNT = "SELECT COUNT(*)"
_OF_RUN = "task_name = :task AND (args ->> 'run')::int = :run"


def _of(number: int) -> dict[str, Any]:
    return {"task": VERIFY, "run": number}


def _doing(station: Station, work: Callable[[], str]) -> None:
    """Do a job, and log the result; procrastinate decides what follows a failure."""
    try:
        station.log(work())
    except StoppedError:
        raise
    except Error as error:
        station.log(f"failed, to be done again: {error.message}")
        raise
