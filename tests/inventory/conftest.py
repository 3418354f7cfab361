"""Fixtures that run the same tests on SQLite and on a PostgreSQL server started here."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from boardcert_host.inventory import database
from boardcert_host.inventory.changes import note_provisioned
from boardcert_host.trust.pins import add_pin
from fleet_plan import Server, make_plan
from fleet_servers import serving
from inventory_cases import FLEET, report
from postgresql import cluster, programs

_numbers = itertools.count()


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Server], int]]:
    """Serve a fleet with one server of each fault; yield its servers and their port."""
    folder = tmp_path_factory.mktemp("fleet")
    servers = make_plan(folder, FLEET, 1)
    with serving(folder) as port:
        yield servers, port


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """Start a server once, and yield the URL of its database."""
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL is not installed")
    with cluster(folder) as url:
        yield url.format(name="postgres")


@pytest.fixture
def postgresql(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put the inventory in a schema of its own in PostgreSQL; yield its URL."""
    schema = f"test_{next(_numbers)}"
    engine = sa.create_engine(postgresql_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    engine.dispose()
    url = f"{postgresql_url}&options=-csearch_path%3D{schema}"
    monkeypatch.setenv("BOARDCERT_INVENTORY", url)
    return url


@pytest.fixture
def sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the inventory in a file in a directory that does not exist yet; return its path."""
    path = tmp_path / "more" / "inventory.db"
    monkeypatch.setenv("BOARDCERT_INVENTORY", str(path))
    return path


@pytest.fixture
def new_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open the inventory with a new engine, so that a test's changes apply."""
    monkeypatch.setattr(database, "_engine", database._engine.__wrapped__)


@pytest.fixture(params=["sqlite", "postgresql"])
def inventory(request: pytest.FixtureRequest) -> str:
    """Put the inventory in each kind of database in turn; return which."""
    request.getfixturevalue(request.param)
    return request.param


@pytest.fixture
def three(inventory: str) -> None:
    """Add three boards."""
    add_pin("sensor-001.local", report(1, 10), 20034, "192.168.4.11")
    add_pin("sensor-002.local", report(2, 200, source="installed"), 20034, "192.168.4.12")
    add_pin("hall_x.local", report(3, 30), None, None)
    add_pin("10.0.0.3:8443", report(3, 30))
    note_provisioned("sensor-001.local", "0001")
