"""What every test may ask for: a database of its own, settings that know loopback, a clock that advances itself.

One cluster per test process (so one per xdist worker), made on first use; one database per test, copied from a
migrated template. Nothing but loopback and unix sockets can be reached.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from ipaddress import ip_network

import pytest
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import make_engine
from ingest.shell import Shell
from kliping.settings import Settings
from tests import sockets
from tests.clock import FakeClock
from tests.postgres import PG15, Cluster
from tests.shell import shell_on
from tests.world import World

sockets.install()


@pytest.fixture(autouse=True)
def reached() -> Iterator[list[str]]:
    """Fail the test that tried to reach another machine, also when its code took the refusal for an answer."""
    sockets.blocked.clear()
    yield sockets.blocked
    assert not sockets.blocked, f"tried to reach {sockets.blocked}"


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    """A command that ran inside a test set up logging on that test's own stream: nobody after it writes there."""
    yield
    structlog.reset_defaults()
    for handler in list(logging.getLogger().handlers):
        if isinstance(getattr(handler, "formatter", None), structlog.stdlib.ProcessorFormatter):
            logging.getLogger().removeHandler(handler)


@pytest.fixture
def settings() -> Settings:
    """The defaults, with loopback open."""
    return Settings(allow_networks=(ip_network("127.0.0.0/8"),))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The process's own Postgres."""
    with Cluster() as running:
        yield running


@pytest.fixture
def dsn(cluster: Cluster) -> Iterator[str]:
    """A migrated database, dropped afterwards."""
    name = cluster.create()
    yield cluster.database_dsn(name)
    cluster.drop(name)


@pytest.fixture
def empty_dsn(cluster: Cluster) -> Iterator[str]:
    """A database with nothing in it."""
    name = cluster.create("template0")
    yield cluster.database_dsn(name)
    cluster.drop(name)


@pytest.fixture(scope="session", params=["bundled", "15"])
def bare_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A Postgres nothing was done to, ours and the oldest we promise; its roles belong to the tests that ask for it."""
    pg_bin = None if request.param == "bundled" else PG15
    if pg_bin is not None and not pg_bin.exists():
        pytest.skip("no Postgres 15 here")
    with Cluster(pg_bin) as running:
        yield running


@pytest.fixture
async def engine(dsn: str, settings: Settings) -> AsyncIterator[AsyncEngine]:
    """An async engine on the test's database."""
    made = make_engine(dsn, settings, pool=5)
    yield made
    await made.dispose()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """The small web of blogs."""
    async with World() as running:
        yield running


@pytest.fixture
async def shell(engine: AsyncEngine, settings: Settings, clock: FakeClock) -> AsyncIterator[Shell]:
    """A running shell on the test's database."""
    async with shell_on(engine, settings, clock) as running:
        yield running
