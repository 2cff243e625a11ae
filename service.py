"""One process of the service: the pieces, wired.

    run     embedded Postgres (when no URL is given) -> upgrade -> default feeds -> scheduler + worker + health pages
    worker  the same without a dispatcher, for another machine with the same KLIPING_DATABASE_URL

A first SIGTERM or SIGINT stops it in order: no new work, visits end, leases are given back. A second one ends it at
once; then leases run out, or the next start on this machine frees them.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog

from console import app as pages
from console import websub as receiver
from db import ahead, hosts, migrate, reports
from db.embedded import EmbeddedPostgres
from db.engine import make_engine
from ingest import holder, jobs, opml, websub
from ingest.shell import Shell, open_shell
from kliping import __version__
from kliping.clock import Clock, SystemClock
from kliping.errors import ConfigError, KlipingError
from kliping.settings import Settings
from scheduler import make_scheduler

log = structlog.get_logger()

POOL = 12  # connections of one process, procrastinate's own four not counted


def run(settings: Settings) -> int:
    """Scheduler and worker in one process, on the embedded Postgres unless a URL is given. Blocks until stopped."""
    pages.check_host(settings.http_host)
    dsn = settings.database_dsn()
    if dsn is not None:
        return _run(settings, dsn)
    server = EmbeddedPostgres(settings)
    try:
        return _run(settings, server.start(waiting=lambda why: log.warning("waiting", reason=why)), server.revive)
    finally:
        server.stop()


def worker(settings: Settings) -> int:
    """A worker alone. Raises ConfigError when there is no database to share."""
    pages.check_host(settings.http_host)
    dsn = settings.database_dsn()
    if dsn is None:
        raise ConfigError("kliping worker needs KLIPING_DATABASE_URL: the database of the service it helps")
    asyncio.run(serve(settings, dsn, dispatching=False))
    return 0


def _run(settings: Settings, dsn: str, tend: Callable[[], bool] | None = None) -> int:
    for line in migrate.upgrade(dsn).splitlines():
        log.warning("administrator_must_run", sql=line)
    asyncio.run(serve(settings, dsn, tend=tend))
    return 0


async def serve(
    settings: Settings,
    dsn: str,
    *,
    dispatching: bool = True,
    stop: asyncio.Event | None = None,
    clock: Clock | None = None,
    started: Callable[[Shell], None] | None = None,
    tend: Callable[[], bool] | None = None,
) -> None:
    """Serve until `stop` is set or a signal comes.

    `started` is called with the shell when all pieces run; `tend` looks after an embedded Postgres.
    """
    clock = clock or SystemClock()
    stop = stop or _stop_on_signals()
    engine = make_engine(dsn, settings, pool=POOL)
    try:
        async with open_shell(settings, engine, clock) as shell:
            if dispatching and settings.default_feeds and (count := await opml.seed(engine, clock)):
                log.info("default_feeds", added=count)
            async with _running(shell, dsn, dispatching, tend) as work:
                log.info("started", version=__version__, dispatching=dispatching, holder=shell.holder)
                if started:
                    started(shell)
                ended = await _until(stop, work)
                log.info("stopping", leases=len(shell.leases))
                shell.stopping.set()
        log.info("stopped")
        if ended:
            raise KlipingError("the worker ended by itself; the log says why")
    finally:
        await engine.dispose()


@asynccontextmanager
async def _running(
    shell: Shell, dsn: str, dispatching: bool, tend: Callable[[], bool] | None
) -> AsyncIterator[asyncio.Task[None]]:
    """Free what dead processes held, then run worker, scheduler and pages; on the way out in the opposite order."""
    await _free_the_dead(shell)
    await _correct_times(shell)
    app = jobs.make_app(shell, dsn)
    listener = pages.bind(shell.settings.http_host, shell.settings.http_port)
    async with app.open_async():
        web = asyncio.create_task(pages.serve(pages.make_app(_sources(shell), shell.metrics, _hubs(shell)), listener))
        work = asyncio.create_task(jobs.work(shell, app))
        scheduler = make_scheduler(shell, app, dispatching, tend)
        scheduler.start()
        try:
            yield work
        finally:
            await _stop(shell, app, work)
            scheduler.shutdown(wait=False)
            web.cancel()
            await asyncio.gather(web, return_exceptions=True)


async def _stop(shell: Shell, app: jobs.App, work: asyncio.Task[None]) -> None:
    """Let running visits end, then give back every lease that bears our name, begun or not."""
    shell.stopping.set()
    work.cancel()
    ended = await asyncio.gather(work, return_exceptions=True)
    if ended and isinstance(ended[0], Exception):
        log.error("worker_failed", reason=str(ended[0]))
    await shell.free([shell.holder])


async def _free_the_dead(shell: Shell) -> None:
    async with shell.engine.connect() as conn:
        dead = holder.dead(await hosts.holders(conn))
    if dead:
        log.info("leases_freed", hosts=await shell.free(dead), holders=len(dead))


async def _correct_times(shell: Shell) -> None:
    """Times that were written while the machine's clock was far ahead."""
    lease = timedelta(seconds=shell.settings.host_lease)
    if count := await ahead.correct(shell.engine, shell.clock.now(), lease):
        log.warning("times_corrected", rows=count, reason="they lay too far ahead")


async def _until(stop: asyncio.Event, work: asyncio.Task[None]) -> bool:
    """Wait for the stop; True when the worker ended by itself, which is a failure."""
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({stopping, work}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    return not stop.is_set()


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()

    def heed() -> None:
        if stop.is_set():
            os._exit(1)  # asked twice: leases run out, commits are whole, Postgres follows by its death signal
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows: KeyboardInterrupt ends the loop
            loop.add_signal_handler(number, heed)
    return stop


def _hubs(shell: Shell) -> list[receiver.Route]:
    """The page for WebSub hubs, when they are wanted."""
    if shell.settings.websub_url is None:
        return []

    async def verify(token: str, query: Mapping[str, str]) -> receiver.Reply:
        return await websub.verify(shell, token, query)

    async def deliver(token: str, headers: Mapping[str, str], body: bytes) -> receiver.Reply:
        return await websub.deliver(shell, token, headers, body)

    most = shell.settings.feed_wire_bytes
    return [receiver.route(receiver.Receiver(websub.PATH, most, verify, deliver))]


def _sources(shell: Shell) -> pages.Sources:
    async def probe() -> None:
        async with shell.engine.connect() as conn:
            await reports.probe(conn)

    async def gauges() -> reports.Gauges:
        async with shell.engine.connect() as conn:
            return await reports.gauges(conn, shell.clock.now())

    def ticked() -> float | None:
        return None if shell.ticked_at is None else shell.clock.monotonic() - shell.ticked_at

    return pages.Sources(probe, gauges, ticked)
