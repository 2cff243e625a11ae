"""Walk a feed's history on an operator's word, under one lease.

    lease the host -> begin or resume -> page after page (see `ingest.walk`) -> the lease given back

Live polls of that host wait, and its budget is shared. A walk that is stopped or killed goes on at its cursor when the
same command is given again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from db import backfills, polls
from db.backfills import Backfill
from ingest import walk as history
from ingest.shell import Shell
from ingest.visit import Visit, lease_of
from kliping.errors import NotFound
from kliping.feeds import Feed

Report = Callable[[Backfill], None]


async def backfill(
    shell: Shell,
    feed_id: int,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    max_pages: int = 150,
    report: Report = lambda _: None,
) -> Backfill:
    """Walk back to `since`, from `until`, over at most `max_pages` pages of the feed; returns where the walk ended.

    `report` is called after every page. Raises NotFound, InputError for a feed that has no paging we know, LeaseHeld.
    """
    async with shell.engine.connect() as conn:
        feed = await polls.feed(conn, feed_id)
    if feed is None:
        raise NotFound(f"no feed {feed_id}")
    lease = await lease_of(shell, feed.host)
    visit = Visit(shell, lease)
    try:
        await visit.prepare()
        async with shell.engine.begin() as conn:
            walk = await backfills.begin(conn, feed.id, since, until, max_pages, shell.clock.now())
        return await _walk(visit, feed, walk, report)
    finally:
        await shell.release(lease, visit.not_before)


async def _walk(visit: Visit, feed: Feed, walk: Backfill, report: Report) -> Backfill:
    shell = visit.shell
    try:
        while True:
            visit.extend()
            walk, ended = await history.step(visit, feed, walk)
            report(walk)
            if ended:
                return await _end(shell, walk, *ended)
            if visit.over():
                return await _end(shell, walk, "stopped", _why_over(visit))
    except BaseException:
        await _end(shell, walk, "stopped", "interrupted")
        raise


async def _end(shell: Shell, walk: Backfill, state: str, reason: str | None) -> Backfill:
    async with shell.engine.begin() as conn:
        return await backfills.end(conn, walk.id, state, reason, shell.clock.now())


def _why_over(visit: Visit) -> str:
    if visit.not_before is not None:
        return f"the host asks for patience until {visit.not_before.isoformat(timespec='seconds')}"
    return "the service stops" if visit.shell.stopping.is_set() else "the lease is lost"
