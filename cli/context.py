"""What a verb needs to do its work: settings, a clock and a database that answers.

Without KLIPING_DATABASE_URL the embedded Postgres is used: a running service's when there is one, else one that is
started for this command and stopped after it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import structlog

from kliping.clock import Clock, SystemClock
from kliping.errors import KlipingError
from kliping.settings import Settings, load

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from db.embedded import EmbeddedPostgres

T = TypeVar("T")
PATIENCE = 600.0  # seconds


@dataclass(frozen=True, slots=True)
class Session:
    """One verb's means."""

    settings: Settings
    clock: Clock
    engine: AsyncEngine
    embedded: bool


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The DSN of a database at this release's schema. Raises DatabaseError."""
    configured = settings.database_dsn()
    if configured is not None:
        yield configured
        return
    from db import migrate
    from db.embedded import EmbeddedPostgres

    server = EmbeddedPostgres(settings)
    dsn = server.attach_or_start()
    try:
        if server.pid is not None:  # ours for this command: nobody has looked after it yet
            migrate.upgrade(dsn)
        yield dsn
    except KlipingError:
        _let_others_finish(server, dsn, settings)
        raise
    else:
        _let_others_finish(server, dsn, settings)
    finally:
        server.stop()


def _let_others_finish(server: EmbeddedPostgres, dsn: str, settings: Settings) -> None:
    """Our Postgres ends with us: a command that attached to it meanwhile is let finish first."""
    if server.pid is not None:
        asyncio.run(_until_alone(dsn, settings))


def with_database(work: Callable[[Session], Awaitable[T]], settings: Settings | None = None) -> T:
    """Run `work` with a database and return what it returns. Raises KlipingError."""
    settings = settings or quiet()
    with database(settings) as dsn:
        return asyncio.run(_run(work, settings, dsn))


async def _until_alone(dsn: str, settings: Settings) -> None:
    """Wait until nobody else uses the database, for as long as PATIENCE."""
    from db.engine import make_engine
    from db.session import others

    engine = make_engine(dsn, settings, pool=1)
    try:
        async with asyncio.timeout(PATIENCE):
            while await others(engine):  # noqa: ASYNC110  (other processes set no event of ours)
                await asyncio.sleep(0.1)
    except TimeoutError:
        structlog.get_logger().warning("database_stops", reason="other commands still use it")
    finally:
        await engine.dispose()


async def _run(work: Callable[[Session], Awaitable[T]], settings: Settings, dsn: str) -> T:
    from db.engine import make_engine
    from db.session import explained

    engine = make_engine(dsn, settings, pool=4)
    try:
        with explained():
            return await work(Session(settings, SystemClock(), engine, embedded=settings.database_dsn() is None))
    finally:
        await engine.dispose()


def quiet() -> Settings:
    """The settings, with logs from WARNING up: a verb's output is its report."""
    from ingest import logs

    settings = load()
    logs.setup(settings.log_format, level=logging.WARNING)
    return settings
