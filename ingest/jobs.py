"""The distributed engine: procrastinate, in its own schema `queue`. Tasks are thin and have explicit names.

    dispatch: one transaction leases due hosts and defers visit jobs, a chunk of hosts each, on the same connection

There is no queueing lock on visits (a conflict would abort the transaction and the leases with it): the lease number is
the guard. The queue is disposable: a job that is lost is a lease that runs out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import procrastinate
import structlog
from procrastinate.types import JSONDict

from db import hosts, queue
from db.engine import bounded, conninfo
from ingest.shell import Shell
from ingest.visit import visit_all
from kliping.feeds import Lease

App = procrastinate.App  # others name the type without knowing the library

log = structlog.get_logger()

QUEUE = "visits"
VISIT = "kliping.visit"
PARTS = 8  # a tick's hosts are split in about so many chunks
CHUNK = 50  # hosts in one chunk at most


def make_app(shell: Shell, dsn: str) -> procrastinate.App:
    """The procrastinate app whose tasks work in `shell`."""
    connector = procrastinate.PsycopgConnector(
        conninfo=conninfo(dsn, shell.settings, "queue,public"), max_size=4, connection_class=bounded(shell.settings)
    )
    app = procrastinate.App(connector=connector)

    @app.task(name=VISIT, queue=QUEUE)
    async def visit(leases: str) -> None:
        await visit_all(shell, read(leases, shell.clock.now()))

    return app


async def work(shell: Shell, app: procrastinate.App) -> None:
    """Run visit jobs until cancelled, then let those that run end, for as long as a graceful stop may take."""
    await app.run_worker_async(
        queues=[QUEUE],
        name=shell.holder,
        concurrency=shell.settings.chunks,
        delete_jobs="always",
        install_signal_handlers=False,
        shutdown_graceful_timeout=shell.settings.graceful_stop,
        fetch_job_polling_interval=shell.settings.tick,
    )


def chunks(leases: Sequence[Lease]) -> list[list[Lease]]:
    """Split a tick's leases: due/8 hosts each, 1 to 50."""
    size = max(1, min(CHUNK, -(-len(leases) // PARTS)))
    return [list(leases[start : start + size]) for start in range(0, len(leases), size)]


def written(leases: Sequence[Lease]) -> str:
    """Leases as a job carries them: `host number host number`.

    One string without quotes, since the queue's library escapes each quote and copies each list: a third of a dispatch.
    """
    return " ".join(f"{lease.host} {lease.number}" for lease in leases)


def read(leases: str, until: datetime) -> list[Lease]:
    """The leases of a job; when they end is not in it."""
    words = leases.split(" ")
    return [Lease(host, int(number), until) for host, number in zip(words[::2], words[1::2], strict=True)]


async def dispatch(shell: Shell, app: procrastinate.App) -> int:
    """Lease what is due and hand it out; returns the number of hosts. Waits while the queue is long enough."""
    enough = 2 * shell.settings.chunks
    async with shell.engine.begin() as conn:
        if await queue.waiting(conn, enough) >= enough:
            log.warning("queue_full", jobs=enough)
            return 0
        limit = shell.settings.dispatch_hosts
        leases = await hosts.lease_due(conn, shell.clock.now(), shell.lease_end(), shell.holder, limit)
        if leases:
            raw = (await conn.get_raw_connection()).driver_connection
            defer = app.configure_task(VISIT, queue=QUEUE, connection=raw)
            jobs: list[JSONDict] = [{"leases": written(chunk)} for chunk in chunks(leases)]
            await defer.batch_defer_async(*jobs)
    return len(leases)


async def sweep(shell: Shell) -> int:
    """Remove the jobs of dead workers."""
    async with shell.engine.begin() as conn:
        return await queue.sweep(conn)
