"""APScheduler wiring only: it is the clock of a process. No rules here: when something is due is a column.

dispatch   every tick          lease due hosts, hand them to workers      (a scheduler)
sweep      every minute        remove the jobs of dead workers            (a scheduler)
review     every ten minutes   raise and close alerts                     (a scheduler)
websub     every minute        ask hubs to push, when that is wanted      (a scheduler)
renew      a third of a lease  keep the leases in hand                    (every worker)
tend       every tick          start an embedded Postgres that died again (its owner)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from db.faults import classify, one_line
from ingest import jobs, websub
from ingest.review import EVERY, review
from ingest.shell import Shell

log = structlog.get_logger()

Job = Callable[[], Awaitable[object]]


def make_scheduler(
    shell: Shell, app: jobs.App, dispatching: bool, tend: Callable[[], bool] | None = None
) -> AsyncIOScheduler:
    """A scheduler that is not started yet; without `dispatching` it only renews, as a worker needs.

    `tend` looks after the embedded Postgres and says whether it had to be started again.
    """
    scheduler = AsyncIOScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    _every(scheduler, shell, shell.settings.host_lease / 3, "renew", shell.renew)
    if dispatching:
        _every(scheduler, shell, shell.settings.tick, "dispatch", lambda: _dispatch(shell, app), at_once=True)
        _every(scheduler, shell, 60.0, "sweep", lambda: jobs.sweep(shell))
        _every(scheduler, shell, EVERY, "review", lambda: review(shell))
        if shell.settings.websub_url is not None:
            _every(scheduler, shell, websub.EVERY, "websub", lambda: websub.renew(shell))
    if tend:
        _every(scheduler, shell, shell.settings.tick, "tend", lambda: _tend(tend))
    return scheduler


async def _tend(tend: Callable[[], bool]) -> None:
    if tend():
        log.warning("postgres_revived")


def _every(
    scheduler: AsyncIOScheduler, shell: Shell, seconds: float, name: str, job: Job, at_once: bool = False
) -> None:
    first = {"next_run_time": shell.clock.now()} if at_once else {}
    scheduler.add_job(_guarded, "interval", seconds=seconds, id=name, args=[shell, name, job], **first)


async def _dispatch(shell: Shell, app: jobs.App) -> None:
    if not shell.stopping.is_set() and not shell.paused():
        await jobs.dispatch(shell, app)
        shell.ticked_at = shell.clock.monotonic()


async def _guarded(shell: Shell, name: str, job: Job) -> None:
    """A tick that fails is one line; the next tick tries again."""
    try:
        await job()
    except Exception as error:
        if classify(error) is None:
            log.exception("tick_failed", job=name)
        elif not shell.heed(error):
            log.error("tick_failed", job=name, reason=one_line(error))
