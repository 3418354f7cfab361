"""Workers with one PostgreSQL: each board has one verdict, even if workers are killed."""

import collections
import datetime
import functools
import json
import os
import signal
import subprocess
import sys
import time

import procrastinate
import pytest
import sqlalchemy as sa
from boardcert_host.cli import main
from boardcert_host.errors import Error
from boardcert_host.fleet.spool import spool
from boardcert_host.inventory import runs, store
from boardcert_host.scan.sweep import Wishes
from boardcert_host.workers import jobs, jobs_schema, scanning, verifying
from boardcert_host.workers.station import Station, StoppedError
from boardcert_host.workers.waiting import Ordered
from fleet_plan import REASONS, know
from inventory_cases import FLEET
from processes import started
from procrastinate.jobs import Job
from procrastinate.schema import SchemaManager

# The first job takes this long: two of its servers do not answer.
_LIMIT_S = 8.0
_PATIENCE_S = 120


@pytest.fixture
def names(fleet, postgresql):
    """Add the fleet; return the names of its servers."""
    return know(*fleet)


def begun(*words):
    """Start a command with the current environment."""
    command = [sys.executable, "-m", "boardcert_host", *words]
    return started(command, stdout=subprocess.PIPE, env=os.environ)


def doing():
    """Return how many jobs are running, once the tables exist."""
    with store.reading() as connection:
        jobs_schema.use_jobs(connection)
        query = "SELECT COUNT(*) FROM procrastinate_jobs WHERE status = 'doing'"
        return connection.execute(sa.text(query)).scalar_one()


def wait_for_a_job():
    """Wait until a worker has started a job."""
    end = time.monotonic() + _PATIENCE_S
    while not doing():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_killed_worker_loses_nothing(names, fleet):
    """If one of three workers is killed in the middle of a job, each board has one result."""
    jobs.make_app(Station())
    words = ("--all", "--workers", "--timeout", str(_LIMIT_S), "--retries", "0", "--json")
    with begun("verify", *words) as ordered, begun("worker") as first:
        wait_for_a_job()
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert doing()
        others = ("worker", "--stalled-after", "2")
        with begun(*others) as second, begun(*others) as third:
            output, _ = ordered.communicate(timeout=_PATIENCE_S)
            for worker in (second, third):
                worker.send_signal(signal.SIGTERM)
            assert (second.wait(_PATIENCE_S), third.wait(_PATIENCE_S)) == (0, 0)
    *lines, last = map(json.loads, output.splitlines())
    told = collections.Counter(one["asked"] for one in lines if not one["again"])
    assert told == dict.fromkeys(names, 1)
    assert (ordered.returncode, last["boards"], last["is_whole"]) == (1, FLEET, True)
    said = {one["asked"]: one["reasons"] for one in lines}
    for name, server in zip(names, fleet[0], strict=True):
        if server.kind in ("expired", "weak key", "changed key", "copied key", "copy"):
            assert REASONS[server.kind] in said[name]
    with store.reading() as connection:
        assert runs.count(connection, 1) == FLEET
        jobs_schema.use_jobs(connection)
        left = connection.execute(sa.text("SELECT COUNT(*) FROM procrastinate_jobs")).scalar_one()
    assert left == 0


def order(**more):
    """Order a run for all boards; return its number and the first of its slices."""
    number = jobs.begin(jobs.make_app(Station()), verifying.Plan(retries=0, **more))
    with store.reading() as connection:
        jobs_schema.use_jobs(connection)
        query = "SELECT args FROM procrastinate_jobs ORDER BY id"
        return number, list(connection.scalars(sa.text(query)))


def test_a_stopped_worker_leaves_the_rest_to_others(names):
    """A stopped worker's finished boards keep their results and are not asked again."""
    number, found = order(timeout_s=30.0)
    assert [len(one["boards"]) for one in found] == [10] * 6
    words = found[-1]["index"], found[-1]["boards"]
    said = []
    station = Station(log=said.append)
    station.is_stopping.set()
    with pytest.raises(StoppedError):
        verifying.verify_slice(station, number, *words)
    with store.writing() as connection:
        assert runs.count(connection, number) == 0
        one = {"asked": names[-1], "verdict": "valid", "again": False}
        runs.add(connection, number, {words[1][-1]: one})
    told = verifying.verify_slice(Station(), number, *words)
    assert told == f"run {number}, slice 6 of 6: 9 valid"
    assert "nothing left to do" in verifying.verify_slice(Station(), number, *words)
    with store.reading() as connection:
        (_, results), *rest = runs.results(connection, number)
        assert runs.get(connection, number).finished_at is None
    assert (len(results), rest) == (10, []) and one in results


def test_a_second_result_for_a_board_changes_nothing(names):
    """If two workers hold one job, the first result of a board counts."""
    number, found = order()
    board = found[0]["boards"][0]
    for verdict in ("valid", "not valid"):
        with store.writing() as connection:
            told = {"asked": names[0], "verdict": verdict, "again": False}
            runs.add(connection, number, {board: told})
    with store.reading() as connection:
        assert [one["verdict"] for _, page in runs.results(connection, number) for one in page] == [
            "valid"
        ]
    with store.writing() as connection:
        ended = [runs.end_slice(connection, number, index) for index in (0, 1, 2, 3, 4, 4, 5, 5)]
        runs.finish(connection, number)
        assert ended == [False] * 6 + [True] * 2
        assert not runs.end_slice(connection, number, 5)


def test_what_is_corrected_before_it_was_seen_is_told_twice(names):
    """As without workers, a verdict is printed, then its correction by comparing all boards."""
    number, found = order()
    told = {"asked": names[0], "verdict": "valid", "again": True, "reasons": []}
    told |= {"certificate": None, "address": None}
    with store.writing() as connection:
        runs.add(connection, number, {found[0]["boards"][0]: told})
        runs.finish(connection, number)
    lines = []
    ordered = Ordered(verifying.Plan(), None, lines.extend, print)
    ordered._number = number
    assert ordered._look()
    with spool() as kept:
        ordered._kept = kept
        assert ordered.summary(1).boards == 1
    assert lines == [told | {"again": False}, told]


def test_what_fails_is_done_again_later_and_then_told(names):
    """A failed job is retried at growing intervals, at once after a stop, then reported."""
    patience = jobs._Patience()

    def wait_s(error, attempts):
        now = datetime.datetime.now(datetime.timezone.utc)
        job = Job(
            id=1, queue="boards", lock=None, queueing_lock=None, task_name="x", attempts=attempts
        )
        decision = patience.get_retry_decision(exception=error, job=job)
        return decision and round((decision.retry_at - now).total_seconds(), -1)

    assert wait_s(StoppedError(), 99) == 0
    assert [wait_s(Error("x"), attempts) for attempts in (1, 2, 3, 5)] == [10, 20, 40, None]
    said, told = [], []
    ordered = Ordered(verifying.Plan(), None, told.append, said.append)
    ordered._number, _ = order()
    assert not ordered._look() and not ordered._look()
    assert said == ["no worker is there: start one, here or elsewhere: boardcert worker"]
    with store.writing() as connection:
        jobs_schema.use_jobs(connection)
        connection.execute(sa.text("UPDATE procrastinate_jobs SET status = 'failed' WHERE id = 1"))
    with pytest.raises(Error, match="could not do 1 jobs"):
        ordered._look()
    jobs.cancel(ordered._number)
    with store.reading() as connection:
        jobs_schema.use_jobs(connection)
        query = "SELECT status::text FROM procrastinate_jobs"
        assert list(connection.scalars(sa.text(query))) == ["failed"]


def test_the_tables_of_jobs_have_a_version(postgresql, capsys, monkeypatch):
    """The job tables have a version: a newer one is refused, an older one migrated."""
    options = jobs_schema.connection_options()
    assert options == jobs_schema.connection_options()
    assert "search_path" in options["kwargs"]["options"]
    with monkeypatch.context() as newer:
        newer.setattr(procrastinate, "__version__", "99.1.2")
        jobs_schema.connection_options()
    assert main(["worker", "--once"]) == 3
    assert "the jobs are of procrastinate 99.1.2" in capsys.readouterr().err
    folder = SchemaManager.get_migrations_path()
    after = list(jobs_schema._migrations_after((3, 3, 9), folder))
    assert len(after) == 2 and all("retry" in text for text in after)
    assert list(jobs_schema._migrations_after((3, 4, 0), folder)) == []


def test_a_night_has_its_jobs(names, fleet, monkeypatch):
    """Each night all boards are verified, and renewed by the worker with the CA's key."""
    assert main(["ca", "init"]) == 0
    from boardcert_host.ca.store import default_store
    from boardcert_host.workers.renewing import renew, renew_acme, renew_est
    from boardcert_host.workers.scanning import scan

    said = []
    at = datetime.time(2, 30)
    networks = [server.address for server in fleet[0][:2]]
    made = {"ca": default_store(), "acme": True, "est": True, "networks": networks}
    station = Station(**made, nightly=at, log=said.append)
    app = jobs.make_app(station)
    crons = {task.task.name: task.cron for task in app.periodic_registry.periodic_tasks.values()}
    nightly = ("verify_all", "renew", "renew_acme", "renew_est", "scan")
    assert crons == dict.fromkeys(nightly, "30 2 * * *")
    own = [station.renewals, station.orders, station.enrolments, station.scans]
    assert station.queues == ["boards", *own] and len(set(own)) == 4
    app.tasks["verify_all"].func(0)
    assert said == ["run 1 begins, of all boards"]
    assert renew(station) == "renewal: 0 boards: none is due"
    assert renew_acme(station) == "ACME: 0 boards: none was requested here"
    assert renew_est(station) == "EST: 0 boards: none was requested here"
    monkeypatch.setattr(scanning, "Wishes", functools.partial(Wishes, ports=[fleet[1]]))
    assert scan(station) == f"scan of {', '.join(networks)}: 2 known"
    station.is_stopping.set()
    with pytest.raises(StoppedError):
        scan(station)
    assert not set(nightly[1:]) & set(jobs.make_app(Station(nightly=at)).tasks)


def test_workers_need_a_shared_inventory(sqlite, capsys):
    """Workers need a shared inventory, and consistent options."""
    for words in (["worker", "--once"], ["verify", "--all", "--workers"]):
        assert main(words) == 2 or "no board is known" in capsys.readouterr().err
    assert main(["worker", "--once"]) == 2
    assert "workers need an inventory in PostgreSQL" in capsys.readouterr().err
    for words in (
        ["worker", "--renew"],
        ["worker", "--acme"],
        ["worker", "--est"],
        ["worker", "--nightly", "02:00", "--scan", "8.8.8.8"],
        ["worker", "--nightly", "25:00"],
        ["worker", "--parallel", "0"],
        ["worker", "--stalled-after", "0"],
        ["verify", "--workers"],
        ["verify", "kitchen.local", "--workers"],
        ["verify", "--all", "--workers", "--ca", "x.pem"],
    ):
        assert main(words) == 2, words
